"""A disk that is soon full: a tmpfs that only root can mount."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["a_small_disk", "mounted"]


def a_small_disk(at: Path, mebibytes: int) -> Iterator[Path]:
    """The body of a fixture: skips where we are not root."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    at.mkdir()
    with mounted(at, mebibytes):
        yield at


@contextmanager
def mounted(at: Path, mebibytes: int) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(at)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)
