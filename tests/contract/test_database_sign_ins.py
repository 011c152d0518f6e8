"""What failed to sign in: kept by every database alike, counted for all server processes together, swept."""

from datetime import timedelta
from threading import Barrier, Thread

from wetread.ports.database import Database
from wetread.ports.identity_store import FailedSignIns
from wetread.testing.builders import NOON
from wetread.testing.clock import FixedClock
from wetread.web.lockout import FREE_FAILURES, Lockout, Try

KEY = bytes(range(32))
DAY = timedelta(days=1)


def failed(name: str, *, known: bool = False, days: int = 0, let_in: int | None = None) -> FailedSignIns:
    at = None if let_in is None else NOON + let_in * DAY
    return FailedSignIns(name * 64, "203.0.113.9", known, 3, NOON + days * DAY, NOON, at)


def left(database: Database, rows: list[FailedSignIns], most_unknown: int) -> list[FailedSignIns]:
    """Of `rows`, once what failed before day 2 and was not let in since day 1 is swept."""
    with database.begin() as unit:
        for each in rows:
            unit.save_failed_sign_ins(each)
        unit.sweep_failed_sign_ins(NOON + 2 * DAY, NOON + DAY, most_unknown=most_unknown)
        unit.commit()
    with database.begin(write=False) as unit:
        return [each for each in rows if unit.failed_sign_ins(each.name_hmac, each.address) == each]


def test_what_is_over_is_swept_and_whoever_got_in_is_remembered(database: Database) -> None:
    rows = [
        failed("a", known=True, days=2),
        failed("b", known=True, days=1, let_in=1),
        failed("c", known=True, days=1, let_in=0),
        failed("d", known=True, days=1),
    ]
    assert left(database, rows, 0) == rows[:2]


def test_of_names_that_are_nobodys_the_newest_stay(database: Database) -> None:
    rows = [failed("a", days=3), failed("b", days=4), failed("c", days=5), failed("d", known=True, days=2)]
    assert left(database, rows, 4) == rows
    assert left(database, rows, 2) == rows[1:]
    assert left(database, rows, 0) == rows[3:]


def test_of_many_at_once_no_more_are_heard_than_may_be(database: Database) -> None:
    """As from processes of their own: each has its own lock-out, and all begin at once."""
    heard: list[float] = []
    all_there = Barrier(12)

    def attempt() -> None:
        all_there.wait(60)
        heard.append(Lockout(database, FixedClock(NOON), KEY).counted(Try("ann", "203.0.113.9", known=True)))

    threads = [Thread(target=attempt) for _ in range(12)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert sorted(heard) == [0.0] * FREE_FAILURES + [2.0] * (12 - FREE_FAILURES)
    assert Lockout(database, FixedClock(NOON), KEY).remaining_s(Try("ann", "203.0.113.9", known=True)) == 2
