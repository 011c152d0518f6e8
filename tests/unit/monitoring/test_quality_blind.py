"""Alarms from truths in which the AI had no part: they ring where signed reports, whose readers follow the AI, stay silent; a round is weighed once and whole; too little is said to be too little."""

from dataclasses import replace
from datetime import timedelta

import pytest
from quality_data import MADE_AT, Feed, rows_of

from wetread.cli.monitor_table import quality_lines
from wetread.domain.alarm import AlarmKind
from wetread.domain.identifiers import StudyKey
from wetread.domain.quality import BlindKey, BlindVerdict, QualityReference, QualityReport
from wetread.domain.relabelling import Answer, Bucket, Call, Read, RelabelRound, RelabelTask
from wetread.evaluation.proportions import wilson
from wetread.evaluation.sequential import rate_e_value
from wetread.monitoring.alarms import seen_again
from wetread.monitoring.blind_truths import (
    WholeRound,
    own_frozen_with,
    own_verdicts,
    pooled,
    round_verdicts,
    stated_budgets,
    whole_rounds,
)
from wetread.monitoring.cells import QualityLimits
from wetread.monitoring.columns import cell_columns
from wetread.monitoring.evidence import rise_evidence
from wetread.monitoring.prediction_log import PredictionRow
from wetread.monitoring.quality import QualityWatch
from wetread.monitoring.quality_rules import is_over, quality_verdicts
from wetread.scorecard.quality_page import quality_page
from wetread.testing.builders import a_study
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.quality_builders import a_blind_verdict, a_quality_cell, a_quality_report
from wetread.web.quality_metrics import quality_metrics

KEY = BlindKey("north", "effusion", "phantom-net 1.0.0")
BUDGETS = {KEY: (0.1, 0.05)}
OURS = {AlarmKind.VERDICTS_WORSE, AlarmKind.BLIND_READS_WORSE}


def a_task(n: int, *, sick: bool | None, called: bool, chance: float = 1.0, patient: str = "", key: BlindKey = KEY) -> RelabelTask:  # fmt: skip
    answer = Answer.UNCERTAIN if sick is None else Answer.POSITIVE if sick else Answer.NEGATIVE
    call = Call(key.finding, 0.9 if called else 0.1, 0.5, "not_mentioned", "none", key.model, Bucket.BOTH_NEGATIVE)
    reads = tuple(Read(reader, (answer,), MADE_AT) for reader in ("dr.roe", "dr.poe"))
    return RelabelTask(
        "r1", StudyKey(f"{n:024d}"), patient or f"p{n}", key.site, (key.finding,), (call,), chance, reads
    )


def a_round(tasks: list[RelabelTask], days: int = 91, name: str = "r1") -> WholeRound:
    drawn = RelabelRound(name, ("effusion",), 1, 60, 200, 0, "", (), "qa", MADE_AT)
    return WholeRound(drawn, tuple(replace(each, round_id=name) for each in tasks), days)


def sick_and_well(missed: int, of: int, alarms: int, well: int, chance: float = 1.0) -> list[RelabelTask]:
    """`chance`: of those that the model did not call."""
    sick = [a_task(n, sick=True, called=n >= missed, chance=chance if n < missed else 1.0) for n in range(of)]
    calm = [a_task(1000 + n, sick=False, called=n < alarms) for n in range(well)]
    return sick + calm


def verdicts(tasks: list[RelabelTask], days: int = 91, a_year: float = 1.0) -> tuple[BlindVerdict, BlindVerdict]:
    missed, alarmed = round_verdicts([a_round(tasks, days)], BUDGETS, a_year)
    return missed, alarmed


def test_a_round_is_weighed_as_written_out_by_hand() -> None:
    missed, alarmed = verdicts(sick_and_well(12, 40, 9, 100))
    assert (missed.error, missed.n, missed.limit, missed.round_id) == ("missed", 40, 0.1, "r1")
    assert missed.rate == pytest.approx(0.3)
    assert missed.evidence == pytest.approx(rate_e_value(12, 40, 0.1, (60 * 0.2, 60 * 0.8)))
    assert alarmed.rate == pytest.approx(0.09)
    assert alarmed.evidence == pytest.approx(rate_e_value(9, 100, 0.05, (60 * 0.08, 60 * 0.92)))
    assert missed.needed == alarmed.needed == pytest.approx(2 / 0.05)


