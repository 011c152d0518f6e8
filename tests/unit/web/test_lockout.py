"""Who fails waits: counted for all server processes together, and over a restart. `tests/contract/test_database_sign_ins.py` has the same of every database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from wetread.bootstrap import SystemClock
from wetread.ports.database import Database
from wetread.ports.identity_store import FailedSignIns
from wetread.testing.builders import NOON
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase
from wetread.web import lockout as module
from wetread.web.lockout import FREE_FAILURES, LOCKED_S, Lockout, Try

KEY = bytes(range(32))
ATTACK = Try("m.frost", "203.0.113.9", known=True)
OWNER = replace(ATTACK, address="192.0.2.1")


@pytest.fixture
def database() -> Database:
    return MemoryDatabase()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def lockout(database: Database, clock: FixedClock) -> Lockout:
    return Lockout(database, clock, KEY)


def fail(lockout: Lockout, tried: Try, times: int = FREE_FAILURES) -> None:
    for _ in range(times):
        assert lockout.counted(tried) == 0


def fail_everywhere(lockout: Lockout, times: int = 50) -> None:
    for number in range(times):
        fail(lockout, replace(ATTACK, address=f"203.0.113.{number}"), 1)


def kept(database: Database, lockout: Lockout, tried: Try) -> FailedSignIns | None:
    with database.begin(write=False) as unit:
        name = lockout._held(unit, tried, NOON)[0].name_hmac
        return unit.failed_sign_ins(name, tried.address)


def test_an_address_that_hammers_an_account_waits_and_its_owner_elsewhere_does_not(lockout: Lockout) -> None:
    fail(lockout, ATTACK)
    assert lockout.remaining_s(ATTACK) == lockout.counted(ATTACK) == 2
    assert lockout.remaining_s(OWNER) == 0


def test_by_a_clock_that_goes_nobody_waits_for_a_first_try(database: Database) -> None:
    fail(Lockout(database, SystemClock(), KEY), ATTACK, FREE_FAILURES)


def test_a_machine_whose_clock_is_behind_lets_first_tries_in(lockout: Lockout, database: Database) -> None:
    fail(lockout, ATTACK, 1)
    assert Lockout(database, FixedClock(NOON - timedelta(minutes=5)), KEY).counted(ATTACK) == 0


def test_another_process_and_one_after_a_restart_know_of_it(
    lockout: Lockout, database: Database, clock: FixedClock
) -> None:
    fail(lockout, ATTACK, 3)
    other = Lockout(database, clock, KEY)
    fail(other, ATTACK, 2)
    assert (lockout.remaining_s(ATTACK), other.remaining_s(ATTACK)) == (2, 2)


def test_a_try_that_must_wait_is_not_counted(lockout: Lockout, clock: FixedClock) -> None:
    fail(lockout, ATTACK)
    for _ in range(10):
        assert lockout.counted(ATTACK) == 2
    clock.advance(2)
    fail(lockout, ATTACK, 1)
    assert lockout.remaining_s(ATTACK) == 4


def test_many_addresses_together_are_slowed_too(lockout: Lockout) -> None:
    fail_everywhere(lockout)
    assert lockout.remaining_s(OWNER) > 0


def test_whoever_got_in_from_there_lately_is_held_up_by_nobody_elsewhere(lockout: Lockout, clock: FixedClock) -> None:
    fail(lockout, OWNER, 1)
    lockout.succeeded(OWNER)
    clock.advance(29 * 86_400)
    fail_everywhere(lockout)
    assert lockout.remaining_s(replace(OWNER, address="192.0.2.2")) > 0
    assert lockout.remaining_s(OWNER) == 0
    fail(lockout, OWNER)
    assert lockout.remaining_s(OWNER) == 2


def test_waiting_ends_and_success_forgives_what_failed_there(lockout: Lockout, clock: FixedClock) -> None:
    fail(lockout, ATTACK)
    clock.advance(LOCKED_S)
    fail(lockout, ATTACK, 1)
    lockout.succeeded(ATTACK)
    assert lockout.remaining_s(ATTACK) == 0
    fail(lockout, ATTACK, FREE_FAILURES)
    assert lockout.remaining_s(ATTACK) == 2


def test_a_success_forgives_nothing_that_failed_elsewhere(lockout: Lockout) -> None:
    fail_everywhere(lockout, 49)
    fail(lockout, OWNER, 1)
    lockout.succeeded(OWNER)
    fail(lockout, replace(OWNER, address="192.0.2.3"), 1)
    assert lockout.remaining_s(replace(OWNER, address="192.0.2.2")) == 2


def test_what_was_taken_back_leaves_count_and_wait_as_they_were(lockout: Lockout, clock: FixedClock) -> None:
    fail(lockout, ATTACK)
    clock.advance(2)
    fail(lockout, ATTACK, 1)
    clock.advance(4)
    for _ in range(3):
        fail(lockout, ATTACK, 1)
        lockout.taken_back(ATTACK)
    assert lockout.remaining_s(ATTACK) == 0
    fail(lockout, ATTACK, 1)
    assert lockout.remaining_s(ATTACK) == 8


def test_old_failures_do_not_add_up_for_ever(lockout: Lockout, clock: FixedClock) -> None:
    for _ in range(60):
        fail(lockout, ATTACK, 1)
        clock.advance(86_400)
    assert lockout.remaining_s(ATTACK) == 0


def test_codes_at_a_screen_are_counted_apart_and_no_name_reaches_them(lockout: Lockout) -> None:
    fail(lockout, ATTACK)
    fail(lockout, replace(ATTACK, name="code m.frost"))
    assert lockout.remaining_s(replace(ATTACK, what="code")) == 0


def test_a_name_that_is_no_account_waits_as_one_that_is(lockout: Lockout) -> None:
    nobody = replace(ATTACK, name="correct horse", known=False)
    for _ in range(FREE_FAILURES):
        assert lockout.counted(nobody) == lockout.counted(ATTACK)
    assert lockout.counted(nobody) == lockout.counted(ATTACK) == 2


def test_the_name_is_not_kept(lockout: Lockout, database: Database) -> None:
    fail(lockout, ATTACK, 1)
    held = kept(database, lockout, ATTACK)
    assert held is not None
    assert "frost" not in repr(held)
    assert kept(database, replace(lockout, key=bytes(32)), ATTACK) is None


def test_all_of_an_ipv6_network_is_one_address(lockout: Lockout) -> None:
    for number in range(FREE_FAILURES):
        fail(lockout, replace(ATTACK, address=f"2001:db8:1:2::{number:x}"), 1)
    assert lockout.remaining_s(replace(ATTACK, address="2001:db8:1:2:ffff::9")) == 2
    assert lockout.remaining_s(replace(ATTACK, address="2001:db8:1:3::9")) == 0
    fail(lockout, OWNER, FREE_FAILURES)
    assert lockout.remaining_s(replace(OWNER, address=f"::ffff:{OWNER.address}")) == 2


def test_names_that_are_nobodys_fill_nothing_and_push_no_account_out(
    lockout: Lockout, database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_UNKNOWN_NAMES", 10)
    fail(lockout, ATTACK)
    names = [Try(f"name {number}", "203.0.113.9", known=False) for number in range(30)]
    for each in names:
        clock.advance(0.01)
        fail(lockout, each, 1)
    left = [each for each in names if kept(database, lockout, each)]
    assert left == names[-5:]  # each has a count of its own, and one of anywhere
    assert lockout.remaining_s(ATTACK) > 0


def test_what_is_over_is_swept(lockout: Lockout, database: Database, clock: FixedClock) -> None:
    fail(lockout, ATTACK, 1)
    fail(lockout, OWNER, 1)
    lockout.succeeded(OWNER)
    clock.advance(2 * 86_400)
    other = replace(ATTACK, name="else")
    fail(lockout, other, 1)
    assert (kept(database, lockout, ATTACK), kept(database, lockout, OWNER) is None) == (None, False)
    clock.advance(30 * 86_400)
    fail(lockout, other, 1)
    assert kept(database, lockout, OWNER) is None
