"""System calls of a running process that fail, by strace."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["failing"]


@contextmanager
def failing(pid: int, calls: str, error: str, nth: int = 1) -> Iterator[None]:
    """The process's `calls` ("fsync,fdatasync") fail with `error` ("EIO") from the nth on; as they were at the end."""
    inject = f"inject={calls}:error={error}:when={nth}+"
    command = ["strace", "-f", "-q", "-o", os.devnull, "-p", str(pid), "-e", f"trace={calls}", "-e", inject]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as tracer:
        try:
            while not _is_traced(pid):
                assert tracer.poll() is None, "strace does not attach"
                time.sleep(0.01)
            yield
        finally:
            tracer.terminate()
            try:
                tracer.wait(10)
            except subprocess.TimeoutExpired:  # it may wait for ever for threads of a process that has ended
                tracer.kill()


def _is_traced(pid: int) -> bool:
    """Every thread of it."""
    states = [each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/status")]
    return bool(states) and all("TracerPid:\t0\n" not in each for each in states)
