"""Wait for what a real process will do, with a word for what was waited for in vain."""

import time
from collections.abc import Callable


def wait_for(what: Callable[[], bool], told: str, patience_s: float = 180) -> None:
    deadline = time.monotonic() + patience_s
    while not what():
        assert time.monotonic() < deadline, f"waited in vain for: {told}"
        time.sleep(0.1)
