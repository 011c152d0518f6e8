"""F18: an ordinary day, for as long as `--minutes` says: films arrive, are read, looked at, signed and delivered without a pause. Memory, open files and the database grow no more than what was kept explains.

After a first third, in which everything warms up, the middle third is compared with the last: medians of the resident memory of all processes of the service and of their open files, and bytes of the databases for each study.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.soak.book import Book, Trial
from tests.soak.house import SoakHouse, await_true, soak_house

__all__ = ["TITLE", "Sample", "growth", "run"]

TITLE = "a long soak: memory, open files and database"
_MOST_MEMORY, _MOST_FILES, _MOST_BYTES_A_STUDY = 0.05, 8, 200_000
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the service. `rss_bytes` and `files` are sums over its processes; `studies`: how many there are, `database_bytes` of both databases with their WAL."""

    rss_bytes: int
    files: int
    database_bytes: int
    studies: int


def growth(samples: list[Sample]) -> tuple[float, float, float]:
    """From the middle third to the last: share by which memory grew, open files more, bytes of the databases for each further study."""
    third = len(samples) // 3
    middle, last = samples[third : 2 * third], samples[2 * third :]
    memory = median(each.rss_bytes for each in last) / median(each.rss_bytes for each in middle) - 1
    files = median(each.files for each in last) - median(each.files for each in middle)
    first, end = middle[0], last[-1]
    return memory, files, (end.database_bytes - first.database_bytes) / max(1, end.studies - first.studies)


def run(book: Book, folder: Path) -> None:
    point = f"{book.minutes:g} minutes of work"
    for number in book.missing(point, 1):
        with book.trial(point) as trial, soak_house(folder, WORKERS="1", LEASE_S="10") as house:
            _trial(trial, house, book.minutes * 60, 180_000 + 10_000 * number)
            house.check_record(trial)


def _trial(trial: Trial, house: SoakHouse, for_s: float, first: int) -> None:
    began_s, samples, number = time.monotonic(), list[Sample](), first
    while time.monotonic() - began_s < for_s:
        before = set(house.states())
        trial.promised += house.store_films(number, 1)
        number += 1
        key = house.arrived(before, "drafted", 300)
        house.sign(key)
        await_true(lambda key=key: house.states()[key] == "delivered", 300)  # type: ignore[misc]
        samples.append(_look(house))
    assert len(samples) >= 6, f"only {len(samples)} studies in {for_s / 60:g} minutes"
    keys = list(house.states())
    done = [house.times("study.draft", key) for key in keys]
    trial.lost = max(0, trial.promised - len(keys), trial.promised - len(house.outbox())) + done.count(0)
    trial.doubled = sum(max(0, each - 1) for each in (*done, *house.outbox().values()))
    memory, files, bytes_a_study = growth(samples)
    if memory > _MOST_MEMORY:
        trial.broken.append(f"memory grew by {100 * memory:.1f} %")
    if files > _MOST_FILES:
        trial.broken.append(f"{files:g} open files more")
    if bytes_a_study > _MOST_BYTES_A_STUDY:
        trial.broken.append(f"{bytes_a_study:.0f} bytes of database for each study")
    last = samples[-1]
    trial.said = (
        f"{len(samples)} studies; from the middle third to the last: memory {100 * memory:+.1f} % (now {last.rss_bytes >> 20} MB in all processes), "
        f"open files {files:+g} (now {last.files}), {bytes_a_study / 1000:.0f} kB of database for each study"
    )


def _look(house: SoakHouse) -> Sample:
    pages, files = 0, 0
    for each in list(_tree(house.pid)):
        with suppress(FileNotFoundError):  # it ended meanwhile
            pages += int((each / "statm").read_text().split()[1])
            files += len(list((each / "fd").iterdir()))
    folder = house.wetread.folder
    rows = [*folder.glob("*.db*"), *(folder / "vault").glob("*.db*")]
    return Sample(pages * _PAGE_BYTES, files, sum(each.stat().st_size for each in rows), len(house.states()))


def _tree(pid: int) -> Iterator[Path]:
    """The process and all that it started."""
    yield Path(f"/proc/{pid}")
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that ended meanwhile
            for child in (thread / "children").read_text().split():
                yield from _tree(int(child))
