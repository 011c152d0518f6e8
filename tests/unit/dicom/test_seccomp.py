"""The filter allows what a decoder needs and nothing that reaches out: the program is run here, instruction by instruction, for both machines."""

from struct import iter_unpack, pack, unpack_from

import pytest

from wetread.dicom.seccomp import program

_ALLOW, _EPERM, _KILL = 0x7FFF0000, 0x00050001, 0x80000000
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# read, openat, prlimit64, prctl, exit_group
_CALLS = {"x86_64": (0, 257, 302, 157, 231), "aarch64": (63, 56, 261, 167, 94)}
# socket, connect, bind, sendto, execve, ptrace, kill, tgkill, clone, clone3, io_uring_setup, process_vm_writev, memfd_create, open_by_handle_at, unlinkat, bpf
_DENIED = {
    "x86_64": (41, 42, 49, 44, 59, 101, 62, 234, 56, 435, 425, 311, 319, 304, 263, 321, 2, 85, 57, 58, 322),
    "aarch64": (198, 203, 200, 206, 221, 117, 129, 131, 220, 435, 425, 271, 279, 265, 35, 280, 281),
}


def verdict(machine: str, call: int, *arguments: int, may_open: bool = True, architecture: int | None = None) -> int:
    """What the kernel would answer (linux/filter.h, the few instructions we use)."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = pack("<IIQ6Q", call, architecture or _ARCHITECTURES[machine], 0, *padded)
    instructions = list(iter_unpack("<HBBI", program(machine, may_open=may_open)))
    accumulator = position = 0
    while True:
        code, when_true, when_false, value = instructions[position]
        position += 1
        if code == 0x20:
            (accumulator,) = unpack_from("<I", data, value)
        elif code == 0x06:
            return int(value)
        else:
            held = accumulator == value if code == 0x15 else bool(accumulator & value)
            position += when_true if held else when_false


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_reading_and_ending_are_allowed(machine: str) -> None:
    read, _, _, _, end = _CALLS[machine]
    assert verdict(machine, read) == verdict(machine, end) == _ALLOW


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_reaching_out_is_denied(machine: str) -> None:
    for call in _DENIED[machine]:
        assert verdict(machine, call) == _EPERM, call


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_files_open_for_reading_only_and_later_not_at_all(machine: str) -> None:
    _, openat, _, _, _ = _CALLS[machine]
    assert verdict(machine, openat, 0, 0, 0o2000000) == _ALLOW  # O_CLOEXEC
    for flags in (0o1, 0o2, 0o100, 0o1000, 0o2000, 0o101):
        assert verdict(machine, openat, 0, 0, flags) == _EPERM
    assert verdict(machine, openat, 0, 0, 0, may_open=False) == _EPERM


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_only_its_own_limits_can_be_set(machine: str) -> None:
    _, _, prlimit, prctl, _ = _CALLS[machine]
    assert verdict(machine, prlimit, 0) == _ALLOW
    assert verdict(machine, prlimit, 4711) == _EPERM
    assert verdict(machine, prctl, 22) == _ALLOW
    assert verdict(machine, prctl, 4) == verdict(machine, prctl, 22, may_open=False) == _EPERM


def test_another_machines_calls_kill() -> None:
    assert verdict("x86_64", 0, architecture=0x40000003) == _KILL  # 32-bit calls have other numbers
    assert verdict("x86_64", 0x40000000 | 41) == _EPERM  # x32


def test_an_unknown_machine_has_no_filter() -> None:
    with pytest.raises(KeyError):
        program("riscv64", may_open=True)
