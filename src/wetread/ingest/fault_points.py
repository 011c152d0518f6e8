"""Named places where a test may kill this process: `WETREAD_FAULT=point:n` ends it by SIGKILL the n-th time the point is reached. Unset, nothing happens."""

import os
import signal
from itertools import count

__all__ = ["reach"]

_point, _, _nth = os.environ.get("WETREAD_FAULT", "").partition(":")
_times = count(1)


def reach(point: str) -> None:
    """Die here when the environment asks for it."""
    if point == _point and next(_times) == int(_nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)
