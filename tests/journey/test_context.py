"""Context on the straight line: what was signed and what the record says reach the draft, and a record that is away costs the draft nothing but a sentence."""

from dataclasses import dataclass, field, replace
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from tests.films import film
from tests.journey.test_one_study import DOCTOR, House

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import TransientError
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.record import DayRange, RecordEntry
from wetread.domain.report import Draft
from wetread.domain.study_state import StudyState
from wetread.drafting.grammar import GrammarDrafter
from wetread.ports.drafter import DraftingRequest

LUNG_COLLAPSE = RecordEntry(
    "e1",
    RecordKind.CONDITION,
    (),
    "Pneumothorax, recurrent (active)",
    began=DayRange(date(2025, 9, 1), date(2025, 9, 1)),
)


@dataclass
class Listening:
    """The grammar, and every request that it was asked with."""

    requests: list[DraftingRequest] = field(default_factory=list)
    fail_once: bool = False

    def draft(self, request: DraftingRequest) -> Draft:
        self.requests.append(request)
        if self.fail_once:
            self.fail_once = False
            raise TransientError("the drafter is away")
        return GrammarDrafter().draft(request)


@pytest.fixture
def drafter() -> Listening:
    return Listening()


@pytest.fixture
def house(tmp_path: Path, drafter: Listening) -> House:
    home = House(tmp_path)
    home.worker = replace(home.worker, pipeline=replace(home.worker.pipeline, drafter=drafter))
    return home


def a_film(seed: int, number: str = "PHANTOM-0001", day: str = "") -> bytes:
    dataset = dcmread(BytesIO(film(seed)))
    dataset.PatientID, dataset.IssuerOfPatientID = number, "HOSPITAL"
    dataset.StudyDate = day or dataset.StudyDate
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def drafted(house: House, content: bytes) -> StudyKey:
    key = house.receive(content)
    house.work()
    assert house.state(key) is StudyState.DRAFTED
    return key


def sign(house: House, key: StudyKey) -> None:
    report = house.desk.open(DOCTOR, key).report
    assert report is not None
    house.desk.sign(DOCTOR, key, report.etag, "authored")
    house.work()


def words(house: House, key: StudyKey) -> str:
    with house.database.begin(write=False) as unit:
        draft = unit.draft(key)
    assert draft is not None
    return "\n".join(each.text for each in draft.sentences)


def audited(house: House, key: StudyKey) -> dict[str, str]:
    events = [each.event for each in house.database.audit_records() if each.event.study_key == key]
    return dict(next(each.detail for each in events if each.action == "study.draft"))


def test_what_was_signed_and_what_the_record_says_reach_the_draft(house: House, drafter: Listening) -> None:
    house.record.add("PHANTOM-0001", LUNG_COLLAPSE)
    first = drafted(house, a_film(1, day="20260220"))
    sign(house, first)
    second = drafted(house, a_film(2, day="20260227"))
    context = drafter.requests[-1].context
    (prior,) = context.priors
    assert prior.days_before == 7
    assert FindingName.PNEUMOTHORAX in {each.name for each in prior.findings if each.present}
    assert {each.kind for each in context.snippets} >= {RecordKind.CONDITION}
    assert context.problems == ()
    assert "7 days before" in words(house, second)
    assert "Pneumothorax, recurrent (active)" in words(house, second)
    facts = audited(house, second)
    assert facts["priors"] == "1"
    assert "Condition" in facts["snippet_kinds"]
    assert "recurrent" not in repr(facts)


def test_a_first_film_of_a_patient_without_record_says_what_could_not_be_had(house: House) -> None:
    key = drafted(house, a_film(1))
    assert "the record does not know this patient" in words(house, key)
    assert audited(house, key)["context_problems"] == "1"


def test_a_record_that_is_away_costs_the_draft_a_sentence(house: House) -> None:
    house.record.fail_with = TransientError("the record server does not answer")
    key = drafted(house, a_film(1))
    assert "patient record: the record server does not answer" in words(house, key)


def test_a_draft_that_is_tried_again_is_given_the_same(house: House, drafter: Listening) -> None:
    house.record.add("PHANTOM-0001", LUNG_COLLAPSE)
    drafter.fail_once = True
    drafted(house, a_film(1))
    first, again = (each.context for each in drafter.requests)
    assert first == again
    assert len(first.snippets) == 1


def test_two_patients_in_turn_never_meet(house: House, drafter: Listening) -> None:
    said = {"PHANTOM-0001": "Pneumothorax after warfarin", "PHANTOM-0002": "Pneumothorax after heparin"}
    for number, text in said.items():
        house.record.add(number, replace(LUNG_COLLAPSE, source_id=f"e-{number}", text=text))
    for seed, number in enumerate([*said, *said, *said], start=1):
        drafted(house, a_film(seed, number))
        texts = repr(drafter.requests[-1].context)
        assert said[number].split()[-1] in texts
        assert not any(text.split()[-1] in texts for each, text in said.items() if each != number)
