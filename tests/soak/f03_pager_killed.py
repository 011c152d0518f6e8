"""F3: the pager dies by SIGKILL at a named point or at random, while a receiver is down, a duty has nobody, or the clock jumps (`benchmarks/page_kills.py`)."""

from pathlib import Path

from benchmarks.page_kills import TARGET_S, plan_of

from tests.page_kills import PagingHouse
from tests.page_receivers import http_receiver, smtp_receiver
from tests.soak.book import Book
from wetread.domain.critical import CriticalState

__all__ = ["TITLE", "run"]

TITLE = "pager killed before and after a page is sent"


def run(book: Book, folder: Path) -> None:
    point = "five points and random moments in turn"
    with http_receiver() as http, smtp_receiver() as smtp:
        house = PagingHouse(folder, http, smtp)
        for number in book.missing(point):
            with book.trial(point) as trial:
                http.refuse = 10**6 if number % 4 == 3 else 0
                outcome = house.trial(f"trial{number}", plan_of(number))
                trial.promised, trial.seconds, trial.doubled = 1, outcome.seconds, outcome.doubled
                trial.lost = int(outcome.told == 0 or outcome.state is CriticalState.OPEN)
                if outcome.seconds > TARGET_S:
                    trial.broken.append(f"told after {outcome.seconds:.0f} s")
