"""Who says that all is well must have done something lately."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from paging_world import World

from wetread.domain.errors import TransientError
from wetread.domain.page import PageMessage
from wetread.paging.pager import Pager
from wetread.paging.signs import SENDING, SWEEP, Vital


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


class Steady:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_nothing_is_well_before_both_have_worked_nor_after_either_has_stopped() -> None:
    steady = Steady()
    vital = Vital(steady)
    for done in ((), (SWEEP,), (SENDING,)):
        for name in done:
            vital.note(name)
        if done != (SENDING,):
            with pytest.raises(TransientError):
                vital.require(60)
    vital.require(60)
    steady.now_s += 61
    vital.note(SWEEP)
    with pytest.raises(TransientError, match="not being sent"):
        vital.require(60)


class Hangs:
    """A channel that never answers, and that nothing bounds."""

    name, carries_phi = "sms", False

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def send(self, message: PageMessage, address: str, key: str) -> str:
        self.let_go.wait(30)
        return "late"


def test_a_sender_whose_every_hand_hangs_shows_no_sign(world: World) -> None:
    hanging, steady = Hangs(), Steady()
    vital = Vital(steady)
    world.sender = replace(world.sender, notifiers={"sms": hanging})
    for letter in "abcdef":
        world.open(study_key=letter * 24)
    pager, slots = Pager(world.sweep, world.sender, (), vital), threading.Semaphore(4)
    with ThreadPoolExecutor(4) as pool:
        pager._sweep()
        pager._send(pool, slots)
        vital.require(60)
        steady.now_s += 61
        pager._sweep()
        pager._send(pool, slots)
        with pytest.raises(TransientError, match="not being sent"):
            vital.require(60)
        hanging.let_go.set()
    with ThreadPoolExecutor(4) as pool:
        pager._send(pool, slots)
    vital.require(60)
