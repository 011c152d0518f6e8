"""Each criterion on facts that meet it, do not, and leave it open. Unknown is never met, and no reason holds a word of the record."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from wetread.domain.analysis import Finding, OperatingPoint
from wetread.domain.drafting_context import RecordKind
from wetread.domain.finding import Code, FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.record import DayRange, Quantity, RecordEntry
from wetread.domain.report import ReportFinding
from wetread.domain.study import Sex
from wetread.trials.criteria import (
    AgeRule,
    Criterion,
    Event,
    EventRule,
    FindingRule,
    LaboratoryRule,
    Relation,
    Rule,
    SexRule,
    TrialCriteria,
)
from wetread.trials.judge import StudyFacts, assess
from wetread.trials.truth import Truth
from wetread.trials.verdict import Source, Verdict

Y, N, U = Truth.YES, Truth.NO, Truth.UNKNOWN
DAY = date(2026, 3, 2)
FACTS = StudyFacts(StudyKey("s"), DAY, 64, Sex.FEMALE, (), None, (), complete=True)
COPD, BIOPSY, HEPARIN = frozenset({("SCT", "1")}), frozenset({("SCT", "2")}), frozenset({("RXNORM", "3")})
CONDITION, PROCEDURE, MEDICINE = (
    Event(RecordKind.CONDITION, COPD),
    Event(RecordKind.PROCEDURE, BIOPSY),
    Event(RecordKind.MEDICATION_STATEMENT, HEPARIN),
)


def ago(days: int) -> date:
    return DAY - timedelta(days=days)


def on(days: int | None) -> DayRange | None:
    return None if days is None else DayRange(ago(days), ago(days))


def between(most: int | None, least: int | None) -> DayRange:
    return DayRange(None if most is None else ago(most), None if least is None else ago(least))


def an_entry(event: Event, began: DayRange | None, name: str = "e", **said: Any) -> RecordEntry:
    ((scheme, value),) = event.codes
    status = {RecordKind.PROCEDURE: "completed", RecordKind.MEDICATION_STATEMENT: "active"}.get(event.kind, "confirmed")
    clinical = "active" if event.kind is RecordKind.CONDITION else ""
    facts = {"status": status, "clinical_status": clinical, "began": began, **said}
    return RecordEntry(name, event.kind, (Code(value, scheme, "secret meaning"),), "secret text", **facts)


def verdict(rule: Rule, *entries: RecordEntry, facts: StudyFacts = FACTS, **changes: Any) -> Verdict:
    criteria = TrialCriteria("T", "t", "", (Criterion("c", rule, excludes=False),))
    known = replace(facts, entries=entries, **changes) if entries else replace(facts, **changes)
    (found,) = assess(criteria, known).verdicts
    assert "secret" not in found.reason
    return found


def truth(rule: Rule, *entries: RecordEntry, **changes: Any) -> Truth:
    return verdict(rule, *entries, **changes).truth


# age and sex


@pytest.mark.parametrize(
    ("rule", "years", "answer"),
    [
        (AgeRule(18, 80), 18, Y), (AgeRule(18, 80), 80, Y), (AgeRule(18, 80), 17, N), (AgeRule(18, 80), 81, N),
        (AgeRule(18, None), 90, Y), (AgeRule(None, 80), 3, Y), (AgeRule(18, 80), None, U),
        (AgeRule(None, 89), 90, N), (AgeRule(None, 90), 90, U), (AgeRule(None, 95), 90, U), (AgeRule(95, None), 90, U),
        (AgeRule(90, None), 90, Y), (AgeRule(91, None), 89, N),
    ],
)  # fmt: skip
def test_age_is_capped_at_ninety(rule: AgeRule, years: int | None, answer: Truth) -> None:
    assert truth(rule, age_years=years) is answer


def test_the_reason_gives_an_age_band_and_no_age() -> None:
    assert verdict(AgeRule(18, None), age_years=64).reason == "age 60 to 69"
    assert verdict(AgeRule(18, None), age_years=90).reason == "age 90 or more"


@pytest.mark.parametrize(("sex", "answer"), [(Sex.FEMALE, Y), (Sex.MALE, N), (Sex.OTHER, N), (Sex.UNKNOWN, U)])
def test_sex(sex: Sex, answer: Truth) -> None:
    assert truth(SexRule(frozenset({Sex.FEMALE})), sex=sex) is answer


# findings


def modelled(name: FindingName, probability: float | None) -> Finding:
    return Finding(name, 0.0, probability, OperatingPoint(0.5, "r", None, None), "", None)


@pytest.mark.parametrize(
    ("probability", "answer"), [(0.6, Y), (0.59, N), (0.9, N), (0.89, Y), (None, U)]
)  # fmt: skip
def test_a_finding_by_the_model(probability: float | None, answer: Truth) -> None:
    rule = FindingRule(FindingName.MASS, signed=False, at_least=0.6, below=0.9)
    assert truth(rule, findings=(modelled(FindingName.MASS, probability),)) is answer
    assert truth(rule, findings=(modelled(FindingName.NODULE, 0.7),)) is U
    assert truth(rule, findings=()) is U


SIGNED = [
    ((), "", True, U),
    ((("mass", True, "left"),), "", True, Y),
    ((("mass", False, ""),), "", True, N),
    ((("mass", True, ""),), "", False, N),
    ((("mass", False, ""),), "", False, Y),
    ((("mass", True, "left"), ("mass", False, "right")), "", True, Y),
    ((("mass", True, "left"), ("mass", False, "right")), "", False, N),
    ((("mass", True, "left"),), "left", True, Y),
    ((("mass", True, "right"),), "left", True, N),
    ((("mass", True, ""),), "left", True, U),
    ((("mass", True, "bilateral"),), "left", True, Y),
    ((("mass", True, "left"), ("mass", True, "right")), "bilateral", True, Y),
    ((("mass", True, "left"),), "bilateral", True, N),
    ((("nodule", True, ""),), "", True, U),
]


@pytest.mark.parametrize(("said", "side", "present", "answer"), SIGNED)
def test_a_finding_by_the_signed_report(said: tuple[Any, ...], side: str, present: bool, answer: Truth) -> None:
    rule = FindingRule(FindingName.MASS, signed=True, present=present, laterality=side)
    signed = tuple(ReportFinding(FindingName(name), there, where) for name, there, where in said)
    assert truth(rule, signed=signed) is answer
    assert truth(rule, signed=None) is U


# conditions, medicines, procedures


@pytest.mark.parametrize(
    ("entry", "answer"),
    [
        (an_entry(CONDITION, on(5000)), Y),
        (an_entry(CONDITION, None), U),
        (an_entry(CONDITION, on(-1)), N),
        (an_entry(CONDITION, between(None, 3)), Y),
        (an_entry(CONDITION, on(5), status="provisional"), U),
        (an_entry(CONDITION, on(5), status=""), Y),
        (an_entry(CONDITION, on(500), clinical_status="resolved"), Y),
        (an_entry(PROCEDURE, on(5)), N),
    ],
)
def test_a_condition_ever(entry: RecordEntry, answer: Truth) -> None:
    assert truth(EventRule(CONDITION), entry) is answer


@pytest.mark.parametrize(
    ("entry", "answer"),
    [
        (an_entry(CONDITION, on(500)), Y),
        (an_entry(CONDITION, on(500), ended=on(30)), Y),
        (an_entry(CONDITION, on(500), ended=on(31)), N),
        (an_entry(CONDITION, on(500), ended=between(60, 10)), U),
        (an_entry(CONDITION, on(500), clinical_status="resolved"), U),
        (an_entry(CONDITION, on(20), clinical_status="resolved"), Y),
        (an_entry(CONDITION, on(500), clinical_status=""), U),
    ],
)
def test_a_condition_that_was_going_on_in_time(entry: RecordEntry, answer: Truth) -> None:
    assert truth(EventRule(CONDITION, within_days=30), entry) is answer


@pytest.mark.parametrize(
    ("began", "answer"), [(on(30), Y), (on(31), N), (between(40, 20), U), (between(None, 3), U), (None, U)]
)
def test_a_condition_that_began_in_time(began: DayRange | None, answer: Truth) -> None:
    assert truth(EventRule(CONDITION, began_within_days=30), an_entry(CONDITION, began)) is answer


@pytest.mark.parametrize(
    ("status", "ended", "active", "not_active"),
    [
        ("active", None, Y, N), ("relapse", None, Y, N), ("remission", None, N, Y), ("resolved", None, N, Y),
        ("", None, U, U), ("", on(3), N, Y),
    ],
)  # fmt: skip
def test_active_is_by_its_own_status(status: str, ended: DayRange | None, active: Truth, not_active: Truth) -> None:
    entry = an_entry(CONDITION, on(500), clinical_status=status, ended=ended)
    assert truth(EventRule(CONDITION, active=True), entry) is active
    assert truth(EventRule(CONDITION, active=False), entry) is not_active


@pytest.mark.parametrize(
    ("status", "answer"), [("active", Y), ("stopped", N), ("completed", N), ("on-hold", U), ("unknown", U)]
)
def test_a_medicine_that_is_taken(status: str, answer: Truth) -> None:
    assert truth(EventRule(MEDICINE, active=True), an_entry(MEDICINE, on(500), status=status)) is answer


@pytest.mark.parametrize(
    ("status", "began", "answer"),
    [
        ("completed", on(30), Y),
        ("completed", on(31), N),
        ("in-progress", on(3), U),
        ("stopped", on(3), U),
        ("stopped", on(99), N),
    ],
)
def test_a_procedure_is_done_on_a_day(status: str, began: DayRange, answer: Truth) -> None:
    assert truth(EventRule(PROCEDURE, within_days=30), an_entry(PROCEDURE, began, status=status)) is answer


def test_what_is_not_recorded_means_what_the_file_says_and_only_where_the_record_was_read_to_its_end() -> None:
    unknown = EventRule(CONDITION, not_recorded=U)
    assert truth(EventRule(CONDITION)) is N
    assert truth(unknown) is U
    assert truth(EventRule(CONDITION), complete=False) is U
    assert truth(EventRule(CONDITION), entries=None) is U
    assert truth(EventRule(CONDITION, within_days=3), an_entry(CONDITION, on(9), ended=on(5)), complete=False) is U
    assert truth(EventRule(CONDITION), an_entry(CONDITION, on(9)), complete=False) is Y


def test_one_entry_that_fits_is_enough_and_is_named() -> None:
    old, new, other = (an_entry(PROCEDURE, on(days), name) for days, name in ((90, "old"), (3, "new"), (20, "other")))
    found = verdict(EventRule(PROCEDURE, within_days=30), old, new, other)
    assert (found.truth, found.reason) == (Y, "recorded 2 times as asked")
    assert found.sources == (Source("new", 3), Source("other", 20))


def test_another_scheme_is_another_code() -> None:
    entry = replace(an_entry(CONDITION, on(3)), codes=(Code("1", "I10", ""),))
    assert truth(EventRule(CONDITION), entry) is N


# one after another


@pytest.mark.parametrize(
    ("procedure", "condition", "answer"),
    [
        (on(10), on(40), Y), (on(10), on(10), Y), (on(10), on(41), N), (on(10), on(9), N),
        (on(10), between(45, 35), U), (on(10), None, U), (between(60, 10), on(40), U), (on(10), between(None, 50), N),
        (on(10), between(None, 20), U),
    ],
)  # fmt: skip
def test_within_thirty_days_after(procedure: DayRange, condition: DayRange | None, answer: Truth) -> None:
    rule = EventRule(PROCEDURE, relation=Relation(CONDITION, after=True, within_days=30))
    assert truth(rule, an_entry(PROCEDURE, procedure), an_entry(CONDITION, condition, "b")) is answer


def test_before_is_after_turned_round_and_the_same_day_may_be_left_out() -> None:
    entries = an_entry(PROCEDURE, on(40)), an_entry(CONDITION, on(10), "b")
    before = EventRule(PROCEDURE, relation=Relation(CONDITION, after=False, within_days=30))
    after = EventRule(PROCEDURE, relation=Relation(CONDITION, after=True, within_days=30))
    assert (truth(before, *entries), truth(after, *entries)) == (Y, N)
    strict = EventRule(PROCEDURE, relation=Relation(CONDITION, after=True, within_days=30, at_least_days=1))
    assert truth(strict, an_entry(PROCEDURE, on(10)), an_entry(CONDITION, on(10), "b")) is N


def test_nothing_to_stand_after_is_no_and_unknown_in_a_record_that_was_not_read_to_its_end() -> None:
    rule = EventRule(PROCEDURE, relation=Relation(CONDITION, after=True, within_days=30))
    alone = an_entry(PROCEDURE, on(10))
    assert truth(rule, alone) is N
    assert truth(rule, alone, complete=False) is U
    doubtful = an_entry(CONDITION, on(20), "b", status="differential")
    assert truth(rule, alone, doubtful) is U


def test_an_event_does_not_stand_after_itself() -> None:
    rule = EventRule(CONDITION, relation=Relation(CONDITION, after=True, within_days=30))
    first, second = an_entry(CONDITION, on(40)), an_entry(CONDITION, on(20), "b")
    assert truth(rule, first) is N
    assert truth(rule, first, second) is Y


# the laboratory


CREATININE = frozenset({("LN", "2160-0")})
BELOW_2 = LaboratoryRule(CREATININE, "mg/dL", within_days=30, below=2.0)


def lab(
    value: float | None,
    when: DayRange | None,
    name: str = "l",
    comparator: str = "",
    unit: str = "mg/dL",
    status: str = "final",
) -> RecordEntry:
    quantity = None if value is None else Quantity(value, unit, comparator)
    code = (Code("2160-0", "LN", "secret"),)
    return RecordEntry(name, RecordKind.OBSERVATION, code, "secret", status, quantity=quantity, began=when)


@pytest.mark.parametrize(
    ("entries", "answer"),
    [
        ([lab(1.0, on(3))], Y),
        ([lab(2.0, on(3))], N),
        ([lab(1.0, on(31))], U),
        ([lab(1.0, on(-1))], U),
        ([], U),
        ([lab(3.0, on(20)), lab(1.0, on(3), "b")], Y),
        ([lab(1.0, on(20)), lab(3.0, on(3), "b")], N),
        ([lab(1.0, on(3)), lab(3.0, on(3), "b")], U),
        ([lab(1.0, on(3)), lab(1.5, on(3), "b")], Y),
        ([lab(1.0, on(3)), lab(3.0, between(10, 1), "b")], U),
        ([lab(1.0, on(3)), lab(3.0, None, "b")], U),
        ([lab(1.0, on(3)), lab(1.0, None, "b")], Y),
        ([lab(1.0, None)], U),
        ([lab(1.0, between(40, 20))], U),
        ([lab(None, on(3))], U),
        ([lab(1.0, on(3), unit="umol/L")], U),
        ([lab(1.0, on(3), status="preliminary")], U),
    ],
)
def test_the_latest_value_counts(entries: list[RecordEntry], answer: Truth) -> None:
    assert truth(BELOW_2, entries=tuple(entries)) is answer


@pytest.mark.parametrize(
    ("comparator", "value", "below_2", "at_least_2"),
    [
        ("<", 2.0, Y, N), ("<", 1.0, Y, N), ("<", 2.1, U, U), ("<=", 2.0, U, U), ("<=", 1.9, Y, N),
        (">", 2.0, N, Y), (">", 1.9, U, U), (">=", 2.0, N, Y), ("", 2.0, N, Y), ("", 1.99, Y, N),
    ],
)  # fmt: skip
def test_less_than_is_no_number(comparator: str, value: float, below_2: Truth, at_least_2: Truth) -> None:
    entry = lab(value, on(3), comparator=comparator)
    assert truth(BELOW_2, entry) is below_2
    assert truth(LaboratoryRule(CREATININE, "mg/dL", 30, at_least=2.0), entry) is at_least_2


def test_any_value_in_time_is_enough_where_that_is_asked() -> None:
    rule = replace(BELOW_2, any_value=True)
    assert truth(rule, lab(1.0, on(20)), lab(3.0, on(3), "b")) is Y
    assert truth(rule, lab(2.5, on(20)), lab(3.0, on(3), "b")) is N
    assert truth(rule, lab(2.5, on(20)), lab(3.0, on(3), "b", unit="g/L")) is U


def test_a_record_that_was_not_read_to_its_end_may_lack_the_latest() -> None:
    assert truth(BELOW_2, lab(1.0, on(3)), complete=False) is U
    assert truth(replace(BELOW_2, any_value=True), lab(1.0, on(3)), complete=False) is Y
    assert truth(replace(BELOW_2, any_value=True), lab(3.0, on(3)), complete=False) is U


def test_the_reason_gives_values_and_no_unit_of_the_records() -> None:
    assert verdict(BELOW_2, lab(1.25, on(3))).reason == "1.25 mg/dL"
    assert verdict(BELOW_2, lab(1.25, on(3), unit="secret")).reason == "1.25 in another unit"


# all together


@pytest.mark.parametrize(
    ("included", "excluded", "outcome"),
    [(Y, N, Y), (Y, Y, N), (N, N, N), (U, N, U), (Y, U, U), (U, Y, N), (N, U, N), (U, U, U)],
)
def test_a_patient_may_be_asked_only_where_nothing_is_open(included: Truth, excluded: Truth, outcome: Truth) -> None:
    sexes = {Y: Sex.FEMALE, N: Sex.MALE}
    facts = replace(FACTS, signed=() if excluded is U else (ReportFinding(FindingName.MASS, excluded is Y),))
    facts = replace(facts, sex=sexes.get(included, Sex.UNKNOWN))
    criteria = TrialCriteria(
        "T",
        "t",
        "",
        (
            Criterion("in", SexRule(frozenset({Sex.FEMALE})), excludes=False),
            Criterion("out", FindingRule(FindingName.MASS, signed=True), excludes=True),
        ),
    )
    found = assess(criteria, facts)
    assert found.outcome is outcome
    assert [each.truth for each in found.verdicts] == [included, excluded]
