"""A timing is a benchmark, never a test: no property fails because the machine is busy."""

from hypothesis import settings

settings.register_profile("wetread", deadline=None)
settings.load_profile("wetread")
