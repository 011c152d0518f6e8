"""The patient record: this patient's entries and nobody else's, none that never was, and a word for all that could not be had."""

from collections.abc import Iterator
from datetime import date

import pytest
from record_world import (
    BIOPSY,
    COPD,
    CREATININE,
    HEPARIN,
    MemoryRecordWorld,
    RecordWorld,
    a_number,
    admit,
    fhir_record_world,
)

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import PermanentError, StudyNotFound, TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.record import DayRange, Quantity, RecordEntry
from wetread.ports.patient_record import RecordAnswer, RecordQuery

K = RecordKind
EVERYTHING = RecordQuery(frozenset(K))


@pytest.fixture(scope="module", params=["memory", pytest.param("fhir", marks=pytest.mark.real)])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordWorld]:
    if request.param == "memory":
        yield MemoryRecordWorld()
        return
    with fhir_record_world(tmp_path_factory.mktemp("fhir")) as real:
        yield real


@pytest.fixture
def number() -> str:
    return a_number()


def read(world: RecordWorld, number: str, query: RecordQuery = EVERYTHING, issuer: str = "HOSPITAL") -> RecordAnswer:
    return world.record.entries(admit(world.vault, number, issuer=issuer), query)


def one(world: RecordWorld, number: str) -> RecordEntry:
    answer = read(world, number)
    assert answer.problems == ()
    (entry,) = answer.entries
    return entry


def day(text: str) -> DayRange:
    return DayRange(date.fromisoformat(text), date.fromisoformat(text))


def test_a_condition_comes_with_code_statuses_and_days(world: RecordWorld, number: str) -> None:
    world.condition(number, clinical="resolved", began="2024-05-01", ended="2025-01-31")
    entry = one(world, number)
    assert (entry.kind, entry.codes, entry.quantity) == (K.CONDITION, (COPD,), None)
    assert (entry.status, entry.clinical_status) == ("confirmed", "resolved")
    assert entry.text == "Chronic obstructive lung disease (resolved, confirmed)"
    assert (entry.began, entry.ended) == (day("2024-05-01"), day("2025-01-31"))


def test_a_laboratory_value_comes_with_its_unit(world: RecordWorld, number: str) -> None:
    world.lab(number, 1.25)
    entry = one(world, number)
    assert (entry.kind, entry.codes, entry.status) == (K.OBSERVATION, (CREATININE,), "final")
    assert (entry.quantity, entry.began) == (Quantity(1.25, "mg/dL"), day("2026-02-20"))
    assert entry.text == "Creatinine: 1.25 mg/dL"


def test_a_medicine_and_a_procedure_come_in_words(world: RecordWorld, number: str) -> None:
    world.medication(number, ended="2020-03-01")
    world.procedure(number)
    medicine, procedure = read(world, number).entries
    assert (medicine.kind, medicine.codes, medicine.text) == (
        K.MEDICATION_STATEMENT,
        (HEPARIN,),
        "Heparin, twice a day (active)",
    )
    assert (medicine.began, medicine.ended) == (day("2020-01-01"), day("2020-03-01"))
    assert (procedure.kind, procedure.codes, procedure.text) == (K.PROCEDURE, (BIOPSY,), BIOPSY.meaning)
    assert (procedure.began, procedure.ended) == (day("2026-01-15"), None)


def test_documents_and_reports_come_with_their_text(world: RecordWorld, number: str) -> None:
    world.document(number, "Admitted with dyspnoea.\nÄhnlich wie zuvor.")
    world.report(number, "No embolism.")
    document, report = read(world, number).entries
    assert (document.kind, document.text) == (
        K.DOCUMENT_REFERENCE,
        "Discharge summary\nAdmitted with dyspnoea.\nÄhnlich wie zuvor.",
    )
    assert document.began == DayRange(None, date(2026, 2, 1))
    assert (report.kind, report.text, report.began) == (
        K.DIAGNOSTIC_REPORT,
        "CT Chest: No embolism.",
        day("2026-02-02"),
    )


def test_kinds_come_in_their_order_whatever_came_first(world: RecordWorld, number: str) -> None:
    world.report(number, "x")
    world.procedure(number)
    world.lab(number, 1)
    world.condition(number)
    assert [each.kind for each in read(world, number).entries] == [
        K.CONDITION,
        K.OBSERVATION,
        K.PROCEDURE,
        K.DIAGNOSTIC_REPORT,
    ]
    only = RecordQuery(frozenset({K.PROCEDURE, K.OBSERVATION}))
    assert [each.kind for each in read(world, number, only).entries] == [K.OBSERVATION, K.PROCEDURE]


