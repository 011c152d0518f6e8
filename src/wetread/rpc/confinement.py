"""Decides what the drafting process may still do once it listens: no new socket, no file, no program, no second look at another process (seccomp(2)).

A socket that listens can be shut down and then connects by its first datum (tcp(7), MSG_FASTOPEN), so that flag is refused too. The decoder's filter (`dicom.seccomp`) allows a short list; this one forbids one, because gRPC's threads use more of the kernel than we could list and keep
true. All doors are made before the filter closes: accepted connections arrive on the socket that listens already.
"""

import ctypes
import errno
import os
import platform
import pwd
import resource
from struct import pack

from wetread.domain.errors import PermanentError

__all__ = ["become", "close_doors", "deny_program", "limit_resources"]

_PR_SET_NO_NEW_PRIVS, _SET_MODE_FILTER, _ALL_THREADS = 38, 1, 1
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_IF_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_X32 = 0x40000000
_FASTOPEN = 0x20000000

_X86_64 = """
    open=2 socket=41 connect=42 bind=49 listen=50 socketpair=53 execve=59 ptrace=101 creat=85 unlink=87 rename=82
    mount=165 keyctl=250 unlinkat=263 renameat=264 openat=257 open_by_handle_at=304 setns=308 process_vm_readv=310
    process_vm_writev=311 renameat2=316 bpf=321 execveat=322 userfaultfd=323 io_uring_setup=425 io_uring_enter=426
    openat2=437 pidfd_open=434 pidfd_getfd=438 unshare=272 perf_event_open=298
"""
_AARCH64 = """
    openat=56 socket=198 socketpair=199 bind=200 listen=201 connect=203 execve=221 ptrace=117 unlinkat=35 renameat=38
    mount=40 keyctl=219 unshare=97 perf_event_open=241 open_by_handle_at=265 setns=268 process_vm_readv=270
    process_vm_writev=271 renameat2=276 bpf=280 execveat=281 userfaultfd=282 io_uring_setup=425 io_uring_enter=426
    openat2=437 pidfd_open=434 pidfd_getfd=438
"""
# which argument holds the flags of sendto, sendmsg and sendmmsg
_X86_64_SENDS, _AARCH64_SENDS = ((44, 3), (46, 2), (307, 3)), ((206, 3), (211, 2), (269, 3))
# audit architecture, forbidden calls, calls with flags, number of seccomp(2)
_MACHINES = {
    "x86_64": (0xC000003E, _X86_64, _X86_64_SENDS, 317),
    "aarch64": (0xC00000B7, _AARCH64, _AARCH64_SENDS, 277),
}


def become(user: str) -> None:
    """Drop from root to `user` for good, with no group but its own; raises PermanentError 'bad_user'. Does nothing when not root."""
    if os.geteuid() != 0:
        return
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise PermanentError("the user to run the drafting service as does not exist", code="bad_user") from None
    if account.pw_uid == 0:
        raise PermanentError("the drafting service does not run as root: name another user", code="bad_user")
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


def limit_resources(address_space_bytes: int = 4 * 1024**3) -> None:
    """No core file, few descriptors, bounded memory."""
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 512),
        (resource.RLIMIT_AS, address_space_bytes),
    ):
        hard = resource.getrlimit(limit)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (value, value))


def close_doors(*, but: tuple[str, ...] = ()) -> None:
    """Close them on every thread, for good; the calls named in `but` stay allowed. Raises PermanentError 'not_confined' where the kernel will not."""
    machine = platform.machine()
    if machine not in _MACHINES:
        raise PermanentError(f"no system call table for {machine}: run with --unconfined", code="not_confined")
    libc = ctypes.CDLL(None, use_errno=True)
    code = deny_program(machine, but)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = _FilterProgram(len(code) // 8, ctypes.addressof(buffer))
    zero = ctypes.c_ulong(0)
    private = libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero) == 0
    call = ctypes.c_long(_MACHINES[machine][3])
    if not private or libc.syscall(call, _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(header)) != 0:
        raise PermanentError("the kernel refused the filter of the drafting process", code="not_confined")


def deny_program(machine: str, but: tuple[str, ...] = ()) -> bytes:
    """The filter for `machine` as struct sock_filter records: another architecture is killed, x32 and the list answer EPERM."""
    architecture, forbidden, sends, _ = _MACHINES[machine]
    refuse, allow = (_RETURN, 0, 0, _ERRNO | errno.EPERM), (_RETURN, 0, 0, _ALLOW)
    body = [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
        (_JUMP_AT_LEAST, 0, 1, _X32),
        refuse,
    ]
    for name, _, number in (pair.partition("=") for pair in forbidden.split()):
        body += [] if name in but else [(_JUMP_EQUAL, 0, 1, int(number)), refuse]
    for call, argument in sends:
        flags = 16 + 8 * argument  # the low half: both machines are little-endian
        body += [(_JUMP_EQUAL, 0, 4, call), (_LOAD, 0, 0, flags), (_JUMP_IF_SET, 0, 1, _FASTOPEN), refuse, allow]
    body.append(allow)
    return b"".join(pack("<HBBI", *instruction) for instruction in body)


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))
