"""Films fetched ahead of their readers: so many and no more, patiently, and nothing half."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from wetread.batch import connections
from wetread.batch.connections import AWAY_PAUSES_S, BROKEN_PAUSES_S, Connections, pause_before
from wetread.batch.film_list import ListedFilm
from wetread.batch.film_supply import ArchiveFilms
from wetread.domain.archive import ArchivedInstance, ArchivedStudy, Retrieved
from wetread.domain.batch import FilmRow, FilmTask
from wetread.domain.errors import PermanentError, TransientError
from wetread.ports.archive import Inbox
from wetread.testing.memory_archive import MemoryArchive


@dataclass
class Failing(MemoryArchive):
    """`problems`: by SOP Instance UID, what is raised at each retrieval of it; `halfway` after a part of the film came."""

    problems: dict[str, list[Exception]] = field(default_factory=dict)
    halfway: set[str] = field(default_factory=set)

    def retrieve(self, wanted: ArchivedInstance, inbox: Inbox) -> Retrieved:
        if waiting := self.problems.get(wanted.sop_instance_uid):
            if wanted.sop_instance_uid in self.halfway:
                file = inbox.receive()
                file.write(b"half")
                file.discard()
            raise waiting.pop(0)
        return super().retrieve(wanted, inbox)


@pytest.fixture
def archive() -> Failing:
    archive = Failing()
    for number in range(1, 31):
        uid = f"1.2.{number}"
        archive.keep(ArchivedStudy(uid), ArchivedInstance(uid, f"{uid}.1", f"{uid}.1.1"), str(number).encode())
    return archive


@pytest.fixture
def supply(archive: Failing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchiveFilms]:
    monkeypatch.setattr(connections, "AWAY_PAUSES_S", (0.001,) * 3)
    monkeypatch.setattr(connections, "BROKEN_PAUSES_S", (0.001,))
    (tmp_path / "fetched").mkdir()
    (tmp_path / "fetched" / "7.part").write_text("left by a run that was killed")
    asked = Connections(lambda: archive, 2)
    yield ArchiveFilms(asked, tmp_path / "fetched", 5, lambda: False)
    asked.close()


def films(*numbers: int) -> Iterator[tuple[int, ListedFilm]]:
    return ((n, ListedFilm(f"1.2.{n}/1.2.{n}.1/1.2.{n}.1.1")) for n in numbers)


def taken(supply: ArchiveFilms, wanted: Iterator[tuple[int, ListedFilm]]) -> list[FilmTask | FilmRow]:
    """All of them, each settled before the next."""
    found = []
    while (each := supply.take(wanted, wait=True)) is not None:
        if isinstance(each, FilmTask):
            assert Path(each.path).read_text() == str(each.number)
        found.append(each)
        supply.settled(each.number)
    return found


def test_each_film_comes_once_whole_and_goes_when_it_is_settled(supply: ArchiveFilms, tmp_path: Path) -> None:
    found = taken(supply, films(*range(1, 31)))
    assert sorted(each.number for each in found) == list(range(1, 31))
    assert {each.sop_instance_uid for each in found if isinstance(each, FilmTask)} == {f"1.2.{n}.1.1" for n in range(1, 31)}  # fmt: skip
    assert not list((tmp_path / "fetched").iterdir())


def test_no_more_are_here_than_there_may_be(archive: Failing, supply: ArchiveFilms, tmp_path: Path) -> None:
    wanted = films(*range(1, 31))
    out = [supply.take(wanted, wait=True) for _ in range(5)]
    assert supply.take(wanted, wait=True) is None
    assert len(list((tmp_path / "fetched").iterdir())) == 5
    assert archive.asked.count("retrieve") == 5
    assert out[0] is not None
    supply.settled(out[0].number)
    assert supply.take(wanted, wait=True) is not None
    assert archive.asked.count("retrieve") == 6


def test_a_busy_archive_is_asked_again_and_a_film_that_never_comes_has_its_row(
    archive: Failing, supply: ArchiveFilms
) -> None:
    busy = TransientError("pacs cannot answer now", code="receiver_busy")
    archive.problems = {
        "1.2.2.1.1": [busy] * 3,
        "1.2.3.1.1": [busy] * 9,
        "1.2.4.1.1": [TransientError("reset", code="receiver_unreachable")] * 9,
        "1.2.5.1.1": [PermanentError("pacs refuses it (HTTP 406)", code="refused")],
    }
    archive.halfway = {"1.2.4.1.1"}
    archive.delete("1.2.6.1.1")
    rows = {each.number: each.code for each in taken(supply, films(*range(1, 8))) if isinstance(each, FilmRow)}
    assert rows == {3: "receiver_busy", 4: "broke_off", 5: "refused", 6: "gone"}
    assert [len(archive.problems[f"1.2.{n}.1.1"]) for n in (2, 3, 4)] == [0, 9 - 4, 9 - 2]


def test_our_own_full_disk_is_no_fault_of_a_film(archive: Failing, supply: ArchiveFilms) -> None:
    archive.problems = {"1.2.1.1.1": [TransientError("no space", code="storage_full")]}
    with pytest.raises(TransientError, match="no space"):
        taken(supply, films(1))


def test_whether_the_archive_is_there_is_asked_of_it(archive: Failing, supply: ArchiveFilms) -> None:
    assert supply.is_there()
    archive.away = True
    assert not supply.is_there()


def test_who_is_stopped_waits_for_nobody(archive: Failing, tmp_path: Path) -> None:
    asked = Connections(lambda: archive, 1)
    archive.problems = {"1.2.1.1.1": [TransientError("busy", code="receiver_busy", retry_after_s=600)]}
    supply = ArchiveFilms(asked, tmp_path / "fetched", 5, lambda: True)
    assert supply.take(films(1), wait=True) is None
    asked.close()


def test_how_long_is_waited() -> None:
    busy, broken = TransientError("", code="receiver_busy"), TransientError("", code="receiver_failed")
    assert [pause_before(busy, tries) for tries in range(1, 9)] == [*AWAY_PAUSES_S, None]
    assert [pause_before(broken, tries) for tries in range(1, 5)] == [*BROKEN_PAUSES_S, None]
    assert pause_before(TransientError("", code="receiver_busy", retry_after_s=45.0), 1) == 45.0
    assert pause_before(TransientError("", code="receiver_busy", retry_after_s=1e9), 1) == 300.0
    assert pause_before(TransientError("", code="storage_full"), 1) is None
