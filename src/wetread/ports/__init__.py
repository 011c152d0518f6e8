"""Every question we ask the outside world. One twin in `wetread.testing`, one or more adapters, one contract suite for all."""
