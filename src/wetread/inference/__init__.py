"""Pixels to findings: normalise, predict, calibrate, localise, say when it does not know."""
