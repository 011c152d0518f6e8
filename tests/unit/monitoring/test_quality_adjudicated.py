"""Verdicts of finished relabelling rounds as a second basis: weighted back to all studies, beside agreement with signed reports and never mixed into it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

import pytest
from quality_data import MADE_AT, Feed, rows_of

from wetread.cli.monitor_table import quality_lines
from wetread.domain.identifiers import StudyKey
from wetread.domain.quality import ADJUDICATED, NAIVE, QualityReport
from wetread.domain.relabelling import Answer, Call, Read, RelabelRound, RelabelTask
from wetread.governance.relabelling_result import round_result
from wetread.governance.relabelling_sample import SignedStudy, bucket_of, draw
from wetread.monitoring.cells import QualityLimits
from wetread.monitoring.prediction_log import PredictionRow
from wetread.monitoring.quality import QualityWatch
from wetread.scorecard.quality_page import quality_page
from wetread.testing.builders import a_study
from wetread.testing.memory_database import MemoryDatabase

TRUE = rows_of(Feed(days=80))
"""What is really so. The readers of the log follow the AI: whatever it calls they sign, whatever it does not call they leave out."""
SIGNED = [replace(each, label="positive" if each.probability >= each.threshold else "not_mentioned") for each in TRUE]
SICK = {each.study for each in TRUE if each.label == "positive"}


@dataclass
class Log:
    made: list[PredictionRow]
    left_out: dict[str, int]

    def rows(self, since: datetime) -> Iterator[PredictionRow]:
        return (each for each in self.made if each.date >= since.date().isoformat())


def a_round(name: str = "r1", drawn_at: datetime = MADE_AT) -> RelabelRound:
    return RelabelRound(name, ("effusion",), 1, 60, 200, 0, "", (), "qa", drawn_at)


def tasks_of(drawn: RelabelRound, rows: list[PredictionRow] = SIGNED) -> list[RelabelTask]:
    """The studies that a round draws out of the log, each read twice by people who see what is really there."""
    design = draw([_signed(each) for each in rows], drawn.findings, seed=3, per_bucket=60, at_random=200)
    return [
        RelabelTask(
            drawn.round_id, each.study.study_key, each.study.patient, "north", drawn.findings, each.study.calls,
            each.probability, _reads(Answer.POSITIVE if each.study.study_key in SICK else Answer.NEGATIVE),
        )
        for each in design.sample
    ]  # fmt: skip


def _signed(row: PredictionRow) -> SignedStudy:
    bucket = bucket_of(row.probability, row.threshold, row.label, row.label_source)
    call = Call(row.finding, row.probability, row.threshold, row.label, row.label_source, row.model, bucket)
    return SignedStudy(StudyKey(row.study), row.patient, row.site, (call,))


def _reads(answer: Answer) -> tuple[Read, ...]:
    return tuple(Read(reader, (answer,), MADE_AT) for reader in ("dr.roe", "dr.poe"))


def report_with(*rounds: tuple[RelabelRound, list[RelabelTask]]) -> QualityReport:
    database = MemoryDatabase()
    with database.begin() as unit:
        for key in {task.study_key for _, tasks in rounds for task in tasks}:
            unit.save_study(a_study(study_key=key))
        for drawn, tasks in rounds:
            unit.add_relabel_round(drawn, tasks)
        unit.commit()
    log = Log(SIGNED, {})
    watch = QualityWatch(database, lambda: log, QualityLimits(), 1.0)  # type: ignore[arg-type, return-value]
    return watch.measure(MADE_AT)[0]


@cache
def with_one_round() -> QualityReport:
    return report_with((a_round(), tasks_of(a_round())))


def test_the_weighted_rates_are_those_of_the_round_and_near_the_truth_that_signed_reports_hide() -> None:
    drawn, tasks = a_round(), tasks_of(a_round())
    (cell,) = with_one_round().cells
    (found,) = cell.adjudicated
    (whole,) = round_result(drawn, tasks).findings
    sensitivity, specificity = found.numbers
    assert (found.round_id, found.studies, found.positive) == ("r1", len(tasks), whole.positives)
    assert whole.sensitivity is not None
    assert whole.specificity is not None
    assert (sensitivity.name, sensitivity.n) == ("sensitivity", whole.positives)
    assert (sensitivity.value, sensitivity.low, sensitivity.high) == pytest.approx(
        (whole.sensitivity.value, whole.sensitivity.low, whole.sensitivity.high)
    )
    assert specificity.value == pytest.approx(whole.specificity.value)
    sick = [each for each in TRUE if each.study in SICK]
    really = sum(each.probability >= each.threshold for each in sick) / len(sick)
    assert sensitivity.low is not None
    assert sensitivity.high is not None
    assert sensitivity.low < really < sensitivity.high < 1
    assert cell.number("sensitivity").value == 1.0  # of reports that follow the AI


def test_agreement_with_signed_reports_is_the_same_with_and_without_a_round() -> None:
    (without,), (with_round,) = report_with().cells, with_one_round().cells
    assert replace(with_round, adjudicated=()) == without
    assert with_round.basis == NAIVE


def test_a_round_that_is_not_finished_does_not_count_and_is_said() -> None:
    tasks = tasks_of(a_round())
    open_tasks = [replace(each, reads=each.reads[:1]) for each in tasks[:3]] + tasks[3:]
    report = report_with((a_round(), open_tasks))
    assert report.cells[0].adjudicated == ()
    assert report.unfinished == (("r1", 3),)
    said = "round r1: 3 studies undecided, not counted before all are"
    assert f"note: {said}" in quality_lines(report)
    assert said in quality_page(report)


def test_verdicts_left_open_are_counted_and_left_out() -> None:
    tasks = tasks_of(a_round())
    doubted = [replace(each, reads=_reads(Answer.UNCERTAIN)) for each in tasks[:5]] + tasks[5:]
    (found,) = report_with((a_round(), doubted)).cells[0].adjudicated
    assert found.uncertain == 5
    assert sum(number.n for number in found.numbers) == found.positive + found.negative == len(tasks) - 5


def test_two_rounds_stand_side_by_side_and_one_from_before_the_log_does_not() -> None:
    second = a_round("r2", MADE_AT + timedelta(hours=1))
    old = a_round("r0", MADE_AT - timedelta(days=100))
    half = [each for each in SIGNED if each.date >= "2026-02-01"]
    report = report_with((a_round(), tasks_of(a_round())), (second, tasks_of(second, half)), (old, tasks_of(old)))
    newer, older = report.cells[0].adjudicated
    assert (newer.round_id, older.round_id) == ("r2", "r1")
    assert newer.first_day >= "2026-02-01" > older.first_day


def test_too_few_verdicts_of_one_kind_are_no_rate() -> None:
    tasks = [each for each in tasks_of(a_round()) if each.study_key not in SICK]
    (found,) = report_with((a_round(), tasks)).cells[0].adjudicated
    sensitivity, specificity = found.numbers
    assert (sensitivity.n, sensitivity.value) == (0, None)
    assert "too few" in sensitivity.refused
    assert specificity.value is not None


def test_table_and_page_name_the_second_basis() -> None:
    report = with_one_round()
    (found,) = report.cells[0].adjudicated
    value = found.numbers[0].value
    assert value is not None
    lines = quality_lines(report)
    assert f"basis: {NAIVE}" in lines
    assert f"basis of rounds: {ADJUDICATED}" in lines
    assert any(each.startswith(f"effusion, round r1: sensitivity {value:.2f} (") for each in lines)
    assert f"<td>{value:.4g}</td>" in quality_page(report)
