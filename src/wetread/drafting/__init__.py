"""Findings to a draft report whose every sentence names its evidence."""
