"""A timing is a benchmark, never a test: no property fails because the machine is busy."""

import gc

from hypothesis import HealthCheck, settings

settings.register_profile("wetread", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("wetread")


def pytest_collection_finish() -> None:
    """What was collected stays to the end: no search for garbage walks through thirteen thousand tests again (statsmodels alone asks for one at every call)."""
    gc.collect()
    gc.freeze()
