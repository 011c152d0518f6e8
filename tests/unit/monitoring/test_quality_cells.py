"""Cells of the prediction log: every number is the statistic's own, has its n, and is refused where the cases cannot carry it."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from quality_data import MADE_AT, Feed, rows_of
from sklearn.metrics import brier_score_loss, roc_auc_score
from statsmodels.stats.proportion import proportion_confint

from wetread.domain.quality import NAIVE, WEIGHTED, CellKey, QualityCell, QualityReference, QualityReport
from wetread.monitoring.cells import TREND_WEEKS, QualityLimits, first_day_read, quality_report
from wetread.monitoring.columns import cell_columns
from wetread.monitoring.measures import MEASURES
from wetread.monitoring.prediction_log import PredictionRow
from wetread.monitoring.reference import frozen_with

LIMITS = QualityLimits()


def report_of(rows: list[PredictionRow], limits: QualityLimits = LIMITS) -> QualityReport:
    cells = cell_columns(rows, limits.unmentioned_as)
    reference = frozen_with(QualityReference(), cells, limits.reference_studies)
    return quality_report(cells, reference, limits, MADE_AT)


@cache
def calm() -> QualityCell:
    return cell_of(rows_of(Feed()))


def cell_of(rows: list[PredictionRow], limits: QualityLimits = LIMITS) -> QualityCell:
    (cell,) = report_of(rows, limits).cells
    return cell


def without_patients(rows: list[PredictionRow]) -> list[PredictionRow]:
    return [replace(each, patient=each.study) for each in rows]


def recent(rows: list[PredictionRow]) -> list[PredictionRow]:
    return [each for each in rows if each.date >= "2026-02-02"]


def test_numbers_are_those_of_other_libraries() -> None:
    rows = without_patients(rows_of(Feed(days=40)))
    window = recent(rows)
    truth = np.array([each.label == "positive" for each in window])
    probability = np.array([each.probability for each in window])
    called = probability >= 0.15
    cell = cell_of(rows)
    assert (cell.studies, cell.positive) == (len(window), int(truth.sum()))
    assert cell.number("auroc").value == pytest.approx(roc_auc_score(truth, probability))
    assert cell.number("brier").value == pytest.approx(brier_score_loss(truth, probability))
    sensitivity = cell.number("sensitivity")
    assert sensitivity.value == pytest.approx(called[truth].mean())
    expected = proportion_confint(int(called[truth].sum()), int(truth.sum()), method="wilson")
    assert (sensitivity.low, sensitivity.high) == pytest.approx(expected)
    assert cell.number("override").value == pytest.approx((~truth)[called].mean())
    assert cell.number("added").value == pytest.approx(truth[~called].mean())
    assert cell.number("discordance").value == pytest.approx((called != truth).mean())
    minutes = np.array([each.turnaround_min for each in window])
    delta = cell.number("turnaround_delta_min")
    assert delta.value == pytest.approx(np.median(minutes[called]) - np.median(minutes[~called]))
    assert delta.high is not None
    assert delta.high < 0  # the feed signs called ones sooner
    assert cell.number("fp_per_100_studies").value == pytest.approx(100 * (called & ~truth).mean())
    assert {each.name for each in cell.numbers} == set(MEASURES) - {"signed_otherwise"}  # of own blind findings


def test_patients_who_come_back_widen_the_interval() -> None:
    rows = rows_of(Feed(days=28))
    four_films_each = [replace(each, patient=f"p{int(each.study[-6:]) // 4}") for each in rows]
    wide, narrow = (cell_of(each).number("mean_probability") for each in (four_films_each, without_patients(rows)))
    assert wide.value == narrow.value
    assert (wide.low, wide.high) != (narrow.low, narrow.high)


def test_below_its_n_a_number_is_not_said() -> None:
    few = cell_of(rows_of(Feed(per_day=5)))
    ece = few.number("ece")
    assert (ece.value, ece.n, ece.refused) == (None, 140, "too few: 140 of the 200 cases that an ECE needs")
    fewest = cell_of(rows_of(Feed(days=2, per_day=4)))
    assert [each.name for each in fewest.numbers if each.value is not None] == []
    assert all(each.refused for each in fewest.numbers)
    assert fewest.number("sensitivity").refused.startswith("too few:")
    assert fewest.reliability == ()


def test_cells_part_site_scanner_finding_and_model() -> None:
    feeds = (Feed(), Feed(scanner="P2"), Feed(finding="nodule"), Feed(site="south"), Feed(model="phantom-net 1.1.0"))
    rows = [row for number, feed in enumerate(feeds) for row in rows_of(replace(feed, days=3, seed=number))]
    keys = [each.key for each in report_of(rows).cells]
    assert CellKey("south", "Acme P1", "effusion", "phantom-net 1.0.0") in keys
    assert len(keys) == len(set(keys)) == 5
    assert keys == sorted(keys, key=lambda each: (each.site, each.scanner, each.finding, each.model))


def test_every_cell_says_what_agreement_means() -> None:
    assert cell_of(rows_of(Feed(days=28))).basis == NAIVE


def test_a_sampled_truth_is_weighted_and_what_cannot_be_is_refused() -> None:
    """All called studies adjudicated, one in five of the others: the plain sensitivity flatters, the weighted one does not."""
    rows = without_patients(rows_of(Feed(days=28, per_day=60)))
    random = np.random.default_rng(3)
    sampled = []
    for row in rows:
        chance = 1.0 if row.probability >= row.threshold else 0.2
        seen = random.random() < chance
        label = ("positive" if row.label == "positive" else "negative") if seen else "not_adjudicated"
        sampled.append(replace(row, label=label, truth_probability=chance))
    truth = cell_of(rows).number("sensitivity").value
    cell = cell_of(sampled)
    plain = np.mean([each.probability >= each.threshold for each in sampled if each.label == "positive"])
    found = cell.number("sensitivity")
    assert truth is not None
    assert plain > truth + 0.05
    assert found.low is not None
    assert found.high is not None
    assert found.low < truth < found.high
    assert (cell.basis, cell.truth_probability, cell.gaps) == (WEIGHTED, 0.2, ())
    assert cell.number("auroc").value is None
    assert cell.number("sensitivity_evidence").value is None


def test_not_mentioned_counts_as_the_report_meant_or_not_at_all() -> None:
    rows = rows_of(Feed(days=28))
    counted, ignored = (cell_of(rows, QualityLimits(unmentioned_as=each)) for each in ("negative", "ignore"))
    assert counted.unmentioned == ignored.unmentioned == counted.negative > 0
    assert ignored.negative == 0
    assert ignored.number("specificity").value is None
    assert ignored.number("override") == counted.number("override")


def test_a_contradiction_and_a_hedge_are_counted_and_nobodys_truth() -> None:
    rows = rows_of(Feed(days=28))
    rows[-1] = replace(rows[-1], label="uncertain", label_source="conflict")
    rows[-2] = replace(rows[-2], label="uncertain", label_source="text")
    cell = cell_of(rows)
    assert (cell.conflicting, cell.uncertain) == (1, 1)
    assert cell.positive + cell.negative == cell.studies - 2


def test_a_small_subgroup_is_withheld_with_the_next_smallest() -> None:
    rows = [replace(each, sex="O") if number % 100 == 0 else each for number, each in enumerate(rows_of(Feed(days=28)))]
    gaps = {(each.axis, each.rate): each for each in cell_of(rows).gaps}
    groups = {each.group: each for each in gaps["sex", "specificity"].groups}
    assert groups["O"].withheld == "fewer than 10 cases"
    assert groups["O"].n is None
    assert sorted(each.value is None for each in groups.values()) == [False, True, True]


def test_the_trend_is_weekly_and_says_its_n() -> None:
    trend = calm().trend
    assert len(trend) == TREND_WEEKS
    assert [each.first_day for each in trend][-1] == "2026-02-24"
    (last,) = [each for each in trend[-1].numbers if each.name == "mean_probability"]
    assert last.n == 6 * 20  # the log ends on the day before


def test_the_trend_has_the_limits_of_a_control_chart_and_a_week_of_misses_is_beyond_them() -> None:
    cells = cell_columns(rows_of(Feed(missed=0.5, since=7, per_day=30)))
    (cell,) = quality_report(cells, frozen_with(QualityReference(), cells, 500), LIMITS, MADE_AT).cells
    weeks = [{each.name: each for each in point.numbers} for point in cell.trend]
    inside = [
        week["sensitivity_limits"].low <= week["sensitivity"].value <= week["sensitivity_limits"].high for week in weeks
    ]
    assert inside == [True] * 11 + [False]
    (frozen,) = frozen_with(QualityReference(), cells, 500).cells
    assert weeks[0]["sensitivity_limits"].value == pytest.approx(1 - frozen.missed / frozen.positives)
    assert weeks[0]["override_limits"].value == pytest.approx(frozen.overridden / frozen.called)
    without = quality_report(cells, QualityReference(), LIMITS, MADE_AT).cells[0].trend
    assert not any(each.name.endswith("_limits") for point in without for each in point.numbers)


def test_reliability_bins_hold_every_labelled_case() -> None:
    cell = calm()
    assert sum(each.n for each in cell.reliability) == cell.positive + cell.negative
    assert all(each.low <= each.observed <= each.high for each in cell.reliability)
    assert [each.stated for each in cell.reliability] == sorted(each.stated for each in cell.reliability)


def test_a_model_that_nobody_used_in_the_window_has_no_cell() -> None:
    rows = rows_of(Feed(), Feed(model="phantom-net 0.9.0", scanner="P9", last=MADE_AT.date().replace(month=1)))
    assert {each.key.model for each in report_of(rows).cells} == {"phantom-net 1.0.0"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"probability": 1.3}, "raw score"),
        ({"probability": float("nan")}, "raw score"),
        ({"truth_probability": 0.0}, "above 0"),
        ({"study": "P1000001"}, "twice"),
    ],
)
def test_what_cannot_be_counted_is_refused(changes: dict[str, object], says: str) -> None:
    rows = rows_of(Feed(days=1))
    with pytest.raises(ValueError, match=says):
        cell_columns([replace(rows[0], **changes), *rows[1:]])


def test_no_rows_make_an_empty_report() -> None:
    report = report_of([])
    assert (report.cells, report.studies, report.notes) == ((), 0, ())


def test_one_class_only_refuses_and_says_so() -> None:
    rows = [replace(each, label="not_mentioned") for each in rows_of(Feed(days=28))]
    cell = cell_of(rows)
    assert "only one class" in cell.number("auroc").refused
    assert cell.number("specificity").value is not None


def test_the_log_is_read_back_to_the_first_week_of_the_trend() -> None:
    assert (MADE_AT.date() - first_day_read(MADE_AT.date(), LIMITS)).days == 7 * TREND_WEEKS
    assert (MADE_AT.date() - first_day_read(MADE_AT.date(), QualityLimits(days=180))).days == 180
