"""AUROC, its variance and the paired test against pROC, scikit-learn and brute force."""

import numpy as np
import pytest
from evaluation_data import D1
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from wetread.domain.errors import PermanentError
from wetread.evaluation.discrimination import (
    area_interval,
    auroc,
    auroc_covariance,
    auroc_estimate,
    auroc_influence,
    compare_aurocs,
    placements,
)

few_scores = st.lists(st.integers(-3, 3), min_size=1, max_size=12)


def test_the_oracle_set_is_the_published_one() -> None:
    assert (D1.truth.sum(), len(D1.truth)) == (163, 500)
    assert (D1.score.sum(), D1.other.sum()) == pytest.approx((197.140, 164.898), abs=1e-9)


def test_areas_and_covariance_equal_proc() -> None:
    areas, covariance = auroc_covariance(D1.truth, np.stack([D1.score, D1.other]))
    assert areas == pytest.approx([0.844969143107, 0.763985727549], abs=1e-11)
    assert covariance.diagonal() == pytest.approx([0.000338478344406, 0.000483806611252], abs=1e-14)
    assert covariance[0, 1] == pytest.approx(0.000273956556025, abs=1e-14)


def test_logit_interval_equals_the_oracle() -> None:
    estimate = auroc_estimate(D1.truth, D1.score)
    assert (estimate.low, estimate.high) == pytest.approx((0.8054024781, 0.8777123841), abs=1e-9)
    assert estimate.standard_error == pytest.approx(0.0183977810, abs=1e-10)
    assert (estimate.n_positive, estimate.n_negative, estimate.n_patients, estimate.small) == (163, 337, 500, False)


def test_clustered_standard_error_equals_obuchowski() -> None:
    estimate = auroc_estimate(D1.truth, D1.score, D1.patients)
    assert estimate.standard_error == pytest.approx(0.0187064527, abs=1e-10)
    assert estimate.n_patients == 250
    assert "Obuchowski" in estimate.method


def test_paired_test_equals_proc() -> None:
    paired = compare_aurocs(D1.truth, D1.score, D1.other)
    assert paired.z == pytest.approx(4.889070715, abs=1e-9)
    assert paired.p == pytest.approx(1.01313099759e-06, rel=1e-10)
    assert (paired.low, paired.high) == pytest.approx((0.0485182320718, 0.113448599044), abs=1e-11)


def test_equal_curves_differ_by_nothing() -> None:
    paired = compare_aurocs(D1.truth, D1.score, 2 * D1.score + 1)
    assert (paired.difference, paired.z, paired.p) == (0.0, 0.0, 1.0)


def test_copying_every_case_of_a_patient_leaves_the_clustered_error() -> None:
    """Five copies add no information; only the naive error shrinks."""
    alone = auroc_estimate(D1.truth, D1.score)
    copied = [np.repeat(each, 5) for each in (D1.truth, D1.score)]
    clustered = auroc_estimate(*copied, np.repeat(np.arange(500), 5).astype(str))
    assert clustered.standard_error == pytest.approx(alone.standard_error, rel=1e-9)
    assert auroc_estimate(*copied).standard_error < 0.5 * alone.standard_error


def test_perfect_separation_never_claims_certainty() -> None:
    truth = np.r_[np.zeros(40), np.ones(12)]
    estimate = auroc_estimate(truth, np.arange(52.0))
    assert (estimate.value, estimate.high) == (1.0, 1.0)
    assert 0.7 < estimate.low < 0.8
    assert estimate.small
    shared = auroc_estimate(truth, np.arange(52.0), np.r_[np.arange(40), np.full(12, 99)].astype(str))
    assert shared.low < 0.25


def test_a_constant_score_is_a_coin_with_an_interval() -> None:
    estimate = auroc_estimate(D1.truth, np.zeros(500))
    assert estimate.value == 0.5
    assert estimate.low < 0.43
    assert estimate.high > 0.57


@given(few_scores, few_scores)
def test_auroc_equals_counting_all_pairs(positive: list[int], negative: list[int]) -> None:
    truth, score = np.r_[np.ones(len(positive)), np.zeros(len(negative))], np.r_[positive, negative]
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in positive for b in negative]
    assert auroc(truth, score) == pytest.approx(np.mean(pairs), abs=1e-12)
    assert auroc(truth, score) == pytest.approx(roc_auc_score(truth, score), abs=1e-12)


