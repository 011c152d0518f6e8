"""A process that is told to end ends, at whatever moment it is told, and however often: a killed parent tells it once for each of its threads."""

import subprocess
import sys

import pytest

_WHILE_THE_LOCK_IS_HELD = """
with stop._cond:
    os.kill(os.getpid(), signal.SIGTERM)
"""
_AGAIN_AND_AGAIN = """
for _ in range(200):
    os.kill(os.getpid(), signal.SIGTERM)
"""


@pytest.mark.parametrize("told", [_WHILE_THE_LOCK_IS_HELD, _AGAIN_AND_AGAIN])
def test_it_ends(told: str) -> None:
    script = f"import os, signal\nfrom wetread.cli.processes import stopped_by_signal\nstop = stopped_by_signal(){told}stop.wait()\nprint('stopped')"
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "stopped\n"
