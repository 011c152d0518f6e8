"""F17: one byte of a stored film is changed, or the film is deleted. No door shows wrong pixels, the scrubber names it, an alarm is open until the bytes are back."""

import random
import time
from pathlib import Path

from tests.films import film
from tests.soak.book import Book, Trial
from tests.soak.house import SoakHouse, fetch, soak_house, store
from wetread.storage.files import place_of

__all__ = ["TITLE", "run"]

TITLE = "a byte of a stored film is changed, or the film is deleted"


def run(book: Book, folder: Path) -> None:
    with soak_house(folder) as house:
        for at, point in enumerate(("one byte changed", "film deleted")):
            for number in book.missing(point, 50):
                with book.trial(point) as trial:
                    _trial(trial, house, film(80_000 + 1000 * at + number), point, random.Random(number))


def _trial(trial: Trial, house: SoakHouse, content: bytes, point: str, chance: random.Random) -> None:
    before = set(house.states())
    known = {each.content_sha256 for each in _instances(house)}
    assert store(house.wetread.port, content) == 200, "the film was not taken"
    (key,) = set(house.states()) - before
    (stored,) = (each for each in _instances(house) if each.content_sha256 not in known)
    path = place_of(house.wetread.folder / "vault" / "films", stored.content_sha256)
    whole = path.read_bytes()
    trial.promised = 1
    if point == "film deleted":
        path.unlink()
    else:
        at = chance.randrange(200, len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :])
    status, _ = fetch(house, f"/api/studies/{key}/film.png")
    if status < 500:
        trial.broken.append(f"the reading room answered {status}")
    began_s = time.monotonic()
    found = house.wetread.run("scrub")
    trial.seconds = time.monotonic() - began_s
    if found.returncode != 1 or stored.content_sha256 not in found.stdout:
        trial.broken.append("the scrubber did not find it")
    if house.wetread.run("alarms", "list").returncode != 1:
        trial.broken.append("no alarm is open")
    path.write_bytes(whole)
    if house.wetread.run("scrub").returncode != 0:
        trial.broken.append("it is not over when the bytes are back")
    if fetch(house, f"/api/studies/{key}/film.png")[0] != 200:
        trial.broken.append("the film is not shown again")
    trial.said = f"found by `wetread scrub` among {len(known) + 1} films"


def _instances(house: SoakHouse):  # type: ignore[no-untyped-def]
    with house.database.begin(write=False) as unit:
        return unit.instances_after("", limit=100_000)
