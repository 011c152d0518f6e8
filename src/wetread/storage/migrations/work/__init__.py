"""Migrations of the working database."""