def test_what_was_drawn_seldom_stands_for_many_and_is_worth_few() -> None:
    """8 of 40 missed, each drawn with a chance of one in four: 32 of 64. Kish: 64^2 / (8 x 16 + 32) = 25.6 cases, 25 with 12.5, so 13 events."""
    missed, _ = verdicts(sick_and_well(8, 40, 5, 100, chance=0.25))
    assert missed.rate == pytest.approx(0.5)
    assert missed.evidence == pytest.approx(rate_e_value(13, 25, 0.1, (12.0, 48.0)))


@pytest.mark.parametrize(
    ("days", "a_year", "needed"),
    [(365, 1.0, 40.0), (7, 1.0, 2 * 365 / 7), (1, 1.0, 730.0), (91, 0.1, 2 * 3650 / 91)],
)
def test_a_round_spends_the_false_alarms_of_the_days_since_the_one_before(
    days: int, a_year: float, needed: float
) -> None:
    assert verdicts(sick_and_well(4, 40, 5, 100), days, a_year)[0].needed == pytest.approx(needed)


def test_one_study_of_a_patient_counts() -> None:
    tasks = sick_and_well(12, 40, 5, 100)
    copies = [replace(each, study_key=StudyKey(f"{5000 + n:024d}")) for n, each in enumerate(tasks)]
    assert verdicts(tasks + copies)[0].evidence == verdicts(tasks)[0].evidence


def test_too_few_patients_or_one_side_only_is_said_and_not_judged() -> None:
    few, alarmed = verdicts(sick_and_well(12, 19, 5, 100))
    assert few.evidence is None
    assert few.needed is None
    assert few.refused == "too few: 19 of the 20 patients that a round needs"
    assert alarmed.needed == pytest.approx(20.0)
    one_side, _ = verdicts([a_task(n, sick=n < 30, called=True) for n in range(60)])
    assert one_side.evidence is None
    assert "all studies drawn were called, or none was" in one_side.refused
    left_open = [a_task(9000 + n, sick=None, called=False) for n in range(500)]
    assert verdicts(sick_and_well(12, 40, 5, 100) + left_open)[0] == verdicts(sick_and_well(12, 40, 5, 100))[0]


def test_only_models_in_use_are_judged_each_by_the_newest_round_that_drew_of_it() -> None:
    other = BlindKey("north", "effusion", "old-net 1")
    rounds = [
        a_round(sick_and_well(4, 40, 5, 100), name="r2"),
        a_round([*sick_and_well(30, 40, 5, 100), *(a_task(n, sick=True, called=False, key=other) for n in range(40))]),
    ]
    found = round_verdicts(rounds, BUDGETS, 1.0)
    assert {(each.key, each.round_id) for each in found} == {(KEY, "r2")}
    both = round_verdicts(rounds, BUDGETS | {other: (0.1, 0.05)}, 1.0)
    assert {(each.key, each.round_id) for each in both} == {(KEY, "r2"), (other, "r1")}


def test_an_unfinished_round_is_not_weighed_and_days_count_from_the_round_before() -> None:
    database = MemoryDatabase()
    tasks = sick_and_well(4, 40, 5, 100)
    with database.begin() as unit:
        for each in tasks:
            unit.save_study(a_study(study_key=each.study_key))
        for name, back, left in (("old", 400, 0), ("r1", 30, 0), ("r2", 20, 1), ("r3", 10, 0)):
            drawn = replace(a_round(tasks).drawn, round_id=name, drawn_at=MADE_AT - timedelta(days=back))
            made = [replace(each, round_id=name, reads=each.reads[: 2 - left]) for each in tasks]
            unit.add_relabel_round(drawn, made)
        unit.commit()
    with database.begin(write=False) as unit:
        found = whole_rounds(unit)
    assert [(each.drawn.round_id, each.days) for each in found] == [("r3", 10), ("r1", 365)]


FEED = Feed(days=84, per_day=24)


def blind(feed: Feed, share: int = 1) -> list[PredictionRow]:
    """Every `share`th study is read blind, by readers who say what is so; everybody signs what the AI says."""
    rows = rows_of(feed)
    own = {row.study: "positive" if row.label == "positive" else "negative" for row in rows[::share]}
    return [
        replace(
            row, own_label=own.get(row.study, ""), label="positive" if row.probability >= row.threshold else "not_mentioned"
        )
        for row in rows
    ]  # fmt: skip


