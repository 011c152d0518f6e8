"""Processes of one service: children that end with their parent, restarts, and log lines that carry no patient data."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from queue import SimpleQueue

from wetread.cli.log_lines import JsonLines, TextLines
from wetread.keys.kept import handed_on
from wetread.monitoring.part_watch import DyingPart
from wetread.settings import Settings

__all__ = ["Supervisor", "configure_logging", "leave_with_parent", "stopped_by_signal"]

_PR_SET_PDEATHSIG = 1
_LOG = logging.getLogger(__name__)
_OFTEN, _LATELY_S = 3, 600.0
"""A child that died so often within so long is a matter for a person."""


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
    """Set by SIGTERM or Ctrl-C; call it in the main thread. Not by the handler itself: a parent that is killed sends one signal for each of its threads, and a second handler would wait for ever for the event's lock, which the first one, below it on the same thread, holds."""
    stopped, came = threading.Event(), SimpleQueue[int]()

    def tell() -> None:
        came.get()
        stopped.set()

    threading.Thread(target=tell, daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _: came.put(got))  # the one way between threads that a handler may use
    return stopped


class Supervisor:
    """Keeps child processes running: a child that dies is started again, later each time it dies young."""

    def __init__(self) -> None:
        self._children: list[tuple[list[str], subprocess.Popen[bytes]]] = []
        self._deaths: defaultdict[int, list[float]] = defaultdict(list)
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

    def dying(self) -> list[DyingPart]:
        """The children that died so often lately that somebody must look."""
        since_s = time.monotonic() - _LATELY_S
        worst = {_name(self._children[at][0]): at_s for at, at_s in list(self._deaths.items()) if len(at_s) >= _OFTEN}
        return [
            DyingPart(name, len(at_s), round(_LATELY_S / 60)) for name, at_s in worst.items() if at_s[-_OFTEN] > since_s
        ]

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
                self._bring_back(at)

    def _bring_back(self, at: int) -> None:
        command, child = self._children[at]
        _LOG.error("child_died command=%s status=%s", _name(command), child.returncode)
        now_s = time.monotonic()
        self._deaths[at] = [*(each for each in self._deaths[at] if each > now_s - _LATELY_S), now_s]
        try:
            self._children[at] = (command, self._spawn(command))
        except OSError as error:  # no room for one more process or open file: whoever starts them must outlive that
            _LOG.error("child_not_started command=%s error=%s", _name(command), type(error).__name__)


def _name(command: Sequence[str]) -> str:
    """What stands after `wetread`, without its options."""
    return " ".join(each for each in command[4:] if not each.startswith("--"))
