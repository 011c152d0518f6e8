"""A few films of an archive, listed, fetched and read to say how many all are and how long they will take. Nothing is kept."""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from wetread.batch.archive_source import ArchiveSource
from wetread.batch.connections import Connections
from wetread.batch.film_reading import row_of
from wetread.batch.film_supply import fetched_to
from wetread.batch.sample import fate_of
from wetread.domain.archive import ArchivedInstance
from wetread.domain.batch import FilmTask
from wetread.domain.errors import WetreadError
from wetread.ports.archive import Archive
from wetread.reader import FilmReader

__all__ = ["ArchiveSample", "sampled_archive"]

_TRIED = 8
_LISTED = 200


@dataclass(frozen=True, slots=True)
class ArchiveSample:
    """`films` and `left_out` are of the `listed` ones among all `studies`; `fetch_s` and `read_s` of the `tried` films among those, `fetch_s` over one connection."""

    studies: int
    listed: int
    films: int
    left_out: Counter[str]
    tried: int
    fetch_s: float
    read_s: float
    fates: Counter[str]

    @property
    def all_films(self) -> int:
        """By what the listed studies have; exact where all were listed."""
        return round(self.films * self.studies / self.listed) if self.listed else 0


def sampled_archive(
    source: ArchiveSource, connections: Connections, archive: Archive, bundle: Path | None
) -> ArchiveSample:
    """All studies are counted; the instances of at most 200 of them listed, each with the same chance."""
    studies, chosen = _chosen(source)
    films, left_out = list[ArchivedInstance](), Counter[str]()
    for instances in source.instances(chosen):
        wanted, unwanted = source.wanted(instances)
        films += wanted
        left_out += unwanted
    tried = films[:: max(1, len(films) // _TRIED)][:_TRIED]
    fetch_s, read_s, fates = _timed(tried, archive, bundle)
    return ArchiveSample(studies, len(chosen), len(films), left_out, len(tried), fetch_s, read_s, fates)


def _chosen(source: ArchiveSource) -> tuple[int, list[str]]:
    """How many studies there are, and those that are listed; a dry run asks the same again (Vitter's algorithm R)."""
    count, chosen, chance = 0, list[str](), Random(0)  # noqa: S311 - no secret hangs on it
    for batch in source.studies():
        for uid in batch.studies:
            count += 1
            place = len(chosen) if len(chosen) < _LISTED else chance.randrange(count)
            if place < _LISTED:
                chosen[place : place + 1] = [uid]
    return count, chosen


def _timed(films: list[ArchivedInstance], archive: Archive, bundle: Path | None) -> tuple[float, float, Counter[str]]:
    fetch_s, read_s, fates = 0.0, 0.0, Counter[str]()
    with TemporaryDirectory(prefix="wetread-batch-") as folder, FilmReader(bundle=bundle) as reader:
        place = Path(folder) / "film.dcm"
        for number, film in enumerate(films, 1):
            began_s = time.perf_counter()
            try:
                fetched_to(place, film, archive)
            except WetreadError as error:
                fates[f"failed ({error.code})"] += 1
                continue
            fetch_s += time.perf_counter() - began_s
            if number == 1:
                reader.read(place)
            began_s = time.perf_counter()
            fates[fate_of(row_of(reader, FilmTask(number, str(place), film.sop_instance_uid)))] += 1
            read_s += time.perf_counter() - began_s
    return fetch_s, read_s, fates