class Log:
    def __init__(self, rows: list[PredictionRow]) -> None:
        self.made, self.left_out = rows, dict[str, int]()

    def rows(self, _since: object) -> list[PredictionRow]:
        return self.made


def measured(rows: list[PredictionRow], *rounds: WholeRound) -> tuple[QualityReport, QualityReference]:
    database = MemoryDatabase()
    with database.begin() as unit:
        for each in rounds:
            for task in each.tasks:
                unit.save_study(a_study(study_key=task.study_key))
            unit.add_relabel_round(each.drawn, list(each.tasks))
        unit.commit()
    return QualityWatch(database, lambda: Log(rows), QualityLimits(), 1.0).measure(MADE_AT)  # type: ignore[arg-type, return-value]


@pytest.fixture(scope="module")
def ill() -> tuple[QualityReport, QualityReference]:
    return measured(blind(replace(FEED, missed=0.5)), a_round(sick_and_well(28, 60, 5, 200)))


def test_they_ring_where_signed_reports_cannot(ill: tuple[QualityReport, QualityReference]) -> None:
    report, reference = ill
    found = {each.alarm_key: each for each in quality_verdicts(report, reference, 1.0).silences}
    by_verdicts = found["verdicts_worse/north/effusion/phantom-net 1.0.0/missed"]
    by_own = found["blind_reads_worse/north/effusion/phantom-net 1.0.0/missed"]
    assert {each.kind for each in found.values()} & {AlarmKind.SENSITIVITY_FELL} == set()
    assert report.cells[0].number("sensitivity").value == 1.0
    assert (
        "more misses than the model states of itself, by blinded adjudication, round r1: 0.47 (" in by_verdicts.message
    )
    assert "more misses than at the beginning, by what readers said before they saw the AI" in by_own.message
    for each in (by_verdicts, by_own):
        assert "n " in each.message
        assert "hold or roll back" in each.message
        assert not each.pages


def test_a_calm_log_and_a_round_at_its_budget_ring_nobody_and_end_an_alarm(
    ill: tuple[QualityReport, QualityReference],
) -> None:
    rung = [each for each in quality_verdicts(*ill, 1.0).silences if each.kind in OURS]
    calm = quality_verdicts(*measured(blind(FEED), a_round(sick_and_well(6, 60, 10, 200))), 1.0)
    assert not OURS & {each.kind for each in calm.silences}
    assert len(rung) == 2
    assert all(is_over(seen_again(None, each, MADE_AT), calm) for each in rung)
    nothing = quality_verdicts(*measured(rows_of(FEED)), 1.0)
    assert not any(is_over(seen_again(None, each, MADE_AT), nothing) for each in rung)
    gone = [replace(each, model="phantom-net 2") for each in rows_of(FEED)]
    assert all(is_over(seen_again(None, each, MADE_AT), quality_verdicts(*measured(gone), 1.0)) for each in rung)


def test_own_findings_are_held_against_their_first_over_all_scanners() -> None:
    rows = [replace(each, scanner=f"P{place % 2}") for place, each in enumerate(blind(replace(FEED, missed=0.5), 2))]
    cells = pooled(cell_columns(rows))
    assert list(cells) == [KEY]
    assert len(cells[KEY]) == len(rows)
    assert (cells[KEY].days[1:] >= cells[KEY].days[:-1]).all()
    reference = own_frozen_with(QualityReference(), cells, 300)
    (frozen,) = reference.own
    said = [(row.patient, row.own_label, row.probability >= row.threshold, row.date) for row in rows if row.own_label]
    first = {patient: (label, called, day) for patient, label, called, day in reversed(said)}
    begun = [each for each in first.values() if each[2] <= frozen.last_day]
    assert frozen.positives == sum(label == "positive" for label, _, _ in begun)
    assert frozen.missed == sum(label == "positive" and not called for label, called, _ in begun)
    assert frozen.positives + frozen.negatives == len(begun) >= 300
    assert own_frozen_with(reference, cells, 300) is reference
    missed, alarmed = own_verdicts(cells, reference, 300, "2026-02-02", 1.0, 28)
    later = {
        patient: called for patient, label, called, day in reversed(said) if label == "positive" and day >= "2026-02-02"
    }
    assert missed.n == len(later)
    assert missed.rate == pytest.approx(1 - sum(later.values()) / len(later))
    assert missed.limit == pytest.approx(wilson(frozen.missed, frozen.positives)[1])
    assert missed.evidence is not None
    assert missed.evidence > 100 > (alarmed.evidence or 0)
    assert missed.needed == 2 * 20


