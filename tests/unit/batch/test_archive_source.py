"""Which of an archive's films a run means: by day however many there are, while the archive grows, lies or cannot list one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest

from wetread.batch import archive_source
from wetread.batch.archive_source import ArchiveQuery, ArchiveSource, wanted_of
from wetread.batch.connections import Connections
from wetread.domain.archive import ArchivedInstance, ArchivedStudy, FoundStudies, StudyQuery
from wetread.domain.errors import PermanentError
from wetread.testing.memory_archive import MemoryArchive

FIRST = date(2025, 1, 1)
TODAY = date(2026, 1, 1)


@dataclass
class Growing(MemoryArchive):
    """`before` is told of each question; `unlistable`: studies whose instances it cannot tell; `lies` about days."""

    before: Callable[[StudyQuery], None] = lambda query: None
    unlistable: set[str] = field(default_factory=set)
    lies: date | None = None
    asked_for: list[StudyQuery] = field(default_factory=list)

    def studies(self, query: StudyQuery, limit: int) -> FoundStudies:
        self.before(query)
        self.asked_for.append(query)
        found = super().studies(query, limit)
        of_this_day = self.lies and query.taken_from and query.taken_until and query.taken_from <= self.lies <= query.taken_until  # fmt: skip
        return replace(found, complete=False) if of_this_day else found

    def instances(self, study_instance_uid: str) -> tuple[ArchivedInstance, ...]:
        if study_instance_uid in self.unlistable:
            raise PermanentError("no DICOM JSON", code="bad_answer")
        return super().instances(study_instance_uid)


def there(archive: MemoryArchive, number: int, day: date, **told: str) -> str:
    uid = f"1.2.{number}"
    said = {"modality": "DX", "body_part_examined": "CHEST", **told}
    study = ArchivedStudy(uid, study_date=f"{day:%Y%m%d}", modalities=(said["modality"],))
    archive.keep(study, ArchivedInstance(uid, f"{uid}.1", f"{uid}.1.1", **said), b"")
    return uid


@contextmanager
def source_of(archive: MemoryArchive, **query: object) -> Iterator[ArchiveSource]:
    connections = Connections(lambda: archive, 2)
    try:
        yield ArchiveSource(connections, ArchiveQuery(**{"taken_from": FIRST} | query), TODAY)  # type: ignore[arg-type]
    finally:
        connections.close()


def listed(archive: MemoryArchive, cursor: str = "", **query: object) -> tuple[list[str], dict[str, int]]:
    """Studies of the films, and what was left out."""
    studies, left_out = [], dict[str, int]()
    with source_of(archive, **query) as source:
        for step in source.steps(cursor):
            studies += [each.path.partition("/")[0] for each in step.films]
            for reason, count in step.left_out.items():
                left_out[reason] = left_out.get(reason, 0) + count
    assert len(set(studies)) == len(studies)
    return studies, {reason: count for reason, count in left_out.items() if count}


def test_every_day_is_listed_once_in_few_questions_where_little_is_and_apart_where_much_is() -> None:
    archive = Growing()
    expected = [there(archive, number, FIRST + timedelta(days=number * 37)) for number in range(9)]
    crowded = FIRST + timedelta(days=200)
    expected += [there(archive, 1000 + number, crowded) for number in range(600)]
    studies, left_out = listed(archive)
    assert (sorted(studies), left_out) == (sorted(expected), {})
    assert len(archive.asked_for) < 100
    assert studies == sorted(studies, key=lambda uid: (archive._studies[uid].study_date, uid))
    assert listed(archive, taken_from=crowded, taken_until=crowded)[0] == sorted(expected[9:])


def test_it_goes_on_from_every_step() -> None:
    archive = MemoryArchive()
    for number in range(30):
        there(archive, number, FIRST + timedelta(days=number * 9))
    with source_of(archive) as source:
        steps = list(source.steps(""))
    films = [film for step in steps for film in step.films]
    assert [step.share for step in steps] == sorted(step.share for step in steps)
    assert steps[-1].share == 1
    for number, step in enumerate(steps):
        behind = [film.path.partition("/")[0] for later in steps[number + 1 :] for film in later.films]
        assert listed(archive, step.cursor)[0] == behind
    assert len(films) == 30


def test_a_study_that_comes_between_two_answers_of_a_day_is_not_missed() -> None:
    archive = Growing()
    there(archive, 1, FIRST)
    come = [2, 3]

    def grow(query: StudyQuery) -> None:
        if query.modality == "DX" and any(each.modality == "DX" for each in archive.asked_for) and come:
            there(archive, come.pop(), FIRST)

    archive.before = grow
    assert listed(archive, taken_until=FIRST) == (["1.2.1", "1.2.2", "1.2.3"], {})


def test_days_that_an_archive_does_not_tell_whole_are_counted() -> None:
    archive = Growing(lies=FIRST + timedelta(days=40))
    there(archive, 1, FIRST + timedelta(days=40))
    there(archive, 2, FIRST + timedelta(days=41))
    assert listed(archive) == (["1.2.1", "1.2.2"], {"days_not_listed_whole": 1})


def test_more_of_one_day_than_can_be_listed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_source, "_MOST_OF_A_DAY", 3)
    archive = MemoryArchive()
    for number in range(4):
        there(archive, number, FIRST)
    with pytest.raises(PermanentError, match="2025-01-01") as refusal:
        listed(archive)
    assert refusal.value.code == "too_many"


def test_a_study_that_cannot_be_listed_is_counted_and_many_are_the_archive() -> None:
    archive = Growing()
    uids = [there(archive, number, FIRST) for number in range(20)]
    archive.unlistable = set(uids[:16])
    assert listed(archive) == (sorted(uids[16:]), {"study_not_listed": 16})
    archive.unlistable = set(uids[:17])
    with pytest.raises(PermanentError, match="no DICOM JSON"):
        listed(archive)


def test_named_studies_are_asked_for_once_and_the_absent_are_counted() -> None:
    archive = MemoryArchive()
    first, second = there(archive, 1, FIRST), there(archive, 2, date(1990, 1, 1))
    assert listed(archive, studies=(second, first, second, "1.2.3")) == ([second, first], {"study_not_there": 1})
    assert listed(archive, "1", studies=(second, first))[0] == [first]
    assert "studies" not in archive.asked


@pytest.mark.parametrize(
    ("told", "query", "reason"),
    [
        ({}, {}, ""),
        ({"modality": "", "body_part_examined": ""}, {}, ""),
        ({"modality": "CT"}, {}, "no_chest_film"),
        ({"modality": "", "sop_class_uid": "1.2.840.10008.5.1.4.1.1.1"}, {}, ""),
        ({"body_part_examined": "HAND"}, {}, "no_chest_film"),
        ({"body_part_examined": "Chest / Thorax"}, {}, ""),
        ({"modality": "CR"}, {"modalities": ("DX",)}, "other_modality"),
        ({"station_name": "R1"}, {"station": "R1"}, ""),
        ({"station_name": "R2"}, {"station": "R1"}, "other_station"),
        ({}, {"station": "R1"}, "station_not_told"),
    ],
)
def test_what_the_index_says_leaves_out_and_what_it_does_not_say_does_not(
    told: dict[str, str], query: dict[str, object], reason: str
) -> None:
    instance = ArchivedInstance("1.2", "1.2.1", "1.2.1.1", **{"modality": "DX", "body_part_examined": "CHEST"} | told)
    wanted, left_out = wanted_of((instance,), ArchiveQuery(**query))  # type: ignore[arg-type]
    assert (len(wanted), dict(left_out)) == ((0, {reason: 1}) if reason else (1, {}))


def test_a_query_is_called_by_what_was_asked_and_by_no_study() -> None:
    named = str(ArchiveQuery(studies=("1.2.3.4.5",), station="R1"))
    assert "1.2.3" not in named
    assert "station R1" in named
    assert named != str(ArchiveQuery(studies=("1.2.3.4.6",), station="R1"))
    assert str(ArchiveQuery(FIRST)) == "2025-01-01 to now, CR DX"
