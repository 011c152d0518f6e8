"""What a FHIR resource of the record becomes: words, codes, numbers, and days no surer than they are."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.drafting_context import RecordKind
from wetread.domain.finding import Code
from wetread.domain.record import DayRange, Quantity, RecordEntry
from wetread.fhir.record_entries import entry_of
from wetread.fhir.record_values import days_of

K = RecordKind
STATUS = {
    K.OBSERVATION: "final",
    K.MEDICATION_STATEMENT: "active",
    K.PROCEDURE: "completed",
    K.DOCUMENT_REFERENCE: "current",
    K.DIAGNOSTIC_REPORT: "final",
}


def read(kind: RecordKind, **elements: Any) -> RecordEntry | None:
    return entry_of({"resourceType": kind.value, "status": STATUS.get(kind), **elements}, kind, "id", {})


def entry(kind: RecordKind, **elements: Any) -> RecordEntry:
    found = read(kind, **elements)
    assert found is not None
    return found


def between(first: str, last: str) -> DayRange:
    return DayRange(date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None)


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2024-02-28", "2024-02-28", "2024-02-28"),
        ("2024-02-28T23:59:59-11:00", "2024-02-28", "2024-02-28"),
        ("2024-02-28T00:00:00.123Z", "2024-02-28", "2024-02-28"),
    ],
)
def test_a_date_means_all_the_days_it_may(written: str, first: str, last: str) -> None:
    assert days_of(written) == between(first, last)


@pytest.mark.parametrize(
    "written", ["", "2024-13", "2024-02-30", "0000", "24", "2024-2-1", "28.02.2024", "2024-02-28T", "٢٠٢٤", None, 2024]
)
def test_what_is_no_date_is_none(written: object) -> None:
    assert days_of(written) is None


@given(st.dates(min_value=date(1000, 1, 1)))
def test_a_day_is_itself_and_inside_its_month_and_year(day: date) -> None:
    text = day.isoformat()
    assert days_of(text) == DayRange(day, day)
    for shorter in (text[:7], text[:4]):
        found = days_of(shorter)
        assert found is not None
        assert found.first is not None
        assert found.last is not None
        assert found.first <= day <= found.last


@pytest.mark.parametrize(
    ("elements", "began"),
    [
        ({"onsetDateTime": "2024-05"}, between("2024-05-01", "2024-05-31")),
        ({"onsetPeriod": {"start": "2024-05-02", "end": "2024-06-01"}}, between("2024-05-02", "2024-05-02")),
        ({"onsetPeriod": {"end": "2024-06-01"}}, between("", "2024-06-01")),
        ({"recordedDate": "2024-06-01T10:00:00Z"}, between("", "2024-06-01")),
        ({"onsetAge": {"value": 52, "unit": "a"}}, None),
        ({"onsetString": "years ago"}, None),
        ({}, None),
    ],
)
def test_a_condition_began_when_it_says_or_no_later_than_recorded(
    elements: dict[str, Any], began: DayRange | None
) -> None:
    assert entry(K.CONDITION, code={"text": "Asthma"}, **elements).began == began


def test_an_abatement_period_ends_somewhere_inside() -> None:
    asthma = {"text": "Asthma"}
    period = {"start": "2024-05-02", "end": "2024-06"}
    assert entry(K.CONDITION, code=asthma, abatementPeriod=period).ended == between("2024-05-02", "2024-06-30")
    assert entry(K.CONDITION, code=asthma, abatementString="in childhood").ended is None


@pytest.mark.parametrize(
    ("value", "text", "quantity"),
    [
        ({"valueQuantity": {"value": 5, "unit": "mg/L"}}, "CRP: 5 mg/L", Quantity(5, "mg/L")),
        (
            {"valueQuantity": {"value": 5.25, "comparator": "<", "system": "http://unitsofmeasure.org", "code": "mg/L", "unit": "Milligramm"}},
            "CRP: <5.25 mg/L",
            Quantity(5.25, "mg/L", "<"),
        ),
        ({"valueQuantity": {"value": 0.5, "system": "http://unitsofmeasure.org", "code": "1"}}, "CRP: 0.5", Quantity(0.5, "1")),
        ({"valueCodeableConcept": {"coding": [{"display": "Positive"}]}}, "CRP: Positive", None),
        ({"valueString": "trace"}, "CRP: trace", None),
        ({"valueBoolean": False}, "CRP: no", None),
        ({"valueInteger": 0}, "CRP: 0", None),
        ({"valueQuantity": {"value": 5}, "interpretation": [{"text": "High"}]}, "CRP: 5 (High)", Quantity(5, "")),
    ],
)  # fmt: skip
def test_an_observation_says_its_value(value: dict[str, Any], text: str, quantity: Quantity | None) -> None:
    found = entry(K.OBSERVATION, code={"text": "CRP"}, **value)
    assert (found.text, found.quantity) == (text, quantity)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"dataAbsentReason": {"text": "unknown"}},
        {"valueQuantity": {"unit": "mg/L"}},
        {"valueQuantity": {"value": "5"}},
        {"valueQuantity": {"value": True}},
        {"valueQuantity": {"value": 5, "comparator": "~"}},
        {"valueString": ""},
    ],
)
def test_an_observation_without_a_value_is_none(value: dict[str, Any]) -> None:
    assert read(K.OBSERVATION, code={"text": "CRP"}, **value) is None


def test_components_are_said_one_by_one() -> None:
    parts = [
        {"code": {"text": name}, "valueQuantity": {"value": value, "unit": "mmHg"}}
        for name, value in (("systolic", 120), ("diastolic", 80))
    ]
    found = entry(K.OBSERVATION, code={"text": "Blood pressure"}, component=parts)
    assert (found.text, found.quantity) == ("systolic: 120 mmHg; diastolic: 80 mmHg", None)


@pytest.mark.parametrize(
    ("category", "kept"), [("laboratory", True), ("vital-signs", True), ("imaging", False), ("survey", False)]
)
def test_only_laboratory_and_vital_signs_are_taken(category: str, kept: bool) -> None:
    found = read(K.OBSERVATION, code={"text": "x"}, valueInteger=1, category=[{"coding": [{"code": category}]}])
    assert (found is not None) == kept


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (K.OBSERVATION, "registered"),
        (K.OBSERVATION, "cancelled"),
        (K.OBSERVATION, "unknown"),
        (K.OBSERVATION, "made-up"),
        (K.OBSERVATION, None),
        (K.MEDICATION_STATEMENT, "not-taken"),
        (K.MEDICATION_STATEMENT, "intended"),
        (K.PROCEDURE, "not-done"),
        (K.PROCEDURE, "preparation"),
        (K.DOCUMENT_REFERENCE, "superseded"),
        (K.DIAGNOSTIC_REPORT, "partial"),
        (K.DIAGNOSTIC_REPORT, "cancelled"),
    ],
)
def test_a_status_that_does_not_stand_is_no_entry(kind: RecordKind, status: str | None) -> None:
    whole = {
        "code": {"text": "x"},
        "type": {"text": "x"},
        "medicationCodeableConcept": {"text": "x"},
        "valueInteger": 1,
    }
    assert read(kind, **whole) is not None
    assert read(kind, **whole, status=status) is None


def test_a_document_in_error_is_no_entry() -> None:
    assert read(K.DOCUMENT_REFERENCE, type={"text": "Letter"}, docStatus="entered-in-error") is None


def test_a_document_is_as_old_as_what_it_describes() -> None:
    letter = {"type": {"text": "Letter"}, "date": "2024-06-01T10:00:00Z"}
    assert entry(K.DOCUMENT_REFERENCE, **letter).began == between("", "2024-06-01")
    described = {"context": {"period": {"start": "2024-05-20", "end": "2024-05-28"}}}
    assert entry(K.DOCUMENT_REFERENCE, **letter, **described).began == between("2024-05-20", "2024-05-20")


def test_codes_keep_their_system_and_known_ones_their_designator() -> None:
    codings = [
        {"system": "http://snomed.info/sct", "code": "195967001", "display": "Asthma"},
        {"system": "http://hl7.org/fhir/sid/icd-10", "code": "J45"},
        {"system": "urn:oid:2.999.7", "code": "local"},
        {"code": "without system"},
        {"system": "http://loinc.org"},
    ]
    found = entry(K.CONDITION, code={"coding": codings})
    assert found.codes == (
        Code("195967001", "SCT", "Asthma"),
        Code("J45", "I10", ""),
        Code("local", "urn:oid:2.999.7", ""),
    )
    assert found.text == "Asthma"


def test_notes_follow_and_controls_do_not_pass() -> None:
    found = entry(K.CONDITION, code={"text": "Asthma\x00"}, note=[{"text": "since \x1b[31mchildhood"}, {"text": 5}])
    assert found.text == "Asthma\ufffd\nsince \ufffd[31mchildhood"


def test_a_very_long_text_is_cut() -> None:
    assert len(entry(K.CONDITION, code={"text": "x" * 100_000}, note=[{"text": "y" * 100_000}]).text) < 3000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "2024", "final", "Patient/1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["coding", "code", "text", "system", "value", "start", "end", "attachment", "id", "display"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
ELEMENTS = ["code", "status", "category", "onsetPeriod", "valueQuantity", "valueCodeableConcept", "component", "interpretation", "note", "dosage", "contained",
            "medicationReference", "medicationCodeableConcept", "effectivePeriod", "performedPeriod", "context", "type", "conclusionCode", "clinicalStatus", "bodySite"]  # fmt: skip


@given(st.sampled_from(list(K)), st.dictionaries(st.sampled_from(ELEMENTS), JSON, max_size=5))
def test_no_json_breaks_the_reader(kind: RecordKind, elements: dict[str, Any]) -> None:
    found = read(kind, **elements)
    assert found is None or (found.kind is kind and (found.text or found.codes))
