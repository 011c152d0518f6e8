"""The decoding child: answers one request at a time over a socket it inherited, with everything it does not need taken away (security.md §0.1, §0.2).

A request carries an open file and, for pixels, a memory file to write into; the child can open nothing for writing, reach no network and start no program.
It imports only the standard library until the first decode. A process that runs this must have nothing to lose.
"""

import json
import os
import resource
import socket
import sys
from array import array
from typing import TYPE_CHECKING, Any

from wetread.dicom import seccomp
from wetread.dicom.byte_source import FileSource
from wetread.dicom.header import HEADER_TAGS, header_of
from wetread.dicom.header_json import header_to_json
from wetread.dicom.limits import Limits
from wetread.dicom.part10 import read_part10
from wetread.domain.errors import HostileInput, PermanentError

if TYPE_CHECKING:
    from wetread.dicom.frame import Frame

__all__ = ["Child", "main"]

_LONGEST_MESSAGE = 128 * 1024
_ALIGNMENT = 64


def main(arguments: list[str]) -> None:
    """`arguments`: the socket's descriptor, the parent's process id, the limits as JSON. Returns when the parent hangs up."""
    limits = Limits.from_json(arguments[2])
    connection = socket.socket(fileno=int(arguments[0]))
    _preload()
    protections = _protect(int(arguments[1]), limits)
    connection.sendmsg([json.dumps({"protections": protections}).encode()])
    child = Child(limits)
    while True:
        message, descriptors = _receive(connection)
        if not message:
            return
        try:
            answer, healthy = child.answer(message, descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        connection.sendmsg([json.dumps(answer).encode()])
        if not healthy:
            return


def _preload() -> None:
    """Text codecs load lazily; load them while files may still be opened freely."""
    from wetread.dicom.charset import codecs_of, decode_text

    for term in ("GB18030", *(f"ISO_IR {number}" for number in range(1, 204))):
        decode_text(b"a", codecs_of((term,)))


def _protect(parent: int, limits: Limits) -> list[str]:
    """Take away what can be taken away; the names of what worked."""
    done = []
    for name, kind, value in (
        ("rlimit_as", resource.RLIMIT_AS, limits.address_space_bytes),
        ("rlimit_core", resource.RLIMIT_CORE, 0),
        ("rlimit_nofile", resource.RLIMIT_NOFILE, limits.open_files),
        ("rlimit_fsize", resource.RLIMIT_FSIZE, limits.pixels * 2 + (1 << 20)),
    ):
        resource.setrlimit(kind, (value, value))
        done.append(name)
    done.append("rlimit_cpu")  # set anew for each request
    if seccomp.die_with_parent():
        done.append("pdeathsig")
    if os.getppid() != parent:
        sys.exit(1)
    if seccomp.forbid_new_privileges():
        done.append("no_new_privs")
        if seccomp.install_filter(may_open=True):
            done.append("seccomp")
    return done


def _receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    message, ancillary, _, _ = connection.recvmsg(_LONGEST_MESSAGE, socket.CMSG_SPACE(8), socket.MSG_CMSG_CLOEXEC)
    descriptors = array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    return message, descriptors.tolist()


class Child:
    """Answers requests. `answer` never raises."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._may_open = True

    def answer(self, message: bytes, descriptors: list[int]) -> tuple[dict[str, Any], bool]:
        """The answer, and whether this process is fit for another request. pyo3 panics and the like are no `Exception`, hence BaseException."""
        try:
            return {"ok": self._answer(json.loads(message), descriptors)}, True
        except PermanentError as error:
            kind = "hostile" if isinstance(error, HostileInput) else "unsuitable"
            return {"error": kind, "code": error.code, "message": str(error)}, True
        except MemoryError:
            message_text = "Decoding the image needs more memory than it may use; read the film without AI."
            return {"error": "unsuitable", "code": "image_too_large", "message": message_text, "retire": True}, False
        except BaseException as error:  # noqa: BLE001
            return {"crash": type(error).__name__}, False

    def _answer(self, request: dict[str, Any], descriptors: list[int]) -> Any:
        operation = request["operation"]
        self._limit_cpu(self._limits.inspect_cpu_s if operation == "inspect" else self._limits.decode_cpu_s)
        if operation == "inspect":
            source = FileSource(descriptors[0])
            return header_to_json(header_of(read_part10(source, HEADER_TAGS, frozenset(), self._limits)))
        frame = self._frame(descriptors[0])
        if operation == "decode":
            return _write_frame(frame, descriptors[1])
        from wetread.dicom.render import png_of

        return {"bytes": _write(descriptors[1], 0, png_of(frame, max_side_px=request["max_side_px"]))}

    def _frame(self, descriptor: int) -> "Frame":
        from wetread.dicom import codecs, render  # noqa: F401 - native libraries load here, then no file can be opened
        from wetread.dicom.frame import FRAME_ITEMS, FRAME_TAGS, read_frame

        if self._may_open:
            self._may_open = False
            seccomp.install_filter(may_open=False)
        file = read_part10(FileSource(descriptor), FRAME_TAGS, FRAME_ITEMS, self._limits)
        return read_frame(file, self._limits)

    def _limit_cpu(self, seconds: int) -> None:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + 1 + seconds, hard))


def _write_frame(frame: "Frame", descriptor: int) -> dict[str, Any]:
    stored_bytes = _write(descriptor, 0, frame.stored.data.cast("B"))
    display_offset = -(-stored_bytes // _ALIGNMENT) * _ALIGNMENT
    _write(descriptor, display_offset, frame.display.data.cast("B"))
    return {
        "rows": frame.stored.shape[0],
        "columns": frame.stored.shape[1],
        "bytes_per_pixel": frame.stored.dtype.itemsize,
        "display_offset": display_offset,
        "display_entries": len(frame.display),
        "row_spacing": frame.row_spacing,
        "column_spacing": frame.column_spacing,
    }


def _write(descriptor: int, offset: int, data: bytes | memoryview) -> int:
    view, done = memoryview(data), 0
    while done < len(view):
        done += os.pwrite(descriptor, view[done:], offset + done)
    return done
