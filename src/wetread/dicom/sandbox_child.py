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
from pathlib import Path

from wetread.dicom import landlock, seccomp
from wetread.dicom.limits import Limits
from wetread.dicom.sandbox_requests import answer_request

__all__ = ["main"]

_LONGEST_MESSAGE = 128 * 1024


def main(arguments: list[str]) -> None:
    """`arguments`: the socket's descriptor, the parent's process id, the limits as JSON. Returns when the parent hangs up."""
    limits = Limits.from_json(arguments[2])
    connection = socket.socket(fileno=int(arguments[0]))
    _load_text_codecs()
    protections = _protect(int(arguments[1]), limits)
    connection.sendmsg([json.dumps({"protections": protections}).encode()])
    may_open = True
    while message_and_descriptors := _receive(connection):
        message, descriptors = message_and_descriptors
        request = json.loads(message)
        if may_open and request["operation"] != "inspect":
            _load_codecs()
            may_open = not seccomp.install_filter(may_open=False)
        _limit_cpu(limits.cpu_s(request["operation"], os.fstat(descriptors[0]).st_size))
        answer = answer_request(request, descriptors, limits) | {"number": request["number"]}
        for descriptor in descriptors:  # before the answer: the parent seals the memory file when it comes
            os.close(descriptor)
        connection.sendmsg([json.dumps(answer).encode()])
        if answer.get("retire"):
            return


def _load_text_codecs() -> None:
    """They load lazily; load them while files may still be opened."""
    from wetread.dicom.charset import codecs_of, decode_text

    for term in ("GB18030", *(f"ISO_IR {number}" for number in range(1, 204))):
        decode_text(b"a", codecs_of((term,)))


def _load_codecs() -> None:
    """numpy, the image libraries and the attributes' dictionary."""
    from wetread.dicom import codec_reduced, codecs, film_answer, film_facts, form_requests, render  # noqa: F401
    from wetread.dicom.dictionary import vr_of

    vr_of(0x00100010)


def _limit_cpu(seconds: int) -> None:
    """Counted from now; beyond it the kernel ends the process (SIGXCPU)."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + 1 + seconds, hard))


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
        if landlock.keep_to_libraries(str(Path(__file__).resolve().parents[2])):
            done.append("landlock")
        if seccomp.install_filter(may_open=True):
            done.append("seccomp")
    return done


def _receive(connection: socket.socket) -> tuple[bytes, list[int]] | None:
    """A request and its open files; None when the parent has hung up."""
    message, ancillary, _, _ = connection.recvmsg(_LONGEST_MESSAGE, socket.CMSG_SPACE(8), socket.MSG_CMSG_CLOEXEC)
    descriptors = array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    return (message, descriptors.tolist()) if message else None
