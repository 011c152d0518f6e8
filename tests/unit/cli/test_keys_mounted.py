"""Who may read a key's file: its owner; or, of what an orchestrator mounts, the group that it gave us."""

import os
import stat

import pytest

from wetread.cli.keys import _is_mounted_for_us


def found(mode: int, user: int = 0, group: int = 10001) -> os.stat_result:
    return os.stat_result((stat.S_IFREG | mode, 1, 1, 1, user, group, 32, 0, 0, 0))


def test_a_secret_that_is_roots_and_our_groups_to_read_is_mounted_for_us() -> None:
    assert _is_mounted_for_us(found(0o440), 10001, [10001])


@pytest.mark.parametrize(
    ("file", "user", "groups"),
    [
        (found(0o444), 10001, [10001]),
        (found(0o460), 10001, [10001]),
        (found(0o440, user=10001), 10001, [10001]),
        (found(0o440, group=4), 10001, [10001]),
        (found(0o440), 0, [10001]),
    ],
    ids=["everybody reads it", "the group writes it", "ours to close", "another group", "we are root"],
)
def test_anything_else_is_open_to_others(file: os.stat_result, user: int, groups: list[int]) -> None:
    assert not _is_mounted_for_us(file, user, groups)
