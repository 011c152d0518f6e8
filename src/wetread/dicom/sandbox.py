"""Decides nothing about images: hands each file to a child process that may be killed at any time, and believes nothing it answers (security.md §0.1).

Implements `wetread.ports.decoder.Decoder`. Children are long-lived, started on first use, and replaced when they die, hang, lie or grow old. The file goes to
the child as an open descriptor, pixels come back in a memory file that the child can no longer shrink, so neither paths nor copies cross the wall.
"""

import errno
import json
import os
import queue
import signal
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from wetread.dicom.film_answer import film_from_json
from wetread.dicom.header_json import header_from_json
from wetread.dicom.limits import Limits
from wetread.dicom.sandbox_answers import error_of, image_of, picture_of
from wetread.domain.errors import HostileInput, PermanentError, TransientError, UnsuitableImage
from wetread.domain.study import InstanceHeader
from wetread.ports.film_pixels import FilmPixels

if TYPE_CHECKING:
    from wetread.ports.decoder import DecodedImage

__all__ = ["Sandbox"]

_T = TypeVar("_T")
_LONGEST_MESSAGE = 128 * 1024
_START = "import sys; sys.path.append(sys.argv[1]); from wetread.dicom.sandbox_child import main; main(sys.argv[2:])"
_PASSING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO})
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}


class _Lost(Exception):
    """The child died, hung or answered nonsense."""


class Sandbox:
    """A pool of `children` decoding processes. Thread-safe; `close` it, or use it as a context manager."""

    def __init__(self, *, children: int = 2, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._slots: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(children):
            self._slots.put(None)
        self._count = children
        # A child dies with the thread that started it (PR_SET_PDEATHSIG), so one thread that lives as long as we do starts them all.
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox")
        self._protections: tuple[str, ...] | None = None
        self._closed = False

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the children; waits for requests under way."""
        if self._closed:
            return
        self._closed = True
        for child in [self._slots.get() for _ in range(self._count)]:
            if child is not None:
                child.stop()
            self._slots.put(None)  # whoever still waits is told so by `_start`
        self._starter.shutdown()

    def protections(self) -> tuple[str, ...]:
        """Names of what the kernel lets us take away from a child; starts one to find out."""
        if self._protections is None:
            child = self._slots.get()
            try:
                child = child or self._start()
            finally:
                self._slots.put(child)
        return self._protections or ()

    def inspect(self, path: Path) -> InstanceHeader:
        """Parse and validate a Part 10 file within limits; raises HostileInput with a stable code."""
        return self.ask(path, {"operation": "inspect"}, lambda answer, _: header_from_json(answer))

    def decode(self, path: Path, *, needed_side_px: int = 0) -> "DecodedImage":
        """The first frame of the file, in memory that belongs to the caller; raises UnsuitableImage with a stable code."""
        return self.ask(path, {"operation": "decode", "needed_side_px": needed_side_px}, image_of)

    def render_png(self, path: Path, *, max_side_px: int) -> bytes:
        """8-bit greyscale PNG of the first frame through its display table, long side at most `max_side_px`."""
        return self.ask(path, {"operation": "render", "needed_side_px": max_side_px}, picture_of)

    def film_pixels(self, path: Path) -> FilmPixels:
        """The first frame with every stored value, for people who window it themselves; raises UnsuitableImage with a stable code."""
        return self.ask(path, {"operation": "film", "needed_side_px": 0}, film_from_json)

    def ask(self, path: Path, request: dict[str, Any], read: Callable[[Any, int], _T]) -> _T:
        """What `read` makes of a child's answer and the memory file; it raises ValueError for nonsense. One retry on a fresh child, for the file may be innocent; none where it used its CPU seconds up: it would again."""
        child = self._slots.get()
        try:
            with _opened(path) as file:
                for _ in range(2):
                    child = child or self._start()
                    try:
                        return self._ask_child(child, file, request, read)
                    except _Lost:
                        exhausted = child.stop() == -signal.SIGXCPU
                        child = None
                        if exhausted:
                            break
                    finally:
                        if child is not None and child.retired:
                            child.stop()
                            child = None
        finally:
            self._slots.put(child)
        kind = HostileInput if request["operation"] == "inspect" else UnsuitableImage
        raise kind("Reading the file ended the decoder; look at it on an isolated machine.", code="decoder_killed")

    def _ask_child(self, child: "_Child", file: int, request: dict[str, Any], read: Callable[[Any, int], _T]) -> _T:
        limits = self._limits
        wall_s = limits.inspect_wall_s if request["operation"] == "inspect" else limits.decode_wall_s
        memory = _memory_file()
        try:
            answer = child.ask(request, [file, memory], wall_s)
            if "error" in answer:
                raise error_of(answer)
            return read(answer["ok"], memory)
        except (KeyError, TypeError, ValueError, OSError, struct.error) as error:
            raise _Lost from error
        finally:
            os.close(memory)

    def _start(self) -> "_Child":
        if self._closed:
            raise TransientError("The decoder is shutting down; try again.", code="decoder_unavailable")
        try:
            child = self._starter.submit(_Child, self._limits).result()
        except (_Lost, OSError, RuntimeError) as error:
            raise _busy() from error
        self._protections = child.protections
        return child


class _Child:
    """One process and the socket to it."""

    def __init__(self, limits: Limits) -> None:
        self.requests = 0
        self.retired = False
        self._most_requests = limits.requests_per_child
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        package_root = str(Path(__file__).resolve().parents[2])
        arguments = [package_root, str(theirs.fileno()), str(os.getpid()), limits.to_json()]
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-P", "-c", _START, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env=_ENVIRONMENT,
                cwd="/",
            )
        try:
            self.protections = tuple(str(name) for name in self._receive(limits.start_wall_s)["protections"])
        except (_Lost, KeyError, TypeError) as error:
            self.stop()
            raise _Lost from error

    def ask(self, request: dict[str, Any], descriptors: list[int], wall_s: float) -> dict[str, Any]:
        """Raises _Lost when there is no sensible answer to this very request within `wall_s`."""
        self.requests += 1
        self.retired = (
            True  # until it has answered: a request given up half-way must not leave its answer for the next one
        )
        try:
            socket.send_fds(self._connection, [json.dumps(request | {"number": self.requests}).encode()], descriptors)
        except OSError as error:
            raise _Lost from error
        answer = self._receive(wall_s)
        if answer.get("number") != self.requests:
            raise _Lost
        self.retired = bool(answer.get("retire")) or self.requests >= self._most_requests
        return answer

    def _receive(self, wall_s: float) -> dict[str, Any]:
        self._connection.settimeout(wall_s)
        try:
            answer = json.loads(self._connection.recv(_LONGEST_MESSAGE))
        except (OSError, ValueError, RecursionError) as error:
            raise _Lost from error
        if not isinstance(answer, dict) or "crash" in answer:
            raise _Lost
        return answer

    def stop(self) -> int:
        """Kill and reap; how it ended, as `Popen.returncode`."""
        self._connection.close()
        self._process.kill()
        return self._process.wait()


def _busy() -> TransientError:
    message = "No decoding process or memory for one; check memory, process and open file limits."
    return TransientError(message, code="decoder_unavailable")


def _memory_file() -> int:
    try:
        return os.memfd_create("frame", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError as error:
        raise _busy() from error


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A descriptor of a regular file, opened for reading only."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in _PASSING:
            raise _busy() from error
        raise PermanentError("The file to decode is not there or not readable.", code="bytes_missing") from error
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise PermanentError("The path to decode is not a regular file.", code="bytes_missing")
        yield file
    finally:
        os.close(file)
