"""Priors and pieces of the record for a study: retrieved with provenance, de-identified before any model sees them."""
