"""Earlier films from another archive: certainly of this patient or not at all, to compare with and never to be read."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from archive_house import TODAY, ArchiveHouse, there
from builders_ingest import SECRET, JsonInspector, a_file

from wetread.domain.archive import ArchivedStudy
from wetread.domain.archive_feed import PriorOutcome
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_hold import HoldKind, IdentityHold
from wetread.domain.job import JobKind, JobState
from wetread.domain.study_state import StudyEvent, StudyState, next_state
from wetread.ingest.copy_retention import CopyRetention
from wetread.ingest.prior_fetch import of_this_patient
from wetread.ingest.prior_work import prior_work
from wetread.ingest.register import Arrived, Fetched, Register
from wetread.ingest.suitability import SuitabilityPolicy
from wetread.ports.priors import dated_priors
from wetread.testing.builders import an_identity

WHO = an_identity(patient_id="P1", issuer_of_patient_id="", patient_birth_date="19700101")
ROW = ArchivedStudy("1.2.9", "P1", "", "19700101", "20200101")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[ArchiveHouse]:
    house = ArchiveHouse(tmp_path)
    said = {"study_date": TODAY, "patient_birth_date": "19700101"}
    house.send(a_file("1.2.1.1.1", study="1.2.1", identity=said))
    yield house
    house.close()


def outcome(house: ArchiveHouse, issuer: str = "") -> tuple[str, int]:
    (fetch,) = house.fetcher(issuer).fetch(house.key("1.2.1")).fetches
    return fetch.outcome.value, fetch.studies


def test_earlier_chest_films_come_as_copies_newest_first_and_are_nobodys_work(house: ArchiveHouse) -> None:
    for number, day in enumerate(("20200101", "20240101", "20250101", "20260101"), start=2):
        there(house.archive, number, day=day)
    assert outcome(house) == ("fetched", 3)
    assert house.states() == {"1.2.1": "admitted", "1.2.3": "fetched", "1.2.4": "fetched", "1.2.5": "fetched"}
    assert [job.study_key for job, _ in house.database.jobs(JobState.READY)] == [house.key("1.2.1")]
    with house.database.begin(write=False) as unit:
        assert [each.study_key for each in unit.worklist()] == [house.key("1.2.1")]
        search = unit.prior_search(house.key("1.2.1"))
        copy = unit.copy(house.key("1.2.5"))
    assert search is not None
    assert copy is not None
    assert (copy.archive, copy.fetched_for) == ("pacs", house.key("1.2.1"))
    priors = dated_priors(house.key("1.2.1"), house.vault)
    assert [key for key, _ in priors] == [house.key(uid) for uid in ("1.2.5", "1.2.4", "1.2.3")]


def test_a_second_search_fetches_nothing_twice(house: ArchiveHouse) -> None:
    there(house.archive, 2, day="20240101")
    outcome(house)
    house.archive.asked.clear()
    assert outcome(house) == ("fetched", 1)
    assert "retrieve" not in house.archive.asked


@pytest.mark.parametrize(
    ("row", "who", "default", "certain"),
    [
        ({}, {}, "", True),
        ({"patient_birth_date": "19800101"}, {}, "", None),  # two persons under one number
        ({"patient_birth_date": ""}, {}, "", None),  # the number alone proves nothing
        ({}, {"patient_birth_date": ""}, "", None),
        ({"patient_id": "P2"}, {}, "", False),
        ({"issuer_of_patient_id": "A"}, {"issuer_of_patient_id": "A"}, "", True),
        ({"issuer_of_patient_id": "A", "patient_birth_date": ""}, {"issuer_of_patient_id": "A"}, "", True),
        ({"issuer_of_patient_id": "A", "patient_birth_date": "19800101"}, {"issuer_of_patient_id": "A"}, "", None),
        ({"issuer_of_patient_id": "B"}, {"issuer_of_patient_id": "A"}, "", False),
        ({"issuer_of_patient_id": "B"}, {}, "", None),  # ours says no issuer: whose number is it?
        ({}, {"issuer_of_patient_id": "A"}, "", None),
        ({}, {"issuer_of_patient_id": "A"}, "A", True),  # the site said whose numbers the archive uses
        ({}, {"issuer_of_patient_id": "A"}, "B", False),
    ],
)
def test_who_is_certainly_the_same(
    row: dict[str, str], who: dict[str, str], default: str, certain: bool | None
) -> None:
    listed = replace(ROW, **row)
    found = of_this_patient(replace(WHO, **who), (listed,), default)
    assert found == (None if certain is None else (listed,) if certain else ())


def test_an_ambiguous_identity_fetches_nothing_and_is_said(house: ArchiveHouse) -> None:
    there(house.archive, 2, day="20240101")
    there(house.archive, 3, day="20230101", born="19850505")
    assert outcome(house) == ("ambiguous", 0)
    assert "1.2.2" not in house.states()


def test_an_archive_that_lists_one_patient_and_sends_another_gives_nothing(house: ArchiveHouse) -> None:
    instance = there(house.archive, 2, day="20240101")
    another = a_file(instance.sop_instance_uid, study="1.2.2", patient="SOMEBODY ELSE")
    house.archive.keep(replace(ROW, study_instance_uid="1.2.2", study_date="20240101"), instance, another)
    assert outcome(house) == ("partly", 0)
    assert "1.2.2" not in house.states()


def test_a_film_without_issuer_becomes_a_prior_under_the_one_that_the_site_named(tmp_path: Path) -> None:
    house = ArchiveHouse(tmp_path)
    said = {"study_date": TODAY, "patient_birth_date": "19700101", "issuer_of_patient_id": "HOSPITAL"}
    house.send(a_file("1.2.1.1.1", study="1.2.1", identity=said))
    there(house.archive, 2, day="20240101")
    assert outcome(house, issuer="HOSPITAL") == ("fetched", 1)
    assert [key for key, _ in dated_priors(house.key("1.2.1"), house.vault)] == [house.key("1.2.2")]
    house.close()


def test_other_films_and_other_kinds_stay_where_they_are(house: ArchiveHouse) -> None:
    there(house.archive, 2, day="20240101", body_part="HAND")
    there(house.archive, 3, day="20240102", modality="CT")
    there(house.archive, 4, day="20150101")  # too old
    there(house.archive, 5, day="20270101")  # later than the film
    assert outcome(house) == ("none", 0)


def test_without_a_number_or_a_date_nobody_is_asked(tmp_path: Path) -> None:
    house = ArchiveHouse(tmp_path)
    house.send(a_file("1.2.1.1.1", study="1.2.1", patient=" "), a_file("1.2.2.1.1", study="1.2.2"))
    house.archive.asked.clear()
    for uid in ("1.2.1", "1.2.2"):
        (fetch,) = house.fetcher().fetch(house.key(uid)).fetches
        assert fetch.outcome is PriorOutcome.UNIDENTIFIED
    assert house.archive.asked == []
    house.close()


def test_a_copy_that_is_sent_to_be_read_is_read(house: ArchiveHouse) -> None:
    """Else a film that was fetched as yesterday's prior would never be read when it arrives itself."""
    instance = there(house.archive, 2, day=TODAY)
    outcome(house)
    assert house.states()["1.2.2"] == "fetched"
    house.feed.poll()  # the feed meets it after it was fetched
    assert house.states()["1.2.2"] == "admitted"
    with house.database.begin(write=False) as unit:
        assert unit.copy(house.key("1.2.2")) is None
    jobs = [(job.kind, job.study_key) for job, _ in house.database.jobs(JobState.READY)]
    assert (JobKind.ANALYSE, house.key("1.2.2")) in jobs
    assert instance.study_instance_uid == "1.2.2"


