"""F11: every hostile file of `tests.hostile` by STOW, among films that are good, while a worker reads: the good are all acknowledged and read once, the poison is answered soon, nothing is written outside the data folder, no process dies."""

import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path

from hostile import Fate, HostileFile, hostile_files
from stow_front import store_one

from tests.films import film
from tests.soak.book import Book, Trial
from tests.soak.house import SoakHouse, soak_house
from wetread.storage.files import DiskFileStore

__all__ = ["TITLE", "run"]

TITLE = "poison among good films"
_GOOD = 8
_ANSWER_S = 2.0


def run(book: Book, folder: Path) -> None:
    point = "every hostile file, with good films beside it"
    poison = list(hostile_files())
    with soak_house(folder) as house, house.workers() as (worker,):
        for number in book.missing(point, 50):
            with book.trial(point) as trial:
                _trial(trial, house, poison, folder, 160_000 + _GOOD * number)
                if not worker.is_alive():
                    trial.broken.append("the worker died")
        with book.trial("the record after all of them") as trial:
            house.check_record(trial)


def _timed(port: int, content: bytes) -> tuple[int, float]:
    began_s = time.monotonic()
    try:
        status = store_one(port, content)
    except (OSError, HTTPException):
        status = 0
    return status, time.monotonic() - began_s


def _trial(trial: Trial, house: SoakHouse, poison: list[HostileFile], folder: Path, first: int) -> None:
    outside, port = _outside(folder), house.wetread.port
    films = [film(first + n) for n in range(_GOOD)]
    with ThreadPoolExecutor(2) as senders:
        good = [senders.submit(_timed, port, each) for each in films]
        bad = [_timed(port, each.content) for each in poison]
        told = [each.result() for each in good]
    trial.promised = sum(status == 200 for status, _ in told)
    if trial.promised != _GOOD:
        trial.broken.append(f"good films were answered {sorted({status for status, _ in told})}")
    for each, (status, _) in zip(poison, bad, strict=True):
        if each.fate is Fate.REFUSED and status == 200:
            trial.broken.append(f"{each.name} was taken")
        if status == 0:
            trial.broken.append(f"{each.name} was not answered")
    slow = [f"{each.name} {took:.1f} s" for each, (_, took) in zip(poison, bad, strict=True) if took > _ANSWER_S]
    if slow:
        trial.broken.append(f"answered after {_ANSWER_S:g} s: {', '.join(slow)}")
    if _outside(folder) != outside:
        trial.broken.append("something was written outside the data folder")
    if not house.client.is_ready("/healthz") or not Path(f"/proc/{house.pid}").exists():
        trial.broken.append("the service died")
    house.whole_files()
    stored = set(DiskFileStore(house.wetread.folder / "vault" / "films").stored())
    trial.lost = sum(sha256(each).hexdigest() not in stored for each in films)
    trial.seconds = max(took for _, took in bad)
    refused = sum(status != 200 for status, _ in bad)
    trial.said = f"{refused} of {len(poison)} hostile files refused (they claim one UID: the first that may be kept is); longest is the slowest answer about one, longest of a good film {max(took for _, took in told):.1f} s"


def _outside(folder: Path) -> set[Path]:
    """What lies beside the house, and where a path in a file could lead to."""
    return {each for place in (folder, Path("/"), Path("/etc"), Path.home()) for each in place.iterdir()}
