"""Processes of one service: children that end with their parent, restarts, and log lines that carry no patient data."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from wetread.cli.log_lines import JsonLines, TextLines
from wetread.keys.kept import handed_on
from wetread.settings import Settings

__all__ = ["Supervisor", "configure_logging", "leave_with_parent", "stopped_by_signal"]

_PR_SET_PDEATHSIG = 1
_LOG = logging.getLogger(__name__)


def configure_logging(settings: Settings) -> None:
    """One line per event to standard error; foreign libraries only speak when something is wrong."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if settings.log_format == "json" else TextLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("wetread").setLevel(settings.log_level.upper())
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    logging.getLogger("urllib3").setLevel(logging.ERROR)


def leave_with_parent() -> None:
    """Ask the kernel to end this process when the one that started it dies, however it dies (Linux prctl(2))."""
    expected = os.environ.get("WETREAD_PARENT_PID")
    if expected is None or sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(expected):
        sys.exit(0)


def stopped_by_signal() -> threading.Event:
    """Set by SIGTERM or Ctrl-C."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


class Supervisor:
    """Keeps child processes running: a child that dies is started again, later each time it dies young."""

    def __init__(self) -> None:
        self._children: list[tuple[list[str], subprocess.Popen[bytes]]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self, argv: Sequence[str]) -> None:
        """Start `wetread` with `argv` as a child."""
        command = [sys.executable, "-P", "-m", "wetread", *argv]
        self._children.append((command, self._spawn(command)))
        if not self._thread.is_alive():
            self._thread.start()

    def stop(self, grace_s: float = 30.0) -> None:
        """SIGTERM to all, wait, then SIGKILL to those that did not go."""
        self._stop.set()
        for _, child in self._children:
            child.terminate()
        deadline = time.monotonic() + grace_s
        for _, child in self._children:
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        with handed_on() as (keys, descriptors):
            own = {**os.environ, "WETREAD_PARENT_PID": str(os.getpid()), **keys}
            return subprocess.Popen(command, env=own, pass_fds=descriptors)

    def _watch(self) -> None:
        pause_s = 0.5
        while not self._stop.wait(pause_s):
            died = [at for at, (_, child) in enumerate(self._children) if child.poll() is not None]
            pause_s = min(pause_s * 2, 30.0) if died else 0.5
            for at in died:
                command, child = self._children[at]
                _LOG.error("child_died command=%s status=%s", command[4], child.returncode)
                self._children[at] = (command, self._spawn(command))
