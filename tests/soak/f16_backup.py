"""F16: backups are taken while films arrive and reports are signed; each is restored into another folder, of the newest moment and of an earlier one, and served."""

import subprocess
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

from neighbours.wetread import COMMAND, Wetread

from tests.films import film
from tests.soak.book import Book, Trial
from tests.soak.house import SoakHouse, await_true, serving, soak_house, store
from wetread.domain.report import ReportStatus
from wetread.storage.database import SqlDatabase
from wetread.storage.files import DiskFileStore

__all__ = ["TITLE", "run"]

TITLE = "backup under load, restored in another place"
_BEFORE, _SIGNED = 6, 2


def run(book: Book, folder: Path) -> None:
    for number in book.missing("backup under load, newest and an earlier moment", 20):
        with (
            book.trial("backup under load, newest and an earlier moment") as trial,
            soak_house(folder / f"{number}") as house,
        ):
            _trial(trial, house, folder / f"backups{number}", folder / f"restored{number}", 60_000 + 1000 * number)


def _trial(trial: Trial, house: SoakHouse, backups: Path, there: Path, first: int) -> None:
    trial.promised = house.store_films(first, _BEFORE)
    _read_and_sign(house, _SIGNED)
    stop, acknowledged = Event(), [0]
    expected, moments = list[int](), list[datetime]()

    def arrive() -> None:
        while not stop.is_set():
            acknowledged[0] += store(house.wetread.port, film(first + _BEFORE + acknowledged[0])) == 200

    arriving = Thread(target=arrive)
    arriving.start()
    try:
        for _ in range(2):
            expected.append(trial.promised + acknowledged[0])
            assert house.wetread.run("backup", str(backups)).returncode == 0, "the backup failed"
            moments.append(datetime.now(UTC))
    finally:
        stop.set()
        arriving.join()
    earlier = _restored(trial, house, backups, there / "earlier", "--at", moments[0].isoformat())
    newest = _restored(trial, house, backups, there / "newest")
    trial.lost += max(0, expected[0] - earlier) + max(0, expected[1] - newest)
    trial.promised = sum(expected)
    trial.said = f"{_SIGNED} signed reports and {expected[1]} acknowledged films in each; restore with every check {trial.seconds:.0f} s"


def _read_and_sign(house: SoakHouse, many: int) -> None:
    def are_delivered() -> bool:
        """the signed ones are delivered"""
        return house.count("delivered") == many

    with house.workers():
        house.await_new(set(), "drafted", _BEFORE, 120)
        for key in list(house.states())[:many]:
            house.sign(key)
        await_true(are_delivered, 60)


def _restored(trial: Trial, house: SoakHouse, backups: Path, there: Path, *more: str) -> int:
    """How many films are there, whole; everything else that must hold is held against the first house."""
    began_s = time.monotonic()
    command = [*COMMAND, "restore", str(backups), "--data-dir", str(there), *more]
    done = subprocess.run(
        command, env=house.wetread.environment, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode != 0 or "holds" not in done.stdout:
        trial.broken.append(f"restore: {done.stdout[-150:]}{done.stderr[-150:]}")
        return 0
    with serving(Wetread(there, {"WORKERS": "0"})) as service:
        trial.seconds = max(trial.seconds, time.monotonic() - began_s)
        missing = {key for key, state in house.states().items() if state == "delivered"} - set(service.states())
        trial.lost += len(missing)
    with closing(SqlDatabase(f"sqlite:///{there}/wetread.db")) as database, database.begin(write=False) as unit:
        final = [unit.report(key) for key in unit.signed_studies()]
        trial.lost += _SIGNED - sum(each is not None and each.status is ReportStatus.FINAL for each in final)
        files = DiskFileStore(there / "vault" / "films")
        return sum(files.verify(each.content_sha256) for each in unit.instances_after("", limit=100_000))