def test_a_job_asks_again_while_an_archive_is_away_and_then_says_so(house: ArchiveHouse) -> None:
    reception = house.build_reception(house.reception._inspector, house.database, house.vault, asks=(JobKind.PRIORS,))
    house.reception = reception
    house.send(a_file("1.2.6.1.1", study="1.2.6", identity={"study_date": TODAY, "patient_birth_date": "19700101"}))
    house.archive.away = True
    work = prior_work(house.fetcher(), house.database, house.clock)
    tries = 0
    while tries < 10:
        house.clock.advance(3600)
        if not work.run_one():
            break
        tries += 1
    assert tries == 5
    with house.database.begin(write=False) as unit:
        search = unit.prior_search(house.key("1.2.6"))
    assert search is not None
    assert [each.outcome for each in search.fetches] == [PriorOutcome.AWAY]
    assert [job.kind for job, _ in house.database.jobs(JobState.DEAD)] == []


def retention(house: ArchiveHouse) -> CopyRetention:
    return CopyRetention(house.database, house.vault, house.files, house.clock, days=30)


def test_copies_are_dropped_when_their_time_is_up_and_nobody_waits_for_them(house: ArchiveHouse) -> None:
    there(house.archive, 2, day="20240101")
    outcome(house)
    house.later(31)
    assert retention(house).sweep() == 0  # the film that it hangs beside is still to be read
    with house.database.begin() as unit:
        study = unit.study(house.key("1.2.1"))
        unit.save_study(replace(study, state=next_state(study.state, StudyEvent.SIGN)))
        unit.commit()
    assert retention(house).sweep() == 1
    assert house.states() == {"1.2.1": "signed"}
    assert dated_priors(house.key("1.2.1"), house.vault) == ()
    assert retention(house).sweep() == 0


