"""F3: the pager dies by SIGKILL at a named point or at random, while a receiver is down, a duty has nobody, or the clock jumps (`benchmarks/page_kills.py`)."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.page_kills import TARGET_S, plan_of

from tests.page_kills import PagingHouse
from tests.page_receivers import http_receiver, smtp_receiver
from tests.soak.book import Book, side_by_side
from wetread.domain.critical import CriticalState

__all__ = ["TITLE", "run"]

TITLE = "pager killed before and after a page is sent"

_POINT = "five points and random moments in turn"
_SIDE_BY_SIDE = 4
"""Much of a trial waits for a lease or a channel that is down."""


def run(book: Book, folder: Path) -> None:
    numbers = book.missing(_POINT)
    lanes = [partial(_lane, book, folder / str(at), numbers[at::_SIDE_BY_SIDE]) for at in range(_SIDE_BY_SIDE)]
    side_by_side(lanes, _SIDE_BY_SIDE)


def _lane(book: Book, folder: Path, numbers: Sequence[int]) -> None:
    with http_receiver() as http, smtp_receiver() as smtp:
        house = PagingHouse(folder, http, smtp)
        for number in numbers:
            with book.trial(_POINT) as trial:
                http.refuse = 10**6 if number % 4 == 3 else 0
                outcome = house.trial(f"trial{number}", plan_of(number))
                trial.promised, trial.seconds, trial.doubled = 1, outcome.seconds, outcome.doubled
                trial.lost = int(outcome.told == 0 or outcome.state is CriticalState.OPEN)
                if outcome.seconds > TARGET_S:
                    trial.broken.append(f"told after {outcome.seconds:.0f} s")
