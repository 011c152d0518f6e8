"""Looking through studies: the record is read only where it can still decide, windows reach back as far as the criteria look, and nobody's entries serve for another."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.unit.context.archive import SECRET, TODAY, Archive, an_entry

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import StudyNotFound, TransientError
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import ReportFinding
from wetread.domain.study import Sex
from wetread.ports.patient_record import RecordQuery
from wetread.testing.builders import NOON, a_finding, an_analysis
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
from wetread.trials.find import TrialSearch, record_query
from wetread.trials.truth import Truth

EFFUSION = Event(RecordKind.CONDITION, frozenset({("SCT", "60046008")}))
BIOPSY = Event(RecordKind.PROCEDURE, frozenset({("SCT", "2")}))
WOMEN, MEN = SexRule(frozenset({Sex.FEMALE})), SexRule(frozenset({Sex.MALE}))


def a_trial(*include: Rule, exclude: tuple[Rule, ...] = ()) -> TrialCriteria:
    criteria = [Criterion(f"i{n}", rule, excludes=False) for n, rule in enumerate(include)]
    criteria += [Criterion(f"x{n}", rule, excludes=True) for n, rule in enumerate(exclude)]
    return TrialCriteria("T-1", "A trial", "0" * 64, tuple(criteria))


@pytest.fixture
def archive() -> Archive:
    found = Archive()
    found.add()
    found.record.add("PAT001", an_entry(clinical_status="active"))
    return found


def search(archive: Archive) -> TrialSearch:
    return TrialSearch(archive.database, archive.vault, archive.record, SECRET)


def outcome(archive: Archive, trial: TrialCriteria, key: str = TODAY) -> Truth:
    return search(archive).study(trial, StudyKey(key)).assessment.outcome


def test_film_header_and_record_are_judged_together(archive: Archive) -> None:
    with archive.database.begin() as unit:
        unit.save_analysis(TODAY, 1, an_analysis(findings=(a_finding(FindingName.EFFUSION, probability=0.8),)))
        unit.commit()
    film = FindingRule(FindingName.EFFUSION, signed=False, at_least=0.6)
    trial = a_trial(film, WOMEN, AgeRule(18, 80), EventRule(EFFUSION, active=True))
    found = search(archive).study(trial, TODAY)
    assert (found.assessment.outcome, found.problems, found.record_read) == (Truth.YES, (), True)
    (source,) = found.assessment.verdicts[-1].sources
    assert source.days_before == 10
    assert source.source_id != "c1"


def test_a_signed_report_speaks_for_its_film(archive: Archive) -> None:
    trial = a_trial(FindingRule(FindingName.MASS, signed=True))
    assert outcome(archive, trial) is Truth.UNKNOWN
    archive.sign(TODAY, "x", ReportFinding(FindingName.MASS, True, "left"))
    assert outcome(archive, trial) is Truth.YES


def test_the_record_is_not_read_where_it_cannot_change_anything(archive: Archive) -> None:
    assert outcome(archive, a_trial(MEN, EventRule(EFFUSION))) is Truth.NO
    assert outcome(archive, a_trial(WOMEN)) is Truth.YES
    assert outcome(archive, a_trial(exclude=(WOMEN, EventRule(EFFUSION)))) is Truth.NO
    assert archive.record.asked == []


def test_without_a_record_what_needs_it_is_unknown(archive: Archive) -> None:
    found = replace(search(archive), record=None).study(a_trial(EventRule(EFFUSION)), TODAY)
    assert (found.assessment.outcome, found.record_read) == (Truth.UNKNOWN, False)
    assert found.assessment.verdicts[0].reason == "the record was not read"


def test_a_record_that_is_away_or_incomplete_leaves_open_what_it_may_lack(archive: Archive) -> None:
    trial = a_trial(exclude=(EventRule(BIOPSY),))
    assert outcome(archive, trial) is Truth.YES
    archive.record.problems = ("Procedure: only the first 5 pages were read",)
    assert outcome(archive, trial) is Truth.UNKNOWN
    archive.record.fail_with = TransientError("the record server does not answer")
    found = search(archive).study(trial, TODAY)
    assert found.assessment.outcome is Truth.UNKNOWN
    assert found.problems == ("patient record: the record server does not answer",)


def test_a_patient_whom_the_record_does_not_know_is_not_known_to_lack_anything() -> None:
    archive = Archive()
    archive.add()
    assert outcome(archive, a_trial(exclude=(EventRule(BIOPSY),))) is Truth.UNKNOWN


def test_what_came_after_the_film_does_not_count(archive: Archive) -> None:
    archive.record.add(
        "PAT001", an_entry(name="late", kind=RecordKind.PROCEDURE, day=date(2026, 3, 3), status="completed")
    )
    late = Event(RecordKind.PROCEDURE, EFFUSION.codes)
    assert outcome(archive, a_trial(EventRule(late))) is Truth.NO


def test_two_studies_of_a_patient_share_no_source_id(archive: Archive) -> None:
    archive.add("again", "20260303", days_ago=-1)
    ids = [
        search(archive).study(a_trial(EventRule(EFFUSION)), StudyKey(key)).assessment.verdicts[0].sources[0].source_id
        for key in (TODAY, "again")
    ]
    assert ids[0] != ids[1]


def test_nobodys_entries_serve_for_another(archive: Archive) -> None:
    archive.add("other", patient="PAT002")
    archive.record.add("PAT002")
    trial = a_trial(EventRule(EFFUSION))
    for _ in range(2):
        assert outcome(archive, trial) is Truth.YES
        assert outcome(archive, trial, "other") is Truth.NO


def test_studies_are_looked_at_newest_first_up_to_a_limit_and_a_day(archive: Archive) -> None:
    for number in range(1, 6):
        archive.add(f"s{number}", "20260201", days_ago=number)
    found = search(archive).studies(a_trial(WOMEN), NOON - timedelta(days=4), 100)
    assert [each.assessment.study_key for each in found] == [TODAY, "s1", "s2", "s3", "s4"]
    found = search(archive).studies(a_trial(WOMEN), None, 2)
    assert [each.assessment.study_key for each in found] == [TODAY, "s1"]


def test_more_studies_than_a_page_are_all_looked_at(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wetread.trials.find._PAGE", 2)
    for number in range(1, 6):
        archive.add(f"s{number}", "20260201", days_ago=number)
    assert len(list(search(archive).studies(a_trial(WOMEN), None, 100))) == 6


def test_a_study_that_the_vault_has_lost_stops_nothing(archive: Archive) -> None:
    lost = Archive(database=archive.database)
    lost.record = archive.record
    archive.add("kept", days_ago=1)
    lost.vault.admit(list(archive.vault.instances(StudyKey("kept"))))
    found = list(search(lost).studies(a_trial(WOMEN), None, 100))
    assert [each.assessment.study_key for each in found] == ["kept"]
    with pytest.raises(StudyNotFound):
        search(lost).study(a_trial(WOMEN), TODAY)


DAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("rules", "kinds", "days"),
    [
        ([EventRule(EFFUSION, within_days=30)], {RecordKind.CONDITION}, 30),
        ([EventRule(EFFUSION)], {RecordKind.CONDITION}, None),
        ([EventRule(EFFUSION, within_days=30, began_within_days=10)], {RecordKind.CONDITION}, 10),
        (
            [EventRule(BIOPSY, within_days=30, relation=Relation(EFFUSION, after=True, within_days=90))],
            {RecordKind.CONDITION, RecordKind.PROCEDURE},
            120,
        ),
        (
            [EventRule(BIOPSY, within_days=30, relation=Relation(EFFUSION, after=False, within_days=90))],
            {RecordKind.CONDITION, RecordKind.PROCEDURE},
            30,
        ),
        (
            [LaboratoryRule(frozenset({("LN", "1")}), "1", 90, below=1), EventRule(BIOPSY, within_days=7)],
            {RecordKind.OBSERVATION, RecordKind.PROCEDURE},
            90,
        ),
        ([EventRule(EFFUSION), EventRule(BIOPSY, within_days=7)], {RecordKind.CONDITION, RecordKind.PROCEDURE}, None),
    ],
)
def test_the_record_is_asked_for_what_the_criteria_look_at(
    rules: list[Rule], kinds: set[RecordKind], days: int | None
) -> None:
    since = None if days is None else DAY - timedelta(days=days)
    asking = [Criterion(str(n), rule, excludes=False) for n, rule in enumerate(rules)]
    assert record_query(asking, DAY) == RecordQuery(frozenset(kinds), since)