def test_what_never_was_is_no_entry(world: RecordWorld, number: str) -> None:
    for verification in ("refuted", "entered-in-error"):
        world.condition(number, verification=verification)
    world.lab(number, 1, status="entered-in-error")
    world.medication(number, status="entered-in-error")
    world.medication(number, status="not-taken")
    world.procedure(number, status="not-done")
    world.report(number, "x", status="entered-in-error")
    assert read(world, number) == RecordAnswer()


def test_what_is_in_doubt_is_an_entry_that_says_so(world: RecordWorld, number: str) -> None:
    world.condition(number, verification="provisional")
    assert one(world, number).status == "provisional"


def test_what_is_older_than_asked_is_left_out_unless_it_goes_on(world: RecordWorld, number: str) -> None:
    world.condition(number, began="1999-01-01")
    world.condition(number, began="1999-01-01", ended="2000-01-01", clinical="resolved")
    world.medication(number, began="1999-01-01")
    world.medication(number, began="1999-01-01", ended="2025-12-31")
    world.medication(number, began="1999-01-01", ended="2026-01-01")
    for taken in ("2025-12-31", "2026-01-01"):
        world.lab(number, 1, day=taken)
        world.procedure(number, day=taken)
    answer = read(world, number, RecordQuery(frozenset(K), since=date(2026, 1, 1)))
    kinds = [each.kind for each in answer.entries]
    assert kinds == [K.CONDITION, K.OBSERVATION, K.MEDICATION_STATEMENT, K.MEDICATION_STATEMENT, K.PROCEDURE]
    assert all(each.began == day("2026-01-01") for each in answer.entries if each.kind in (K.OBSERVATION, K.PROCEDURE))


def test_two_patients_of_one_number_at_two_issuers_are_two(world: RecordWorld, number: str) -> None:
    world.condition(number, began="2024-05-01")
    world.condition(number, began="2011-11-11", issuer="CLINIC")
    (here,), (there,) = (read(world, number, issuer=issuer).entries for issuer in ("HOSPITAL", "CLINIC"))
    assert (here.began, there.began) == (day("2024-05-01"), day("2011-11-11"))
    assert here.source_id != there.source_id


def test_patients_asked_in_turn_keep_their_own(world: RecordWorld) -> None:
    numbers = [a_number() for _ in range(3)]
    for which, number in enumerate(numbers):
        world.lab(number, which + 1)
    for _ in range(2):
        for which, number in enumerate(numbers):
            assert one(world, number).quantity == Quantity(which + 1, "mg/dL")


def test_source_ids_are_opaque_unique_and_lasting(world: RecordWorld, number: str) -> None:
    for value in (1, 2, 3):
        world.lab(number, value)
    first, again = ({each.source_id for each in read(world, number).entries} for _ in range(2))
    assert first == again
    assert len(first) == 3
    assert not any(number in each or "/" in each for each in first)


def test_who_cannot_be_found_has_no_entries_and_a_problem(world: RecordWorld, number: str) -> None:
    world.condition(number)
    for stranger in (
        read(world, a_number()),
        read(world, ""),
        read(world, number, issuer="ELSEWHERE"),
        read(world, number, issuer=""),
    ):
        assert stranger.entries == ()
        (problem,) = stranger.problems
        assert number not in problem


def test_a_patient_without_entries_has_no_problem(world: RecordWorld, number: str) -> None:
    world.patient(number)
    assert read(world, number) == RecordAnswer()


def test_a_study_the_vault_does_not_know(world: RecordWorld) -> None:
    with pytest.raises(StudyNotFound):
        world.record.entries(StudyKey("nobody"), EVERYTHING)


@pytest.mark.parametrize("error", [TransientError, PermanentError])
def test_a_record_that_is_away_or_refuses_says_which(
    world: RecordWorld, number: str, error: type[TransientError] | type[PermanentError]
) -> None:
    study = admit(world.vault, number)
    broken = world.break_down(error)
    try:
        with pytest.raises(error) as raised:
            broken.entries(study, EVERYTHING)
        assert number not in str(raised.value)
    finally:
        if isinstance(world, MemoryRecordWorld):
            world.record.fail_with = None
