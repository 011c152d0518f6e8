"""What readers said before they saw the AI as a basis of its own: counted as written out by hand, beside the signed reports' numbers and never in them."""

from dataclasses import replace

import pytest
from quality_data import MADE_AT, Feed, rows_of

from wetread.cli.monitor_table import quality_lines
from wetread.domain.quality import OWN, QualityReference, QualityReport
from wetread.monitoring.cells import QualityLimits, quality_report
from wetread.monitoring.columns import cell_columns
from wetread.monitoring.measures import MEASURES
from wetread.monitoring.prediction_log import PredictionRow
from wetread.scorecard.quality_page import quality_page
from wetread.web.quality_metrics import quality_metrics

TRUE = rows_of(Feed(days=28))
"""560 studies. The first 300 are read blind: their readers say what is so, leave one in ten open and are silent on one in five. Whoever saw the AI signs what it says."""
CALLED = [each.probability >= each.threshold for each in TRUE]


def own_of(place: int, row: PredictionRow) -> str:
    if place >= 300 or place % 5 == 4:
        return ""
    return "uncertain" if place % 10 == 3 else "positive" if row.label == "positive" else "negative"


ROWS = [
    replace(row, own_label=own_of(place, row), label="positive" if called else "not_mentioned")
    for place, (row, called) in enumerate(zip(TRUE, CALLED, strict=True))
]


def report(rows: list[PredictionRow]) -> QualityReport:
    return quality_report(cell_columns(rows), QualityReference(), QualityLimits(), MADE_AT)


@pytest.fixture(scope="module")
def found() -> QualityReport:
    return report(ROWS)


def test_blind_findings_are_a_truth_of_their_own(found: QualityReport) -> None:
    own = found.cells[0].own
    assert own is not None
    said = [(row.own_label, called) for row, called in zip(ROWS, CALLED, strict=True) if row.own_label]
    sick = [called for label, called in said if label == "positive"]
    well = [called for label, called in said if label == "negative"]
    assert (own.studies, own.positive, own.negative, own.uncertain) == (240, len(sick), len(well), 30)
    numbers = {each.name: each for each in own.numbers}
    assert numbers["sensitivity"].value == pytest.approx(sum(sick) / len(sick))
    assert numbers["specificity"].value == pytest.approx(1 - sum(well) / len(well))
    assert numbers["ppv"].value == pytest.approx(sum(sick) / (sum(sick) + sum(well)))
    signed_otherwise = sum(not each for each in sick) + sum(well)
    assert numbers["signed_otherwise"].value == pytest.approx(signed_otherwise / 210)
    assert numbers["signed_otherwise"].n == 210
    assert set(numbers) <= set(MEASURES)
    assert (own.first_day, own.last_day) == (ROWS[0].date, ROWS[299].date)


def test_no_other_number_knows_of_them(found: QualityReport) -> None:
    without = report([replace(each, own_label="") for each in ROWS])
    assert without.cells[0].own is None
    assert replace(found.cells[0], own=None) == without.cells[0]
    assert found.cells[0].number("sensitivity").value == 1.0


def test_few_blind_findings_give_no_rate() -> None:
    own = (
        report([replace(each, own_label=each.own_label if at < 8 else "") for at, each in enumerate(ROWS)]).cells[0].own
    )
    assert own is not None
    assert own.studies == 7
    assert all(each.value is None and each.refused for each in own.numbers)


def test_table_page_and_metrics_name_the_basis(found: QualityReport) -> None:
    lines = quality_lines(found)
    assert f"basis of own blind findings: {OWN}" in lines
    assert any("own blind findings: sensitivity" in each and "signed otherwise" in each for each in lines)
    page = quality_page(found)
    assert f"Own blind findings: {OWN}: " in page
    assert "signed_otherwise" in page
    metrics = "\n".join(quality_metrics(found))
    assert "wetread_quality_own_cases{" in metrics
    assert 'measure="signed_otherwise"} 210' in metrics
