"""Composers that ask a language model: each may only rephrase and order what it was given."""
