"""Nouns and laws: what a study, a finding, a report and a signature are, and what may follow what."""
