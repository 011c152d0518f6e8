"""Which nights ring: a fall, a shift, a drift, overrides and a gap each by their own alarm; a calm log by none; an alarm ends when its cause was looked at and not found."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from quality_data import MADE_AT, Feed, rows_of

from wetread.domain.alarm import Alarm, AlarmKind
from wetread.domain.quality import Number, QualityReference, QualityReport
from wetread.monitoring.alarms import seen_again
from wetread.monitoring.cells import QualityLimits, quality_report
from wetread.monitoring.columns import cell_columns
from wetread.monitoring.evidence import rise_evidence
from wetread.monitoring.prediction_log import PredictionRow
from wetread.monitoring.quality_rules import Verdicts, is_over, quality_verdicts
from wetread.monitoring.reference import frozen_with
from wetread.testing.quality_builders import a_quality_cell, a_quality_report

K = AlarmKind
LIMITS = QualityLimits()
SICKER = Feed(per_day=24)


def reference_of(rows: list[PredictionRow]) -> QualityReference:
    return frozen_with(QualityReference(), cell_columns(rows), LIMITS.reference_studies)


def verdicts_of(rows: list[PredictionRow], reference: QualityReference | None = None) -> Verdicts:
    reference = reference or reference_of(rows)
    return quality_verdicts(quality_report(cell_columns(rows), reference, LIMITS, MADE_AT), reference, 1.0)


@cache
def verdicts_on(feed: Feed) -> Verdicts:
    return verdicts_of(rows_of(feed))


def kinds(verdicts: Verdicts) -> set[AlarmKind]:
    return {each.kind for each in verdicts.silences}


@pytest.mark.parametrize("seed", range(3))
def test_a_calm_log_rings_nobody(seed: int) -> None:
    assert verdicts_on(Feed(seed=seed)).silences == ()


@pytest.mark.parametrize(
    ("feed", "kind", "says"),
    [
        (replace(SICKER, missed=0.5), K.SENSITIVITY_FELL, "hold or roll back"),
        (replace(SICKER, shift=1.0), K.CALIBRATION_OFF, "recalibrated"),
        (replace(SICKER, score_shift=1.0), K.SCORES_DRIFTED, "hold any rollout"),
        (replace(SICKER, dropped=0.5), K.OVERRIDES_JUMPED, "ask the readers"),
    ],
)
def test_each_trouble_rings_by_its_own_alarm(feed: Feed, kind: AlarmKind, says: str) -> None:
    (silence,) = [each for each in verdicts_on(feed).silences if each.kind is kind]
    assert silence.alarm_key == f"{kind.value}/north/Acme P1/effusion/phantom-net 1.0.0"
    assert silence.message.startswith("effusion on Acme P1, site north, phantom-net 1.0.0: ")
    assert says in silence.message
    assert "n " in silence.message
    assert not silence.pages


def test_a_group_that_is_missed_rings_by_its_gap() -> None:
    rows = [
        replace(each, probability=0.01) if each.label == "positive" and each.sex == "F" and each.view == "AP" else each
        for each in rows_of(SICKER)
    ]
    found = [each for each in verdicts_of(rows).silences if each.kind is K.SUBGROUP_GAP]
    assert any("sensitivity is worse for view AP" in each.message for each in found)
    assert all("/sensitivity/" in each.alarm_key for each in found)


def test_the_reference_is_frozen_once() -> None:
    calm, drifted = rows_of(SICKER), rows_of(replace(SICKER, score_shift=1.0, since=84))
    reference = reference_of(calm)
    assert frozen_with(reference, cell_columns(drifted), LIMITS.reference_studies) is reference
    (frozen,) = reference.cells
    assert (frozen.first_day, frozen.last_day) == ("2025-12-08", "2025-12-28")
    assert sum(frozen.counts) == len(frozen.scores) < 21 * 24  # one score a patient
    assert K.SCORES_DRIFTED in kinds(verdicts_of(drifted, reference))
    assert K.SCORES_DRIFTED not in kinds(verdicts_of(drifted))


def test_without_enough_studies_nothing_is_frozen_and_the_report_says_so() -> None:
    rows = rows_of(Feed(per_day=2))
    report = quality_report(cell_columns(rows), reference_of(rows), LIMITS, MADE_AT)
    assert report.notes == ("effusion on Acme P1, site north, phantom-net 1.0.0: no reference yet, 168 of 500 studies",)
    assert "no reference" in report.cells[0].number("psi").refused


def opened(verdicts: Verdicts, kind: AlarmKind) -> Alarm:
    (silence,) = [each for each in verdicts.silences if each.kind is kind]
    return seen_again(None, silence, MADE_AT)


def test_an_alarm_ends_when_its_cause_was_looked_at_and_not_found() -> None:
    ill = verdicts_on(replace(SICKER, missed=0.5))
    alarm = opened(ill, K.SENSITIVITY_FELL)
    assert not is_over(alarm, ill)
    assert is_over(alarm, verdicts_on(SICKER))


def test_an_alarm_whose_cell_has_too_few_cases_now_stays() -> None:
    ill = rows_of(replace(SICKER, missed=0.5))
    reference = reference_of(ill)
    alarm = opened(verdicts_on(replace(SICKER, missed=0.5)), K.SENSITIVITY_FELL)
    thin = [each for each in ill if each.date < "2026-02-02"] + ill[-5:]
    assert not is_over(alarm, verdicts_of(thin, reference))
    gone = [replace(each, model="phantom-net 1.0.0.1") for each in thin]
    assert is_over(alarm, verdicts_of(gone, reference))


def test_evidence_of_a_rise_finds_where_it_began_and_falls_when_mended() -> None:
    random = np.random.default_rng(5)
    calm, risen = random.random(200) < 0.2, random.random(60) < 0.6
    late = np.concatenate([calm, risen])
    mended = np.concatenate([calm, risen, random.random(200) < 0.1])
    assert rise_evidence(calm, 0.25) < 1
    assert rise_evidence(late, 0.25) > 1000
    assert rise_evidence(mended, 0.25) < rise_evidence(late, 0.25) / 100
    assert rise_evidence(late, 1.0) == 1.0


def test_evidence_by_chance_stays_below_its_promise() -> None:
    """At the limit itself the mean over many logs of an e-value is at most 1."""
    random = np.random.default_rng(9)
    found = [rise_evidence(random.random(40) < 0.2, 0.2) for _ in range(400)]
    assert np.mean(found) < 1.3
    assert np.mean(np.array(found) >= 13) <= 0.05


def cells_with(*evidence: float) -> QualityReport:
    names = ("sensitivity", "sensitivity_evidence", "calibration_evidence", "override_evidence")
    cells = tuple(
        a_quality_cell(
            key=replace(a_quality_cell().key, scanner=f"P{number}"),
            numbers=tuple(Number(name, 40, value if name == names[1] else None) for name in names),
            gaps=(),
            psi_shares=(),
        )
        for number, value in enumerate(evidence)
    )
    return a_quality_report(cells=cells, tags=(), films=(), blind=())


@pytest.mark.parametrize(
    ("evidence", "false_alarms_per_year", "rings"),
    [
        ((27.0,), 0.5, True),  # 365 / 28 / 0.5 = 26.1
        ((25.0,), 0.5, False),
        ((52.5, 0.0), 0.5, True),  # two cells share them
        ((51.0, 0.0), 0.5, False),
        ((19.0,), 50.0, False),  # never on less than 1 in 20
    ],
)
def test_evidence_must_outweigh_the_false_alarms_of_a_year_shared_by_the_cells(
    evidence: tuple[float, ...], false_alarms_per_year: float, rings: bool
) -> None:
    found = quality_verdicts(cells_with(*evidence), QualityReference(), false_alarms_per_year)
    assert [each.kind for each in found.silences] == [K.SENSITIVITY_FELL] * rings
    assert len(found.judged) == len(evidence)
