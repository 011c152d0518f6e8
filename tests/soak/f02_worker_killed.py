"""F2: a worker dies by SIGKILL at a named point of reading, triage or drafting; another ends the job. Ten films come together, ten workers die of them, one after the other; then what is left is worked off."""

import signal
from pathlib import Path

from tests.soak.book import Book, Trial
from tests.soak.house import SoakHouse, soak_house
from wetread.domain.study_state import StudyState

__all__ = ["TITLE", "draft_films", "kill_workers", "run"]

TITLE = "worker killed while it reads, sorts and drafts"
_POINTS = ["analyse_claimed", *(f"{stage}_{step}" for stage in ("analyse", "triage", "draft") for step in ("computed", "before_commit", "after_commit"))]  # fmt: skip
_TOGETHER = 10


def run(book: Book, folder: Path) -> None:
    for at, point in enumerate(_POINTS):
        if not book.missing(point):
            continue
        with soak_house(folder / point) as house:
            for batch in book.batches(point, _TOGETHER):
                with book.trial(point, len(batch)) as trial:
                    _trial(trial, house, point, 10_000 + 1000 * at + batch.start, len(batch))
            with book.trial("the record after all of them") as trial:
                house.check_record(trial)
                trial.promised = len(house.states())


def _trial(trial: Trial, house: SoakHouse, point: str, first: int, many: int) -> None:
    before, drafted = set(house.states()), house.database.count_studies().get(StudyState.DRAFTED, 0)
    trial.promised = house.store_films(first, many)
    assert trial.promised == many, "a film was refused"
    kill_workers(house, point, many)
    with house.workers():
        trial.seconds = house.await_more(drafted, StudyState.DRAFTED, many, 240)
    new = set(house.states()) - before
    trial.lost, trial.doubled = max(0, many - len(new)), max(0, len(new) - many)
    for key in new:
        done = [house.times(action, key) for action in ("study.analyse", "study.triage", "study.draft")]
        trial.lost += min(done) == 0
        trial.doubled += max(0, max(done) - 1)


def draft_films(house: SoakHouse, first: int, many: int) -> list[str]:
    """The keys of so many new studies, once all are drafted."""
    before, drafted = set(house.states()), house.database.count_studies().get(StudyState.DRAFTED, 0)
    assert house.store_films(first, many) == many, "a film was not taken"
    with house.workers():
        house.await_more(drafted, StudyState.DRAFTED, many, 240)
    return sorted(set(house.states()) - before)


def kill_workers(house: SoakHouse, point: str, many: int) -> None:
    """So many, one after the other; the next is started while one works."""
    for at in range(0, many, 2):
        with house.workers(min(2, many - at), point) as workers:
            for each in workers:
                each.join(300)
                assert each.exitcode == -signal.SIGKILL, f"{point} was not reached"
