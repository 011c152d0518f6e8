"""Decides which files the decoding child may still see: Python's and the libraries', to read, and nothing to write, make or remove (landlock(7)).

The seccomp filter of a child that has not decoded yet lets files be opened for reading, as codecs load late; without this a broken parser could read whatever the service may.
By hand over ctypes, as `dicom.seccomp`. Kernels before 5.13, or without the module, do without.
"""

import ctypes
import os
import sys
import sysconfig
from pathlib import Path
from struct import pack

__all__ = ["keep_to_libraries"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same number on every architecture
_VERSION, _PATH_BENEATH = 1, 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_OF_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""Every right over files that an ABI knows: what is handled and not granted is denied."""
_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/usr/share/zoneinfo", "/proc/cpuinfo", "/proc/meminfo", "/proc/self", "/sys/devices/system", "/dev/urandom", "/dev/null")  # fmt: skip


def keep_to_libraries(package_root: str) -> bool:
    """For this thread and its children, for good; False where the kernel has no Landlock. Needs no_new_privs. Files that are open already stay open."""
    kernel = ctypes.CDLL(None, use_errno=True).syscall
    abi = int(kernel(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(_VERSION)))
    if abi < 1:
        return False
    handled = _OF_ABI[max(known for known in _OF_ABI if known <= abi)]
    attributes = pack("<Q", handled)
    ruleset = int(kernel(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0)))
    if ruleset < 0:
        return False
    try:
        for place in {*_SYSTEM, package_root, *_python()}:
            _allow(kernel, ruleset, place)
        return int(kernel(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint(0))) == 0
    finally:
        os.close(ruleset)


def _python() -> set[str]:
    """Where this Python and what is installed for it lie, also what `.pth` files and a chained environment point at."""
    installed = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    shared = str(sysconfig.get_config_var("LIBDIR") or "")
    return {each for each in (*installed, *sys.path, shared) if each and Path(each).is_absolute()}


def _allow(kernel: "ctypes._NamedFuncPointer", ruleset: int, place: str) -> None:
    """Reading of what is there; a place that is not there needs no rule."""
    try:
        descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = _READ_FILE | (_READ_DIR if Path(place).is_dir() else 0)
        rule = pack("<Qi", rights, descriptor)  # packed, as the kernel's
        kernel(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint(0))
    finally:
        os.close(descriptor)
