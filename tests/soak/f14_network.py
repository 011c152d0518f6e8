"""F14: senders behind a network that delays, drips a byte a second, resets, cuts off or never answers. What was acknowledged is whole, nothing is stored twice, and honest senders beside them are served."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.films import film
from tests.soak.book import Book, Trial
from tests.soak.house import SoakHouse, soak_house, store
from tests.soak.proxy import Network, network

__all__ = ["TITLE", "run"]

TITLE = "senders behind a bad network"
_FAULTS: dict[str, dict[str, object]] = {
    "200 ms a piece": {"delay_s": 0.2},
    "1 B/s": {"bytes_per_s": 1.0},
    "reset within the body": {"reset_after": 70_000},
    "closed within the body": {"cut_after": 70_000},
    "answers are swallowed": {"deaf": True},
    "every second connection reset": {"lost": 0.5},
}
_AT_ONCE = 8


def run(book: Book, folder: Path) -> None:
    with soak_house(folder) as house, network(house.wetread.port) as between:
        for at, (point, fault) in enumerate(_FAULTS.items()):
            for number in book.missing(point, 50):
                with book.trial(point) as trial:
                    between.heal()
                    between.suffer(fault)
                    _trial(trial, house, between, 100_000 + 1000 * at + 20 * number)
        with book.trial("the record after all of them") as trial:
            house.check_record(trial)


def _trial(trial: Trial, house: SoakHouse, between: Network, first: int) -> None:
    films = [film(first + n) for n in range(_AT_ONCE)]
    before, files = len(house.states()), house.whole_files()
    with ThreadPoolExecutor(_AT_ONCE) as senders:
        hurt = [senders.submit(store, between.port, each, 8.0) for each in films]
        time.sleep(0.5)
        began_s = time.monotonic()
        beside = store(house.wetread.port, film(first + _AT_ONCE))
        trial.seconds = time.monotonic() - began_s
        told = [each.result() for each in hurt]
    if beside != 200:
        trial.broken.append(f"an honest sender beside them was answered {beside}")
    acknowledged = told.count(200)
    trial.lost += max(0, acknowledged + 1 - (len(house.states()) - before))
    again = [store(house.wetread.port, each) for each in films]
    trial.promised = 1 + again.count(200)
    if trial.promised != _AT_ONCE + 1:
        trial.broken.append("not everything was taken when it was sent again")
    trial.lost += max(0, trial.promised - (house.whole_files() - files))
    trial.doubled = max(0, house.whole_files() - files - trial.promised)
    trial.said = f"{acknowledged} of {_AT_ONCE} acknowledged through it; longest is the honest sender's"
