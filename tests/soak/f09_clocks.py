"""F9: the clock of the service and its workers jumps by an hour or three days, forth or back, or runs five times as fast, while films are received, read, signed and delivered. Afterwards it is right again.

What is promised: nothing acknowledged is lost, nothing is done twice, the audit log verifies, and what waited for its time is done once the clock is right. The clock is turned behind the product's one port to it (`SystemClock`), in
the HTTP door and the workers; libfaketime turns more, and Python's `time.sleep` fails under it (clock_nanosleep with an absolute time: EINVAL).
"""

import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from neighbours.wetread import ACCOUNT, PASSWORD, Wetread

from tests.soak.book import Book, Trial
from tests.soak.house import SoakHouse, await_true, serving, serving_until
from wetread.bootstrap import SystemClock

__all__ = ["TITLE", "run", "turn_clock"]

TITLE = "the clock jumps, or runs fast"
_FAULTS = {"+1 h": (1, 1), "-1 h": (-1, 1), "+3 days": (72, 1), "-3 days": (-72, 1), "5 times as fast": (0, 5)}
"""Hours that it is wrong by, and how fast it goes."""
_RIGHT = (0, 1)


def turn_clock(by: Path) -> None:
    """The file says by how many hours the clock is wrong, how fast it goes, and since when."""

    def now(_: SystemClock) -> datetime:
        hours, rate, since = by.read_text().split()
        right = datetime.now(UTC)
        fast = (float(rate) - 1) * (right - datetime.fromisoformat(since))
        return right + timedelta(hours=float(hours)) + fast

    SystemClock.now = now  # type: ignore[method-assign]


def run(book: Book, folder: Path) -> None:
    home = Wetread(folder / "house", {"WORKERS": "0", "LEASE_S": "5", "QUIET_PERIOD_S": "1"})
    home.add_radiologist()
    clock = folder / "clock"
    place = partial(turn_clock, clock)
    _turn(clock, _RIGHT)
    with serving_until(home, "", 1, place) as (house, _), house.workers(place=place):
        for at, (point, fault) in enumerate(_FAULTS.items()):
            for number in book.missing(point, 20):
                with book.trial(point) as trial:
                    _trial(trial, house, clock, fault, 130_000 + 1000 * at + 5 * number)
        _turn(clock, _RIGHT)
    with serving(home) as house, book.trial("the record after all of them") as trial:
        house.check_record(trial)


def _turn(clock: Path, to: tuple[int, int]) -> None:
    """In one step, so that nobody reads half of it."""
    written = clock.with_suffix(".new")
    written.write_text(f"{to[0]} {to[1]} {datetime.now(UTC).isoformat()}")
    written.replace(clock)


def _trial(trial: Trial, house: SoakHouse, clock: Path, fault: tuple[int, int], first: int) -> None:
    _set(house, clock, _RIGHT)
    before = set(house.states())
    trial.promised = house.store_films(first, 2)
    _set(house, clock, fault)
    trial.promised += house.store_films(first + 2, 2)
    new = sorted(set(house.states()) - before)
    assert all(_readable(house, key) for key in new), "a study is not shown"
    began_s = time.monotonic()
    while time.monotonic() - began_s < 60 and not _all(house, new, "drafted"):
        time.sleep(0.2)
    meanwhile = [key for key in new if house.states()[key] == "drafted"]
    for key in meanwhile[:2]:
        house.sign(key)
    # put off by the wrong clock, and not due by it before it is right again
    trial.promised += house.store_films(first + 4, 1)
    _set(house, clock, _RIGHT)
    new = sorted(set(house.states()) - before)
    if trial.promised != 5:
        trial.broken.append("a film was refused")
    back_s = time.monotonic()
    for key in sorted({*new} - {*meanwhile[:2]}):
        await_true(lambda key=key: house.states()[key] == "drafted", 600)
        house.sign(key)
    await_true(lambda: _all(house, new, "delivered"), 600)
    trial.seconds = time.monotonic() - back_s
    done = [house.times("study.draft", key) for key in new]
    delivered = list(house.outbox().values())
    trial.lost = max(0, trial.promised - len(new)) + sum(not house.times("report.sign", key) for key in new)
    trial.doubled = sum(max(0, each - 1) for each in (*done, *delivered))
    trial.said = f"{len(meanwhile)} of 4 drafted while it was wrong, {len(meanwhile[:2])} of them signed then, a fifth put off by it; longest is from the clock's being right to all 5 delivered"


def _set(house: SoakHouse, clock: Path, to: tuple[int, int]) -> None:
    """The session of before may be over by the new clock, or not have begun."""
    _turn(clock, to)
    house.client.log_in(ACCOUNT, PASSWORD)


def _readable(house: SoakHouse, key: str) -> bool:
    """A person sees the study, whatever the machine does (law 1)."""
    return bool(house.client.get(f"/api/studies/{key}"))


def _all(house: SoakHouse, keys: list[str], state: str) -> bool:
    states = house.states()
    return all(states[key] == state for key in keys)
