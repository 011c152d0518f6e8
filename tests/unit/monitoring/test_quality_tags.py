"""Tags of the films against the frozen reference: what counts, what rings, what is too little to say, and when an alarm about them is over."""

from dataclasses import replace
from datetime import timedelta

import pytest
from quality_data import MADE_AT, Feed, rows_of
from scipy.stats import chi2_contingency

from wetread.domain.alarm import AlarmKind
from wetread.domain.quality import QualityReference, TagDrift
from wetread.monitoring.alarms import seen_again
from wetread.monitoring.prediction_log import PredictionRow
from wetread.monitoring.quality_rules import Verdicts, is_over, quality_verdicts
from wetread.monitoring.tags import TAGS, tag_drifts, tagged_studies, tags_frozen_with
from wetread.testing.quality_builders import a_quality_report

SINCE = (MADE_AT.date() - timedelta(days=28)).isoformat()
CALM = [replace(each, patient=each.study) for each in rows_of(Feed(days=60))]
KIND = AlarmKind.TAGS_DRIFTED


def reference_of(rows: list[PredictionRow]) -> QualityReference:
    return tags_frozen_with(QualityReference(), tagged_studies(rows), 500)


REFERENCE = reference_of(CALM)


def late(every: int = 1, **changes: object) -> list[PredictionRow]:
    """The calm log with every so many of the window's studies changed."""
    return [
        replace(row, **changes) if row.date >= SINCE and place % every == 0 else row  # type: ignore[arg-type]
        for place, row in enumerate(CALM)
    ]


def drifts(rows: list[PredictionRow], reference: QualityReference = REFERENCE) -> dict[str, TagDrift]:
    return {each.tag: each for each in tag_drifts(tagged_studies(rows), reference, SINCE, MADE_AT.date())}


def verdicts(rows: list[PredictionRow], reference: QualityReference = REFERENCE) -> Verdicts:
    report = a_quality_report(cells=(), films=(), tags=tuple(drifts(rows, reference).values()))
    return quality_verdicts(report, reference, 1.0)


def test_the_statistic_is_that_of_another_library_over_one_study_a_patient() -> None:
    rows = late(every=2, view="LL")
    again = [replace(each, study=f"{each.study}b", finding="nodule") for each in rows]
    other_findings = [replace(each, finding="edema") for each in rows]
    found = drifts([*rows, *again, *other_findings])["view"]
    first = [each for each in CALM if each.date <= REFERENCE.tags[0].last_day]
    window = [each for each in rows if each.date >= SINCE]
    table = [[sum(each.view == view for each in side) for view in ("AP", "LL", "PA")] for side in (first, window)]
    assert (found.n_reference, found.n) == (len(first), len(window)) == (500, 560)
    assert (found.statistic, found.p) == pytest.approx(chi2_contingency(table, correction=False)[:2])
    assert found.distance == pytest.approx(0.5, abs=0.03)
    assert found.shares[0] == ("LL", 0.0, 280 / 560)


def test_a_calm_log_rings_nobody_and_every_tag_is_said() -> None:
    assert set(drifts(CALM)) == set(TAGS) == {"manufacturer", "scanner", "view", "sex", "age"}
    assert verdicts(CALM).silences == ()
    assert len(verdicts(CALM).judged) == len(TAGS)


@pytest.mark.parametrize(
    ("tag", "changes", "says"),
    [
        ("scanner", {"scanner": "P9"}, "P9 0% to 50%"),
        ("view", {"view": ""}, "(missing) 0% to 50%"),
        ("manufacturer", {"manufacturer": " "}, "(missing) 0% to 50%"),
        ("sex", {"sex": "U"}, "(missing) 0% to 50%"),
        ("age", {"age": None}, "(missing) 0% to 50%"),
    ],
)
def test_a_tag_that_changed_on_half_of_the_films_rings_by_its_name(
    tag: str, changes: dict[str, object], says: str
) -> None:
    (silence,) = verdicts(late(every=2, **changes)).silences
    assert (silence.kind, silence.site, silence.pages) == (KIND, "north", False)
    assert silence.alarm_key == f"tags_drifted/north/phantom-net 1.0.0/{tag}"
    assert says in silence.message
    assert "n 560 patients against 500" in silence.message
    assert "not that the model got worse" in silence.message


def test_a_small_change_is_no_alarm_however_sure_it_is() -> None:
    rows = late(every=14, scanner="P9")
    found = drifts(rows)["scanner"]
    assert found.p is not None
    assert found.p < 1e-6
    assert found.distance == pytest.approx(1 / 14, abs=0.01)
    assert verdicts(rows).silences == ()


def test_without_a_reference_or_with_few_patients_nothing_is_said_and_the_reason_is() -> None:
    few = [each for each in CALM if each.date < SINCE] + late(scanner="P9")[-30:]
    found = drifts(few)["scanner"]
    assert (found.n, found.distance, found.p) == (30, None, None)
    assert found.refused == "too few: 30 of the 50 patients needed on each side"
    none = drifts(CALM, QualityReference())["view"]
    assert (none.n, none.p) == (560, None)
    assert none.refused == "no reference is frozen for this site and model yet: 1200 studies"
    assert tags_frozen_with(QualityReference(), tagged_studies(CALM[:499]), 500).tags == ()


def test_the_reference_is_frozen_once_and_a_new_model_gets_its_own() -> None:
    assert tags_frozen_with(REFERENCE, tagged_studies(late(view="LL")), 500) is REFERENCE
    later = [replace(each, model="phantom-net 2.0.0", view="LL") for each in CALM]
    both = tags_frozen_with(REFERENCE, tagged_studies([*CALM, *later]), 500)
    assert both.tags[: len(TAGS)] == REFERENCE.tags
    assert {(each.model, each.tag) for each in both.tags[len(TAGS) :]} == {("phantom-net 2.0.0", tag) for tag in TAGS}


def test_an_alarm_is_over_when_it_was_judged_and_not_found_or_the_model_reads_nothing_any_more() -> None:
    ill = verdicts(late(scanner="P9"))
    (silence,) = ill.silences
    alarm = seen_again(None, silence, MADE_AT)
    assert not is_over(alarm, ill)
    assert is_over(alarm, verdicts(CALM))
    few = [each for each in CALM if each.date < SINCE] + late(scanner="P9")[-30:]
    assert not is_over(alarm, verdicts(few))
    gone = [replace(each, model="phantom-net 2.0.0") for each in CALM]
    assert is_over(alarm, verdicts(gone))


def test_one_site_s_films_are_not_held_against_another_s() -> None:
    south = [replace(each, site="south", study=f"s{each.study}", scanner="Q1") for each in CALM]
    both = [*CALM, *south]
    found = tag_drifts(tagged_studies(both), reference_of(both), SINCE, MADE_AT.date())
    assert {(each.site, each.distance) for each in found if each.tag == "scanner"} == {("north", 0.0), ("south", 0.0)}