def test_before_their_reference_and_with_few_since_own_findings_are_not_judged() -> None:
    cells = pooled(cell_columns(blind(FEED, 12)))
    missed, _ = own_verdicts(cells, QualityReference(), 500, "2026-02-02", 1.0, 28)
    assert missed.evidence is None
    assert missed.refused.startswith(f"no reference yet: {missed.n} of 500 patients")
    reference = own_frozen_with(QualityReference(), cells, 100)
    few, _ = own_verdicts(cells, reference, 100, "2026-02-26", 1.0, 28)
    assert few.evidence is None
    assert "are needed on each side" in few.refused
    assert own_verdicts(pooled(cell_columns(rows_of(FEED))), reference, 100, "2026-02-02", 1.0, 28) == ()


def test_budgets_are_those_that_the_newest_read_states() -> None:
    rows = [replace(each, miss_budget=0.2, false_positive_budget=0.3) for each in rows_of(replace(FEED, days=3))]
    rows[-1] = replace(rows[-1], miss_budget=0.25)
    cells = list(cell_columns(rows))
    assert stated_budgets(rows, cells) == {KEY: (0.25, 0.3)}
    assert stated_budgets(rows, []) == {}


@pytest.mark.parametrize(("evidence", "rings"), [(39.9, False), (40.1, True)])
def test_evidence_rings_from_what_is_needed_on(evidence: float, rings: bool) -> None:
    report = _without_numbers(a_quality_report(tags=(), films=(), blind=(a_blind_verdict(evidence=evidence),)))
    found = quality_verdicts(report, QualityReference(), 1.0)
    assert [each.kind for each in found.silences] == [AlarmKind.VERDICTS_WORSE] * rings
    assert found.judged == {"verdicts_worse/north/effusion/phantom-net 1.0.0/missed"}


def _without_numbers(report: QualityReport) -> QualityReport:
    names = ("sensitivity_evidence", "override_evidence", "calibration_evidence")
    base = a_quality_cell().numbers[0]
    numbers = tuple(replace(base, name=each, value=None) for each in names)
    return replace(report, cells=tuple(replace(each, numbers=numbers, gaps=(), psi_shares=()) for each in report.cells))


def test_table_page_and_metrics_say_what_is_judged_and_what_is_not(ill: tuple[QualityReport, QualityReference]) -> None:
    report, _ = ill
    lines, page, metrics = "\n".join(quality_lines(report)), quality_page(report), "\n".join(quality_metrics(report))
    assert "effusion, north, phantom-net 1.0.0, round r1: missed 0.47 (" in lines
    assert "effusion, north, phantom-net 1.0.0, own blind findings: missed 0." in lines
    assert "evidence" in lines
    assert "<td>round r1</td>" in page
    place = 'site="north",finding="effusion",model="phantom-net 1.0.0",basis="verdicts",error="missed"'
    assert f"wetread_quality_blind_cases{{{place}}} 60" in metrics
    assert f"wetread_quality_blind_rate{{{place}}} 0.466667" in metrics
    assert f"wetread_quality_blind_needed{{{place}}} 40" in metrics
    nothing, _ = measured(rows_of(FEED))
    why = "no blinded truth at north, phantom-net 1.0.0, of effusion: neither a finished relabelling round"
    assert any(each.startswith(why) for each in quality_lines(nothing))
    assert why in quality_page(nothing)
    assert "wetread_quality_blind_evidence{" not in "\n".join(quality_metrics(nothing))


def test_the_evidence_of_own_findings_is_the_e_detectors() -> None:
    cells = pooled(cell_columns(blind(FEED)))
    reference = own_frozen_with(QualityReference(), cells, 500)
    missed, _ = own_verdicts(cells, reference, 500, "2026-02-02", 1.0, 28)
    said = cells[KEY].since("2026-02-02")
    first = said.after(reference.own[0].last_day).first_of_each_patient()
    assert missed.limit is not None
    assert missed.evidence == pytest.approx(rise_evidence(~first.called[first.own == "positive"], missed.limit))