def test_a_young_copy_stays(house: ArchiveHouse) -> None:
    there(house.archive, 2, day="20240101")
    outcome(house)
    house.clock.advance(timedelta(days=29).total_seconds())
    assert retention(house).sweep() == 0


def test_a_study_of_ours_is_never_dropped(house: ArchiveHouse) -> None:
    with house.database.begin() as unit, pytest.raises(PermanentError):
        unit.drop_copy(house.key("1.2.1"))
    assert house.study("1.2.1").state is StudyState.ADMITTED


def test_one_copy_that_cannot_be_dropped_keeps_no_other(house: ArchiveHouse) -> None:
    for number in (2, 3):
        there(house.archive, number, day=f"2024010{number}")
    outcome(house)
    with house.database.begin() as unit:
        unit.save_study(replace(unit.study(house.key("1.2.1")), state=StudyState.SIGNED))
        unit.open_hold(IdentityHold("h", house.key("1.2.2"), HoldKind.DEMOGRAPHICS, house.clock.now()))
        unit.commit()
    house.later(31)
    assert retention(house).sweep() == 1
    assert house.states() == {"1.2.1": "signed", "1.2.2": "fetched"}
    assert house.vault.unnamed.instances(house.key("1.2.2"))  # the vault forgot nothing that the database still names


def test_a_film_that_is_sent_in_the_commit_that_brings_a_copy_of_its_study_is_asked_about(house: ArchiveHouse) -> None:
    """Threads share commits: what was fetched says nothing for what a modality sent at the same moment."""
    checked: list[StudyKey] = []

    def check(_: object, arrived: Sequence[tuple[StudyKey, object]], __: object) -> None:
        checked.extend(key for key, _ in arrived)

    def arrived(sop: str, fetched: Fetched | None) -> Arrived:
        file = house.files.receive()
        file.write(a_file(sop, study="1.2.2"))
        file.flush()
        header = JsonInspector().inspect(file.path)
        return Arrived(header, file.keep(), "MODALITY", fetched=fetched)

    policy = SuitabilityPolicy()
    register = Register(
        house.database, house.vault, house.files, house.clock, SECRET, 20.0, policy, lambda _: "main", check
    )
    copy, sent = arrived("1.2.2.1.1", Fetched("pacs", house.key("1.2.1"))), arrived("1.2.2.1.2", None)
    register.commit([copy, sent])
    assert house.states()["1.2.2"] == "admitted"
    assert checked == [house.key("1.2.2")]


def test_nobody_is_asked_about_the_patient_of_a_copy(house: ArchiveHouse) -> None:
    checked: list[str] = []

    def check(_: object, arrived: Sequence[tuple[str, object]], __: object) -> None:
        checked.extend(key for key, _ in arrived)

    house.from_archive = house.build_reception(JsonInspector(), house.database, house.vault, check_identity=check)
    there(house.archive, 2, day="20240102")
    assert outcome(house) == ("fetched", 1)
    assert checked == []
