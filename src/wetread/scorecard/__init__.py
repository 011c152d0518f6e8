"""Predictions and what they turned out to be, as files from anywhere, to one report that can be believed."""
