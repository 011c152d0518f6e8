"""The promises of the reception, on real databases and files."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from builders_ingest import NOON, QUIET_PERIOD_S, House, JsonInspector, a_file

from wetread.domain.acting_from import acting_from
from wetread.domain.audit import AuditEvent, verify_chain
from wetread.domain.errors import TransientError
from wetread.domain.job import Job, JobKind, JobState
from wetread.domain.study import InstanceHeader, Study
from wetread.domain.study_state import StudyEvent, StudyState, next_state
from wetread.ingest.outcome import Claim, InstanceOutcome, Outcome
from wetread.ports.vault import VaultInstance
from wetread.storage.database import SqlDatabase
from wetread.storage.vault import SqlVault


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    assert verify_chain(house.database.audit_records()) is None
    house.close()


def outcomes(answers: tuple[InstanceOutcome, ...]) -> list[str]:
    return [each.outcome.value for each in answers]


def study(house: House, uid: str = "1.2") -> Study:
    with house.database.begin(write=False) as unit:
        return unit.study(house.key(uid))


def jobs(house: House) -> list[Job]:
    return [job for job, _ in house.database.jobs(JobState.READY)]


def audited(house: House) -> list[tuple[str, str]]:
    return [(record.event.action, record.event.outcome) for record in house.database.audit_records()]


def claim(house: House) -> Job | None:
    return house.database.claim_job(frozenset(JobKind), now=house.clock.now(), lease_s=60)


def test_a_stored_instance_has_its_bytes_its_identity_its_row_and_one_job(house: House) -> None:
    content = a_file()
    assert outcomes(house.send(content)) == ["stored"]
    with house.database.begin(write=False) as unit:
        (instance,) = unit.instances(house.key())
    assert house.files.path_of(instance.content_sha256).read_bytes() == content
    assert house.held.study(house.key()).identity.patient_id == "P1"
    assert (study(house).state, study(house).revision) == (StudyState.ADMITTED, 1)
    assert [job.dedupe_key for job in jobs(house)] == [f"analyse:{house.key()}:1"]
    assert audited(house) == [("study.admit", "success"), ("instance.store", "success")]


def test_success_names_the_instance_to_its_sender(house: House) -> None:
    (answer,) = house.send(a_file("1.2.3.4"))
    assert answer.outcome.acknowledged
    assert (answer.study_instance_uid, answer.sop_instance_uid) == ("1.2", "1.2.3.4")


def test_the_read_waits_until_no_image_came_for_the_quiet_period(house: House) -> None:
    house.send(a_file("1.2.3"))
    house.clock.advance(QUIET_PERIOD_S - 1)
    house.send(a_file("1.2.4"))
    house.clock.advance(QUIET_PERIOD_S - 1)
    assert claim(house) is None
    house.clock.advance(1)
    assert claim(house) is not None
    assert claim(house) is None


def test_an_age_over_ninety_is_one_class(house: House) -> None:
    house.send(a_file(age=97))
    assert study(house).traits.patient_age_years == 90


def test_the_same_bytes_again_are_a_success_with_nothing_new(house: House) -> None:
    house.send(a_file())
    assert outcomes(house.send(a_file(), a_file())) == ["duplicate", "duplicate"]
    with house.database.begin(write=False) as unit:
        assert len(unit.instances(house.key())) == 1
    assert len(jobs(house)) == 1


def test_other_bytes_under_the_same_uid_keep_the_first_and_tell_the_sender(house: House) -> None:
    house.send(a_file(filler=1))
    (answer,) = house.send(a_file(filler=2))
    assert answer.outcome is Outcome.CONFLICT
    assert answer.sop_instance_uid == "1.2.3"
    (kept,) = house.vault.unnamed.instances(house.key())
    assert house.files.path_of(kept.content_sha256).read_bytes() == a_file(filler=1)
    assert audited(house)[-1] == ("instance.store", "instance_conflict")


def test_a_conflict_makes_no_study(house: House) -> None:
    house.send(a_file("1.2.3", study="1.2"))
    assert outcomes(house.send(a_file("1.2.3", study="9.9"))) == ["conflict"]
    with house.database.begin(write=False) as unit:
        assert unit.find_study(house.key("9.9")) is None


def test_a_study_never_belongs_to_two_patients(house: House) -> None:
    house.send(a_file("1.2.3", patient="P1"))
    (answer,) = house.send(a_file("1.2.4", patient="P2"))
    assert answer.outcome is Outcome.IDENTITY_CONFLICT
    assert house.held.study(house.key()).identity.patient_id == "P1"
    with house.database.begin(write=False) as unit:
        assert len(unit.instances(house.key())) == 1
    assert audited(house)[-1] == ("instance.store", "identity_conflict")
    last = list(house.database.audit_records())[-1].event
    kept = dict(last.detail)["sha256"]
    assert house.files.path_of(kept).read_bytes() == a_file("1.2.4", patient="P2")


def test_an_identity_conflict_does_not_fail_its_neighbours(house: House) -> None:
    house.send(a_file("1.2.3"))
    many = [a_file(f"5.{n}", study="5") for n in range(6)]
    answers = house.send(*many[:3], a_file("1.2.4", patient="P2"), *many[3:])
    assert outcomes(answers) == ["stored"] * 3 + ["identity_conflict"] + ["stored"] * 3


def test_a_hostile_file_leaves_one_audit_record_by_hash_and_nothing_else(house: House) -> None:
    (answer,) = house.send(b"MZ this program cannot be run in DOS mode")
    assert (answer.outcome, answer.code) == (Outcome.REFUSED, "not_dicom")
    (record,) = house.database.audit_records()
    digest = hashlib.sha256(b"MZ this program cannot be run in DOS mode").hexdigest()
    assert record.event == AuditEvent("instance.store", "MODALITY", "not_dicom", None, (("sha256", digest),))
    assert [p for p in house.files._root.rglob("*") if p.is_file()] == []
    assert jobs(house) == []


def test_good_and_garbage_in_one_request_are_answered_one_by_one(house: House) -> None:
    assert outcomes(house.send(a_file("1.2.3"), b"x", a_file("1.2.4"))) == ["stored", "refused", "stored"]


def test_content_that_is_not_what_the_envelope_says_is_refused(house: House) -> None:
    (answer,) = house.send(a_file(study="1.2"), claim=Claim(study_instance_uid="1.3"))
    assert answer.outcome is Outcome.CLAIM_MISMATCH
    assert audited(house) == [("instance.store", "claim_mismatch")]
    assert outcomes(house.send(a_file(study="1.2"), claim=Claim(study_instance_uid="1.2"))) == ["stored"]


def test_a_study_with_nothing_to_read_stays_visible_with_its_reason(house: House) -> None:
    assert outcomes(house.send(a_file(modality="CT"))) == ["stored"]
    assert study(house).state is StudyState.REJECTED
    assert "CT" in study(house).reason
    assert jobs(house) == []
    assert audited(house)[0] == ("study.reject", "wrong_modality")


def test_a_frontal_film_after_a_lateral_one_admits_the_study(house: House) -> None:
    house.send(a_file("1.2.3", view_position="LL"))
    house.send(a_file("1.2.4"))
    assert (study(house).state, study(house).reason) == (StudyState.ADMITTED, "")
    assert len(jobs(house)) == 1


def test_a_second_unreadable_image_leaves_a_rejected_study_rejected(house: House) -> None:
    house.send(a_file("1.2.3", view_position="LL"), a_file("1.2.4", modality="CT"))
    assert study(house).state is StudyState.REJECTED
    assert "lateral" in study(house).reason


def test_a_late_image_of_an_analysed_study_is_read_again_under_the_next_revision(house: House) -> None:
    house.send(a_file("1.2.3"))
    advance_to(house, StudyEvent.ANALYSE, StudyEvent.TRIAGE, StudyEvent.DRAFT)
    house.send(a_file("1.2.4"))
    assert (study(house).state, study(house).revision) == (StudyState.ADMITTED, 2)
    assert jobs(house)[-1].dedupe_key.endswith(":2")
    assert ("study.late_instance", "read_again") in audited(house)


def test_an_image_after_the_read_was_claimed_gets_a_read_of_its_own(house: House) -> None:
    """The worker may have listed the instances already; the old job is then superseded."""
    house.send(a_file("1.2.3"))
    house.clock.advance(QUIET_PERIOD_S)
    assert claim(house) is not None
    house.send(a_file("1.2.4"))
    assert (study(house).state, study(house).revision) == (StudyState.ADMITTED, 2)
    assert [job.dedupe_key for job in jobs(house)] == [f"analyse:{house.key()}:2"]


def test_an_image_that_comes_while_a_person_reads_does_not_take_the_study_away(house: House) -> None:
    house.send(a_file("1.2.3"))
    advance_to(house, StudyEvent.OPEN)
    house.send(a_file("1.2.4"))
    assert (study(house).state, study(house).revision) == (StudyState.IN_READING, 2)


@pytest.mark.parametrize("events", [(), (StudyEvent.DELIVER,), (StudyEvent.AMEND,)])
def test_an_image_after_signing_is_there_for_a_person_and_read_apart(
    house: House, events: tuple[StudyEvent, ...]
) -> None:
    house.send(a_file("1.2.3"))
    advance_to(house, StudyEvent.SIGN, *events)
    before = study(house)
    assert outcomes(house.send(a_file("1.2.4"), a_file("1.2.5"))) == ["stored"] * 2
    assert study(house) == replace(before, state=StudyState.NEW_IMAGES)
    assert [job.kind for job in jobs(house)] == [JobKind.ANALYSE, JobKind.LATE, JobKind.LATE]
    assert ("study.late_instance", "new_images") in audited(house)
    with house.database.begin(write=False) as unit:
        late = unit.late_images([house.key()])[house.key()]
    assert (len(late.instances), late.is_open, late.round) == (2, True, 1)


def test_a_document_after_signing_is_no_new_image(house: House) -> None:
    house.send(a_file("1.2.3"))
    advance_to(house, StudyEvent.SIGN)
    before = study(house)
    house.send(a_file("1.2.4", sop_class_uid="1.2.840.10008.5.1.4.1.1.88.33", has_pixel_data=False, rows=0))
    assert study(house) == before
    assert ("study.late_instance", "reported") in audited(house)


def test_our_own_result_come_back_moves_nothing(house: House) -> None:
    """A heat map has pixels: without this it would be a new image, and on a site that reads captured films a film."""
    house.send(a_file("1.2.3"))
    advance_to(house, StudyEvent.SIGN)
    before = study(house)
    own = a_file("1.2.4", sop_class_uid="1.2.840.10008.5.1.4.1.1.7", modality="OT", manufacturer="wetread")
    assert outcomes(house.send(own)) == ["stored"]
    assert study(house) == before
    assert "study.own_result" in [action for action, _ in audited(house)]
    posing = a_file("1.2.5", manufacturer="wetread")  # a film stays a film whatever it says of its maker
    house.send(posing)
    assert study(house).state is StudyState.NEW_IMAGES


def advance_to(house: House, *events: StudyEvent) -> None:
    with house.database.begin() as unit:
        for event in events:
            now = unit.study(house.key())
            unit.save_study(replace(now, state=next_state(now.state, event)))
        unit.audit(AuditEvent("test.advance", "test"), NOON)
        unit.commit()


def test_one_instance_sent_twenty_times_at_once_is_one_row_and_one_job(house: House) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: house.send(a_file())[0].outcome, range(20)))
    assert sorted(answers) == [Outcome.DUPLICATE] * 19 + [Outcome.STORED]
    with house.database.begin(write=False) as unit:
        assert len(unit.instances(house.key())) == 1
    assert len(jobs(house)) == 1


def test_films_that_are_committed_together_bear_each_its_own_sender_s_address(house: House) -> None:
    def send(number: int) -> None:
        with acting_from(f"10.0.0.{number}" if number else ""):
            house.send(a_file(f"1.2.{number}") if number % 3 else b"no film", sender=f"M{number}")

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(send, range(20)))
    events = [each.event for each in house.database.audit_records()]
    assert {each.actor_id for each in events} == {f"M{number}" for number in range(20)}
    for each in events:
        number = each.actor_id[1:]
        assert each.address == (f"10.0.0.{number}" if number != "0" else ""), each


def test_two_receptions_on_one_house_agree(tmp_path: Path) -> None:
    """The HTTP door and the DIMSE door are two processes with a reception each."""
    first, second = House(tmp_path), House(tmp_path)
    with ThreadPoolExecutor(16) as pool:
        sent = [pool.submit(door.send, a_file(f"1.2.{n}")) for n in range(10) for door in (first, second)]
        answers = [each.result()[0].outcome for each in sent]
    assert answers.count(Outcome.STORED) == answers.count(Outcome.DUPLICATE) == 10
    with first.database.begin(write=False) as unit:
        assert len(unit.instances(first.key())) == 10
    assert len(jobs(first)) == 1
    first.close()
    second.close()


class BusyInspector(JsonInspector):
    def inspect(self, path: Path) -> InstanceHeader:
        raise TransientError("the sandbox was killed twice: try again")


class BrokenInspector(JsonInspector):
    def inspect(self, path: Path) -> InstanceHeader:
        raise RuntimeError("a bug")


def test_an_instance_that_cannot_be_looked_at_now_is_not_acknowledged(tmp_path: Path) -> None:
    house = House(tmp_path, inspector=BusyInspector())
    (answer,) = house.send(a_file())
    assert answer.outcome is Outcome.UNAVAILABLE
    assert list((tmp_path / "films" / "incoming").iterdir()) == []
    house.close()


def test_a_bug_in_a_door_leaves_no_file_behind(tmp_path: Path) -> None:
    house = House(tmp_path, inspector=BrokenInspector())
    with pytest.raises(RuntimeError):
        house.send(a_file("1.2.3"), a_file("1.2.4"))
    assert list((tmp_path / "films" / "incoming").iterdir()) == []
    house.close()


class DatabaseDown(SqlDatabase):
    def begin(self, *, write: bool = True) -> NoReturn:
        raise TransientError("the database is down", code="database_down")


class VaultDown(SqlVault):
    def admit(self, instances: list[VaultInstance]) -> NoReturn:
        raise TransientError("the vault is down", code="database_down")


class VaultBroken(SqlVault):
    def admit(self, instances: list[VaultInstance]) -> NoReturn:
        raise RuntimeError("a bug")


@pytest.mark.parametrize("vault", [VaultDown, VaultBroken])
def test_no_success_without_the_vault_and_none_lost_when_it_is_back(
    house: House, tmp_path: Path, vault: type[SqlVault]
) -> None:
    working = house.reception
    house.reception = house.build_reception(
        JsonInspector(), house.database, vault(f"sqlite:///{tmp_path / 'vault.db'}")
    )
    assert outcomes(house.send(a_file())) == ["unavailable"]
    with house.database.begin(write=False) as unit:
        assert unit.find_study(house.key()) is None
    house.reception = working
    assert outcomes(house.send(a_file())) == ["stored"]


def test_no_success_without_the_working_database(house: House, tmp_path: Path) -> None:
    down = DatabaseDown(f"sqlite:///{tmp_path / 'work.db'}")
    house.reception = house.build_reception(JsonInspector(), down, house.vault)
    assert outcomes(house.send(a_file())) == ["unavailable"]
    assert outcomes(house.send(b"hostile")) == ["unavailable"]  # not even a refusal goes unrecorded
    down.close()


def test_identity_never_reaches_the_working_database(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.send(a_file("1.2.840.99.7", study="1.2.840.99", patient="CANARY-77"), b"garbage CANARY-77")
    house.close()
    content = b"".join(path.read_bytes() for path in tmp_path.glob("work.db*"))
    assert b"CANARY-77" not in content
    assert b"1.2.840.99" not in content
    assert b"Doe^Jane" not in content
