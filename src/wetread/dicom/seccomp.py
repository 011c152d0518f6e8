"""Decides what the decoding child may ask of the kernel: a short allow-list as a classic BPF program, everything else answers EPERM (seccomp(2)).

Written by hand over ctypes because the child must not carry a compiler or libseccomp. Two filters stack: the first is installed before any input is seen and
still allows files to be opened for reading (codec libraries load later), the second takes that away too.
"""

import ctypes
import errno
import platform
import signal
from struct import pack

__all__ = ["die_with_parent", "forbid_new_privileges", "install_filter", "program"]

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 1, 22, 38, 2
_LOAD, _JUMP_EQUAL, _JUMP_SET, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENT = 0, 4, 16
_WRITING = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND

_X86_64 = """
    read=0 write=1 close=3 stat=4 fstat=5 lstat=6 poll=7 lseek=8 mmap=9 mprotect=10 munmap=11 brk=12
    rt_sigaction=13 rt_sigprocmask=14 rt_sigreturn=15 ioctl=16 pread64=17 pwrite64=18 readv=19 writev=20
    access=21 sched_yield=24 mremap=25 madvise=28 dup=32 getpid=39 recvfrom=45 sendmsg=46 recvmsg=47 exit=60
    uname=63 fcntl=72 ftruncate=77 getcwd=79 readlink=89 gettimeofday=96 getrlimit=97 getrusage=98
    sysinfo=99 times=100 getuid=102 getgid=104 geteuid=107 getegid=108 getppid=110 sigaltstack=131
    gettid=186 futex=202 sched_getaffinity=204 getdents64=217 clock_gettime=228 clock_nanosleep=230
    exit_group=231 newfstatat=262 faccessat=269 set_robust_list=273 preadv=295 preadv2=327 pwritev=296 getrandom=318
    membarrier=324 statx=332 rseq=334 faccessat2=439
"""
_AARCH64 = """
    getcwd=17 dup=23 fcntl=25 ioctl=29 ftruncate=46 faccessat=48 close=57 getdents64=61 lseek=62 read=63
    write=64 readv=65 writev=66 pread64=67 pwrite64=68 preadv=69 preadv2=286 pwritev=70 ppoll=73 readlinkat=78
    newfstatat=79 fstat=80 exit=93 exit_group=94 futex=98 set_robust_list=99 clock_gettime=113
    clock_nanosleep=115 sched_getaffinity=123 sched_yield=124 sigaltstack=132 rt_sigaction=134
    rt_sigprocmask=135 rt_sigreturn=139 times=153 uname=160 getrusage=165 gettimeofday=169 getpid=172
    getppid=173 getuid=174 geteuid=175 getgid=176 getegid=177 gettid=178 sysinfo=179 recvfrom=207
    sendmsg=211 recvmsg=212 brk=214 munmap=215 mremap=216 mmap=222 mprotect=226 madvise=233 getrandom=278
    membarrier=283 statx=291 rseq=293 faccessat2=439
"""
# audit architecture, allowed calls, and the three that are allowed by argument: openat, prlimit64, prctl
_MACHINES = {"x86_64": (0xC000003E, _X86_64, 257, 302, 157), "aarch64": (0xC00000B7, _AARCH64, 56, 261, 167)}


def program(machine: str, *, may_open: bool) -> bytes:
    """The filter for `machine` as struct sock_filter records; raises KeyError for a machine we have no table for."""
    architecture, allowed, openat, prlimit, prctl = _MACHINES[machine]
    calls = [int(pair.partition("=")[2]) for pair in allowed.split()]
    body: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    body += [instruction for call in calls for instruction in ((_JUMP_EQUAL, 0, 1, call), (_RETURN, 0, 0, _ALLOW))]
    body += _argument_rule(prlimit, 0, _JUMP_EQUAL, 0)  # only our own limits
    if may_open:
        body += _argument_rule(openat, 2, _JUMP_SET, _WRITING)
        body += _argument_rule(prctl, 0, _JUMP_EQUAL, _PR_SET_SECCOMP)  # to install the second filter
    body.append((_RETURN, 0, 0, _ERRNO | errno.EPERM))
    return b"".join(pack("<HBBI", *instruction) for instruction in body)


def _argument_rule(call: int, argument: int, test: int, value: int) -> list[tuple[int, int, int, int]]:
    """Allow `call` when its argument equals `value` (_JUMP_EQUAL) or has none of its bits (_JUMP_SET)."""
    passes = (1, 0) if test == _JUMP_SET else (0, 1)
    return [
        (_JUMP_EQUAL, 0, 4, call),
        (_LOAD, 0, 0, _ARGUMENT + 8 * argument),
        (test, *passes, value),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
    ]


def die_with_parent() -> bool:
    """PR_SET_PDEATHSIG: SIGKILL when the thread that started us ends; True when the kernel agreed."""
    return _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def forbid_new_privileges() -> bool:
    """PR_SET_NO_NEW_PRIVS; True when the kernel agreed."""
    return _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def install_filter(*, may_open: bool) -> bool:
    """Install the filter on this thread for good; False where the machine or the kernel does not support it."""
    try:
        code = program(platform.machine(), may_open=may_open)
    except KeyError:
        return False
    buffer = ctypes.create_string_buffer(code, len(code))
    header = _FilterProgram(len(code) // 8, ctypes.addressof(buffer))
    return _prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(header))


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _prctl(option: int, *arguments: int) -> bool:
    padded = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    return bool(ctypes.CDLL(None, use_errno=True).prctl(ctypes.c_int(option), *padded) == 0)
