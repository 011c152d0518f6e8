"""Whose identity is handed out stands in the audit log before it is: for every read there is, on every vault, and one that is added later."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from wetread.domain.acting_from import acting_from
from wetread.domain.audit import AuditEvent, AuditQuery
from wetread.domain.errors import TransientError
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.identity_access import ACCESS, IDENTITY_FIELDS, Purpose, Reader, studies_of
from wetread.domain.study import Indication
from wetread.ports.database import Database
from wetread.ports.recorded_vault import RecordedVault
from wetread.ports.vault import Search, VaultReads, VaultStore
from wetread.testing.builders import a_header, a_vault_instance, an_identity
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.memory_vault import MemoryVault

FIRST, SECOND = StudyKey("first"), StudyKey("second")
PLACE = ("2.25.1", "2.25.1.1", "2.25.1.1.1")
DOCTOR = Reader("dr-test", Purpose.PAGE)
EVERY = Search(order=("StudyDate",))

READS: dict[str, tuple[Callable[[VaultReads], Any], tuple[StudyKey, ...]]] = {
    "study": (lambda reads: reads.study(FIRST), (FIRST,)),
    "studies": (lambda reads: reads.studies([FIRST, SECOND]), (FIRST, SECOND)),
    "identities": (lambda reads: reads.identities([FIRST, SECOND]), (FIRST, SECOND)),
    "instances": (lambda reads: reads.instances(FIRST), (FIRST,)),
    "search_studies": (lambda reads: reads.search_studies(EVERY), (FIRST, SECOND)),
    "search_series": (lambda reads: reads.search_series(EVERY), (FIRST, SECOND)),
    "search_instances": (lambda reads: reads.search_instances(EVERY), (FIRST, SECOND)),
    "find_instance": (lambda reads: reads.find_instance(*PLACE), (FIRST,)),
}


@pytest.fixture
def log() -> MemoryDatabase:
    return MemoryDatabase()


@pytest.fixture
def recorded(vault: VaultStore, log: MemoryDatabase) -> RecordedVault:
    return RecordedVault(filled(vault), log, FixedClock())


def filled(vault: VaultStore) -> VaultStore:
    for number, key in enumerate((FIRST, SECOND), 1):
        header = a_header(
            study_instance_uid=f"2.25.{number}",
            series_instance_uid=f"2.25.{number}.1",
            sop_instance_uid=f"2.25.{number}.1.1",
            identity=an_identity(patient_name=f"Canary{number}^Anna", study_date=f"2026010{number}"),
            indication=Indication("Canary feels unwell"),
        )
        vault.admit([a_vault_instance(study_key=key, instance_key=InstanceKey(key), header=header)])
    return vault


def accesses(database: Database) -> list[AuditEvent]:
    return [each.event for each in reversed(database.search_audit(AuditQuery(action=ACCESS)))]


def test_every_read_of_the_port_is_tried_here() -> None:
    reads = {name for name, _ in inspect.getmembers(VaultReads, inspect.isfunction) if not name.startswith("_")}
    assert reads == {*READS, "priors"}


@pytest.mark.parametrize("name", READS)
def test_a_read_is_in_the_log_with_fields_and_purpose_and_without_values(
    recorded: RecordedVault, log: MemoryDatabase, name: str
) -> None:
    read, studies = READS[name]
    answer = read(recorded.on_behalf_of(DOCTOR))
    assert "Canary1^Anna" in repr(answer)
    (event,) = accesses(log)
    assert (event.actor_id, sorted(studies_of(event))) == ("dr-test", sorted(studies))
    assert dict(event.detail)["purpose"] == "page"
    assert dict(event.detail)["fields"].split() == list(IDENTITY_FIELDS)
    assert "Canary" not in repr(event)


@pytest.mark.parametrize("name", READS)
def test_without_a_name_nothing_of_identity_is_answered_and_no_record_made(
    recorded: RecordedVault, log: MemoryDatabase, name: str
) -> None:
    said = repr(READS[name][0](recorded.unnamed))
    identity = an_identity()
    assert not {"Canary", identity.patient_id, identity.patient_birth_date} & set(re.findall(r"\w+", said))
    assert "20260101" in said
    assert accesses(log) == []


@pytest.mark.parametrize("name", READS)
def test_what_cannot_be_written_down_is_not_handed_out(
    recorded: RecordedVault, log: MemoryDatabase, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def refuse(**_: bool) -> Any:
        raise TransientError("the disk is full", code="disk_full")

    monkeypatch.setattr(log, "begin", refuse)
    with pytest.raises(TransientError):
        READS[name][0](recorded.on_behalf_of(DOCTOR))


def test_other_fields_than_were_asked_for_are_not_handed_out(recorded: RecordedVault, log: MemoryDatabase) -> None:
    reader = Reader("dr-test", Purpose.PAGE, ("patient_name",))
    (film,) = recorded.on_behalf_of(reader).instances(FIRST)
    assert film.header.identity.patient_name == "Canary1^Anna"
    assert (film.header.identity.patient_id, film.header.indication) == ("", Indication())
    assert dict(accesses(log)[0].detail)["fields"] == "patient_name"


def test_who_saw_a_study_is_found_by_its_key(database: Database) -> None:
    recorded = RecordedVault(filled(MemoryVault()), database, FixedClock())
    recorded.on_behalf_of(DOCTOR).studies([FIRST, SECOND])
    recorded.on_behalf_of(Reader("qa", Purpose.EXPORT)).study(SECOND)

    def saw(key: StudyKey) -> list[str]:
        return [each.event.actor_id for each in database.search_audit(AuditQuery(action=ACCESS, study_key=key))]

    assert saw(FIRST) == ["dr-test"]
    assert saw(SECOND) == ["qa", "dr-test"]
    assert saw(StudyKey("firs")) == []


def test_a_page_that_refreshes_itself_is_written_down_once_an_hour(log: MemoryDatabase) -> None:
    clock = FixedClock()
    shown = RecordedVault(MemoryVault(), log, clock)
    keys = [StudyKey(f"study{number:03}") for number in range(450)]
    for _ in range(3):
        shown.shown(DOCTOR, keys)
    assert [dict(each.detail)["count"] for each in accesses(log)] == ["200", "200", "50"]
    shown.shown(DOCTOR, [*keys, StudyKey("new")])
    assert studies_of(accesses(log)[-1]) == ("new",)
    clock.advance(3600)
    shown.shown(DOCTOR, keys[:1])
    assert studies_of(accesses(log)[-1]) == (keys[0],)
    shown.shown(Reader("other", Purpose.PAGE), keys[:1])
    assert accesses(log)[-1].actor_id == "other"


def test_the_same_reader_elsewhere_is_another_record(log: MemoryDatabase) -> None:
    vault = RecordedVault(MemoryVault(), log, FixedClock())
    for address in ("10.0.0.7", "10.0.0.7", "203.0.113.9", "10.0.0.7"):
        with acting_from(address):
            vault.shown(DOCTOR, [FIRST])
    assert [each.address for each in accesses(log)] == ["10.0.0.7", "203.0.113.9"]


def test_within_a_transaction_the_record_is_of_that_transaction(database: Database) -> None:
    recorded = RecordedVault(filled(MemoryVault()), database, FixedClock())
    with database.begin() as unit:
        recorded.on_behalf_of(DOCTOR, unit).study(FIRST)
    assert accesses(database) == []
    with database.begin() as unit:
        recorded.on_behalf_of(DOCTOR, unit).study(FIRST)
        unit.commit()
    assert len(accesses(database)) == 1
