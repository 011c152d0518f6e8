"""F9: the clock of the service and its workers jumps by an hour or three days, forth or back, or runs five times as fast (faketime), while films are received, read, signed and delivered. Afterwards it is right again.

What is promised: nothing acknowledged is lost, nothing is done twice, the audit log verifies, and what waited for its time is done once the clock is right.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neighbours.wetread import ACCOUNT, PASSWORD, Wetread

from tests.soak.book import Book, Trial
from tests.soak.house import SoakHouse, await_true, serving

__all__ = ["TITLE", "run"]

TITLE = "the clock jumps, or runs fast"
_LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
_FAULTS = {"+1 h": "+1h", "-1 h": "-1h", "+3 days": "+3d", "-3 days": "-3d", "5 times as fast": "+0 x5"}
_RIGHT = "+0"


def run(book: Book, folder: Path) -> None:
    home = Wetread(folder / "house", {"WORKERS": "1", "LEASE_S": "5", "QUIET_PERIOD_S": "1"})
    home.add_radiologist()
    offset = folder / "offset"
    offset.write_text(_RIGHT)
    with _faked(offset), serving(home) as house:
        for at, (point, fault) in enumerate(_FAULTS.items()):
            for number in book.missing(point, 20):
                with book.trial(point) as trial:
                    _trial(trial, house, offset, fault, 130_000 + 1000 * at + 4 * number)
        offset.write_text(_RIGHT)
    with serving(home) as house, book.trial("the record after all of them") as trial:
        house.check_record(trial)


@contextmanager
def _faked(offset: Path) -> Iterator[None]:
    """Processes that are started within take their time of day from the file, each time they ask; durations (CLOCK_MONOTONIC) stay true."""
    faked = {
        "LD_PRELOAD": _LIBRARY,
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_RESET": "1",
    }
    os.environ.update(faked)
    try:
        yield
    finally:
        for name in faked:
            del os.environ[name]


def _trial(trial: Trial, house: SoakHouse, offset: Path, fault: str, first: int) -> None:
    _set(house, offset, _RIGHT)
    before = set(house.states())
    trial.promised = house.store_films(first, 2)
    _set(house, offset, fault)
    trial.promised += house.store_films(first + 2, 2)
    if trial.promised != 4:
        trial.broken.append("a film was refused")
    new = sorted(set(house.states()) - before)
    signed = [key for key in new if _readable(house, key)]
    began_s = time.monotonic()
    while time.monotonic() - began_s < 30 and not _all(house, new, "drafted"):
        time.sleep(0.2)
    meanwhile = sum(house.states()[key] == "drafted" for key in new)
    for key in signed[:1]:
        house.sign(key)
    _set(house, offset, _RIGHT)
    back_s = time.monotonic()
    for key in signed[1:]:
        await_true(lambda key=key: house.states()[key] == "drafted", 120)
        house.sign(key)
    await_true(lambda: _all(house, new, "delivered"), 120)
    trial.seconds = time.monotonic() - back_s
    done = [house.times("study.draft", key) for key in new]
    delivered = list(house.outbox().values())
    trial.lost = max(0, trial.promised - len(new)) + sum(not house.times("report.sign", key) for key in signed)
    trial.doubled = sum(max(0, each - 1) for each in (*done, *delivered))
    trial.said = f"{meanwhile} of 4 drafted and one signed while it was wrong; longest is from the clock's being right to all 4 delivered"


def _set(house: SoakHouse, offset: Path, to: str) -> None:
    """The session of before may be over by the new clock, or not have begun."""
    offset.write_text(to)
    house.client.log_in(ACCOUNT, PASSWORD)


def _readable(house: SoakHouse, key: str) -> bool:
    """A person can open the study, whatever the machine does (law 1)."""
    return "report" in house.client.post(f"/api/studies/{key}/open", {})


def _all(house: SoakHouse, keys: list[str], state: str) -> bool:
    states = house.states()
    return all(states[key] == state for key in keys)
