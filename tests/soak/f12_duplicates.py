"""F12: one instance stored twenty times at once, and again later: one row, one file, one job; every sender is told that it is stored."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.films import film
from tests.soak.book import Book
from tests.soak.house import soak_house, store

__all__ = ["TITLE", "run"]

TITLE = "one instance stored twenty times at once"
_TIMES = 20


def run(book: Book, folder: Path) -> None:
    point = "20 stores at once, one more when it is read"
    with soak_house(folder) as house, ThreadPoolExecutor(_TIMES) as senders:
        for number in book.missing(point):
            with book.trial(point) as trial:
                content, before = film(90_000 + number), set(house.states())
                files = house.whole_files()
                told = list(senders.map(lambda sent: store(house.wetread.port, sent), [content] * _TIMES))
                trial.promised = told.count(200)
                if trial.promised != _TIMES:
                    trial.broken.append(f"answers: {sorted(set(told))}")
                with house.workers():
                    key = house.arrived(before, "drafted", 60)
                    again = store(house.wetread.port, content)
                with house.database.begin(write=False) as unit:
                    rows = len(unit.instances(key))  # type: ignore[arg-type]
                trial.doubled = (rows - 1) + (house.whole_files() - files - 1) + (house.times("study.draft", key) - 1)
                trial.lost = int(rows == 0)
                if again != 200:
                    trial.broken.append(f"the one sent later was answered {again}")
        with book.trial("the record after all of them") as trial:
            house.check_record(trial)
