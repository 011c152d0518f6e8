"""Findings and site policy to a priority with its reason."""
