"""Shipped twins of every port, builders, and the phantom generator."""
