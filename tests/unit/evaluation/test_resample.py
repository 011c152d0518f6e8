"""The block bootstrap against exact statistics, against resampling written out, and at a million cases; average precision and net benefit."""

import numpy as np
import pytest
from evaluation_data import D1
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from wetread.domain.errors import PermanentError
from wetread.evaluation.decision_curve import decision_curve
from wetread.evaluation.discrimination import auroc_estimate
from wetread.evaluation.precision_recall import average_precision, average_precision_estimate
from wetread.evaluation.resample import (
    bootstrap_weights,
    patient_blocks,
    percentile_interval,
    score_table,
    simultaneous_bands,
)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=4, max_size=40))
def test_the_table_gives_what_scikit_learn_gives(rows: list[tuple[bool, int]]) -> None:
    truth = np.array([float(each[0]) for each in rows])
    score = np.array([each[1] / 6 for each in rows])
    if truth.min() == truth.max():
        return
    table = score_table(truth, score)
    assert table.exact
    assert table.auroc()[0] == pytest.approx(roc_auc_score(truth, score))
    assert table.average_precision()[0] == pytest.approx(average_precision_score(truth, score))
    assert table.brier()[0] == pytest.approx(brier_score_loss(truth, score))


def test_average_precision_equals_the_oracle() -> None:
    assert average_precision(D1.truth, D1.score) == pytest.approx(0.7340870368, abs=1e-9)
    assert average_precision(D1.truth, D1.other) == pytest.approx(0.6040171304, abs=1e-9)
    found = average_precision_estimate(D1.truth, D1.score, D1.patients)
    assert found.low < found.value < found.high
    assert (found.prevalence, found.n_positive, found.n) == (163 / 500, 163, 500)


def test_a_weighted_row_is_the_statistic_of_the_repeated_cases() -> None:
    table = score_table(D1.truth, D1.score, D1.patients)
    weights = bootstrap_weights(250, replicates=3)
    place = patient_blocks(D1.patients, 500)
    for row, area, precision, error in zip(
        weights, table.auroc(weights), table.average_precision(weights), table.brier(weights), strict=True
    ):
        again = np.repeat(np.arange(500), row[place].astype(int))
        truth, score = D1.truth[again], D1.score[again]
        assert area == pytest.approx(roc_auc_score(truth, score))
        assert precision == pytest.approx(average_precision_score(truth, score))
        assert error == pytest.approx(brier_score_loss(truth, score))


def test_the_spread_over_patients_is_obuchowskis() -> None:
    table = score_table(D1.truth, D1.score, D1.patients)
    spread = table.auroc(bootstrap_weights(250, 4000)).std()
    assert spread == pytest.approx(auroc_estimate(D1.truth, D1.score, D1.patients).standard_error, rel=0.06)


def test_more_patients_than_blocks_are_dealt_whole_and_keep_the_spread() -> None:
    random = np.random.default_rng(3)
    patients = np.repeat(np.arange(6000), 2)
    own = random.normal(size=6000)[patients]
    truth = (own + random.normal(size=12_000) > 1).astype(float)
    score = own + random.normal(size=12_000)
    place = patient_blocks(patients, 12_000)
    assert place.max() == 999
    assert all(len(set(place[patients == each])) == 1 for each in range(0, 6000, 500))
    table = score_table(truth, score, patients)
    assert not table.exact
    assert table.auroc()[0] == pytest.approx(roc_auc_score(truth, score), abs=1e-5)
    spread = table.auroc(bootstrap_weights(1000)).std()
    assert spread == pytest.approx(auroc_estimate(truth, score, patients).standard_error, rel=0.12)


def test_bands_hold_for_all_slices_at_once() -> None:
    random = np.random.default_rng(4)
    inside = single = 0
    for _ in range(120):
        sample = random.normal(size=(150, 12))
        drawn = np.stack([sample[random.integers(150, size=150)].mean(axis=0) for _ in range(300)])
        low, high, critical = simultaneous_bands(sample.mean(axis=0), drawn)
        inside += bool(((low <= 0) & (high >= 0)).all())
        error = drawn.std(axis=0, ddof=1)
        single += bool((np.abs(sample.mean(axis=0)) <= 1.96 * error).all())
        assert critical >= 1.959
    assert inside / 120 >= 0.90
    assert single / 120 <= 0.75


def test_net_benefit_by_hand() -> None:
    curve = decision_curve([0, 0, 0, 1, 1], [0.1, 0.2, 0.6, 0.4, 0.9], [0.3, 0.5])
    assert curve.model == pytest.approx([2 / 5 - 1 / 5 * 3 / 7, 1 / 5 - 1 / 5])
    assert curve.everybody == pytest.approx([0.4 - 0.6 * 3 / 7, 0.4 - 0.6])
    assert curve.useful == pytest.approx([curve.model[0] - curve.everybody[0], 0.0])


def test_what_cannot_be_resampled_is_refused() -> None:
    for call in (
        lambda: bootstrap_weights(1),
        lambda: percentile_interval([np.nan, 1.0]),
        lambda: simultaneous_bands([1.0], np.full((200, 1), np.nan)),
        lambda: average_precision_estimate([0, 1] * 5, np.arange(10) / 10),
        lambda: score_table([1, 1], [0.1, 0.2]),
    ):
        with pytest.raises(PermanentError):
            call()
    with pytest.raises(ValueError, match="replicates"):
        simultaneous_bands([1.0, 2.0], np.zeros((200, 1)))
    with pytest.raises(ValueError, match="thresholds"):
        decision_curve([0, 1], [0.1, 0.9], [0.0])
