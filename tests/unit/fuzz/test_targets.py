"""The fuzzer's targets hold on their seeds and on a few hundred small changes of each, without the fuzzer; what it once found stands below."""

import random

import pytest
from tests.fuzz.targets import TARGETS

FOUND: list[tuple[str, bytes]] = []
"""(target, bytes): crashes that `make fuzz` found and that were mended."""


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_their_like_are_read_or_refused(name: str) -> None:
    dice, target = random.Random(7), TARGETS[name]
    for seed in target.seeds():
        target.try_out(seed)
        for _ in range(60):
            target.try_out(changed(seed, dice))


def changed(data: bytes, dice: random.Random) -> bytes:
    raw = bytearray(data)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(raw) + 1)
        match dice.randrange(3):
            case 0:
                raw[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del raw[at : at + dice.randrange(1, 9)]
            case _:
                raw[at:at] = raw[: dice.randrange(1, 9)]
    return bytes(raw)


def test_what_was_found_stays_mended() -> None:
    for name, data in FOUND:
        TARGETS[name].try_out(data)
