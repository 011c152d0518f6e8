"""F2: a worker dies by SIGKILL at a named point of reading, triage or drafting; another ends the job. One worker dies on each study, then what is left is worked off."""

import signal
import time
from pathlib import Path

from tests.soak.book import Book
from tests.soak.house import SoakHouse, soak_house

__all__ = ["TITLE", "kill_workers", "run"]

TITLE = "worker killed while it reads, sorts and drafts"
_POINTS = ["analyse_claimed", *(f"{stage}_{step}" for stage in ("analyse", "triage", "draft") for step in ("computed", "before_commit", "after_commit"))]  # fmt: skip


def run(book: Book, folder: Path) -> None:
    with soak_house(folder) as house:
        for at, point in enumerate(_POINTS):
            for number in book.missing(point):
                with book.trial(point) as trial:
                    before = set(house.states())
                    trial.promised = house.store_films(10_000 + 1000 * at + number, 1)
                    kill_workers(house, point)
                    began_s = time.monotonic()
                    with house.workers():
                        key = house.arrived(before, "drafted")
                    trial.seconds = time.monotonic() - began_s
                    done = [house.times(action, key) for action in ("study.analyse", "study.triage", "study.draft")]
                    trial.doubled = max(0, max(done) - 1)
                    trial.lost = int(trial.promised < 1 or min(done) == 0)
        with book.trial("the record after all of them") as trial:
            house.check_record(trial)
            trial.promised = len(house.states())


def kill_workers(house: SoakHouse, point: str) -> None:
    with house.workers(point=point) as (worker,):
        worker.join(300)
        assert worker.exitcode == -signal.SIGKILL, f"{point} was not reached"