@given(few_scores, few_scores)
def test_placements_are_counts_of_pairs(positive: list[int], negative: list[int]) -> None:
    labels = np.repeat([1.0, 0.0], [len(positive), len(negative)])
    above, below = placements(labels, np.array([*positive, *negative], dtype=float))
    pairs = np.subtract.outer(positive, negative)
    wins = (pairs > 0) + (pairs == 0) / 2
    assert above == pytest.approx(wins.mean(axis=1))
    assert below == pytest.approx(wins.mean(axis=0))


@given(st.integers(0, 2**32 - 1))
def test_delong_equals_its_definition(seed: int) -> None:
    """Sample variances of the placement values, counted pair by pair."""
    random = np.random.default_rng(seed)
    truth, score = np.r_[np.ones(7), np.zeros(9)], random.integers(0, 6, 16).astype(float)
    wins = (score[:7, None] > score[None, 7:]) + 0.5 * (score[:7, None] == score[None, 7:])
    expected = wins.mean(axis=1).var(ddof=1) / 7 + wins.mean(axis=0).var(ddof=1) / 9
    assert auroc_covariance(truth, score)[1][0, 0] == pytest.approx(expected, abs=1e-14)


def test_clustered_interval_covers_where_patients_repeat() -> None:
    """80 patients with four alike studies each; true AUROC .80 (normal scores 1.19 apart)."""
    random, covered, naive = np.random.default_rng(4), 0, 0
    patients = np.repeat(np.arange(80), 4).astype(str)
    truth = np.repeat(np.arange(80) % 2, 4).astype(float)
    for _ in range(200):
        score = (
            1.1902 * truth
            + np.sqrt(0.7) * np.repeat(random.normal(size=80), 4)
            + np.sqrt(0.3) * random.normal(size=320)
        )
        with_patients, without = auroc_estimate(truth, score, patients), auroc_estimate(truth, score)
        covered += with_patients.low <= 0.8 <= with_patients.high
        naive += without.low <= 0.8 <= without.high
    assert covered / 200 > 0.91
    assert naive < covered


def test_each_cases_part_in_the_error_adds_up_to_the_covariance() -> None:
    (area, first), (_, second) = auroc_influence(D1.truth, D1.score), auroc_influence(D1.truth, D1.other)
    areas, covariance = auroc_covariance(D1.truth, np.stack([D1.score, D1.other]))
    assert area == pytest.approx(areas[0])
    assert (first @ first, first @ second) == pytest.approx((covariance[0, 0], covariance[0, 1]))


def test_the_interval_of_few_positives_covers_near_one_too() -> None:
    """True AUROC .95 on 20 positives, where DeLong's error alone covers 90 %."""
    random, truth, held = np.random.default_rng(6), np.repeat([1.0, 0.0], [20, 180]), 0
    for _ in range(300):
        found = auroc_estimate(truth, random.normal(size=200) + 2.3262 * truth)
        held += found.low <= 0.95 <= found.high
    assert 0.93 < held / 300 < 1


def test_what_cannot_be_estimated_is_refused() -> None:
    with pytest.raises(PermanentError, match="only one class") as refused:
        auroc(np.ones(20), np.arange(20.0))
    assert refused.value.code == "too_few_cases"
    with pytest.raises(PermanentError, match="9 positives"):
        auroc_estimate(np.r_[np.ones(9), np.zeros(50)], np.arange(59.0))
    with pytest.raises(ValueError, match="NaN"):
        auroc([0, 1], [0.1, float("nan")])
    with pytest.raises(ValueError, match="one length"):
        auroc([0, 1, 1], [0.1, 0.2])
    with pytest.raises(ValueError, match="0 or 1"):
        auroc([0, 0.5, 1], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="one key per case"):
        auroc_estimate(D1.truth, D1.score, D1.patients[:-1])


def test_the_interval_of_few_patients_is_the_logit_one_with_one_more_of_the_largest_variance() -> None:
    """By hand: variance (20 x 0.0025 + 0.09 / 20) / 21 = 0.0025952, on the logit scale a half width of 1.10942 about 2.19722."""
    assert area_interval(0.9, 0.05, 20) == pytest.approx((0.747969, 0.964656), abs=1e-6)
    assert area_interval(0.9, 0.05, 100) == pytest.approx((0.751822, 0.963949), abs=1e-6)
