"""Where the kernel has Landlock (6.7 and later for ports): TCP to one port and nothing else, no file, no abstract socket or process of others (landlock(7))."""

import ctypes
import os
from struct import pack

__all__ = ["connect_only_to", "landlock_abi"]

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446  # the same on x86-64 and ARM64
_ASK_VERSION, _RULE_PORT, _CONNECT_TCP, _BIND_TCP, _ALL_SCOPES = 1, 2, 2, 1, 3
_FILE_RIGHTS = {4: 15, 5: 16}
"""How many rights on files exist from which ABI on."""


def landlock_abi() -> int:
    """0 where the kernel has no Landlock or does not allow it."""
    return max(0, int(_call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))))


def connect_only_to(port: int) -> bool:
    """For this thread and what it starts, for good; NoNewPrivs must be set. False where the kernel cannot: nothing is restricted then."""
    abi = landlock_abi()
    if abi < min(_FILE_RIGHTS):
        return False
    files = (1 << _FILE_RIGHTS[min(abi, max(_FILE_RIGHTS))]) - 1
    rules = pack("<QQ", files, _CONNECT_TCP | _BIND_TCP) + (pack("<Q", _ALL_SCOPES) if abi >= 6 else b"")
    ruleset = int(_call(_CREATE, rules, ctypes.c_size_t(len(rules)), ctypes.c_uint32(0)))
    if ruleset < 0:
        return False
    try:
        allowed = pack("<QQ", _CONNECT_TCP, port)
        added = _call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_RULE_PORT), allowed, ctypes.c_uint32(0))
        return added == 0 and _call(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0)) == 0
    finally:
        os.close(ruleset)


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return int(libc.syscall(ctypes.c_long(number), *arguments))
