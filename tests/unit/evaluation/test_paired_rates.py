"""Differences of rates against published tables, statsmodels, and simulation; the partial area against R and scikit-learn."""

import numpy as np
import pytest
from evaluation_data import D1
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from wetread.domain.errors import PermanentError
from wetread.evaluation.paired_rates import difference_of_rates, mcnemar, paired_rates
from wetread.evaluation.partial_auroc import partial_auroc


def test_mcnemar_of_agrestis_table() -> None:
    assert mcnemar(86, 150) == pytest.approx((17.3559322, 3.09929344e-05))
    assert mcnemar(86, 150, continuity=True) == pytest.approx((16.8177966, 4.11456e-05), rel=1e-6)
    assert mcnemar(0, 0) == (0.0, 1.0)
    assert mcnemar(1, 1, continuity=True)[0] == 0


def test_newcombes_difference() -> None:
    assert difference_of_rates((56, 70), (48, 80)) == pytest.approx((0.0524314724, 0.3338726540), abs=1e-9)


def test_without_shared_patients_the_test_is_mcnemars() -> None:
    random = np.random.default_rng(3)
    first, second = random.random(300) < 0.8, random.random(300) < 0.7
    found = paired_rates(first, second)
    table = [[0, int((first & ~second).sum())], [int((~first & second).sum()), 0]]
    assert found.p == pytest.approx(statsmodels_mcnemar(table, exact=False, correction=False).pvalue)
    assert found.difference == pytest.approx(first.mean() - second.mean())
    assert (found.only_first, found.only_second) == (table[0][1], table[1][0])


def test_copies_of_a_patient_add_nothing() -> None:
    random = np.random.default_rng(4)
    first, second = random.random(80) < 0.8, random.random(80) < 0.6
    once = paired_rates(first, second)
    copied = paired_rates(np.repeat(first, 5), np.repeat(second, 5), np.repeat(np.arange(80), 5).astype(str))
    assert (copied.low, copied.high, copied.p) == pytest.approx((once.low, once.high, once.p))
    assert copied.n_patients == 80


def test_the_interval_holds_the_difference() -> None:
    """500 trials: below 92 % or above 98 % once in thousands."""
    held = 0
    for seed in range(500):
        random = np.random.default_rng(seed)
        common = random.random(60)
        first, second = common * 0.7 + random.random(60) * 0.3 < 0.8, common * 0.7 + random.random(60) * 0.3 < 0.8
        found = paired_rates(first, second)
        held += found.low <= 0 <= found.high
    assert 460 <= held <= 490


def test_what_cannot_be_paired_is_refused() -> None:
    with pytest.raises(ValueError, match="two outcomes per case"):
        paired_rates(np.ones(3, dtype=bool), np.ones(4, dtype=bool))
    with pytest.raises(PermanentError):
        paired_rates(np.ones(30, dtype=bool), np.ones(30, dtype=bool), np.repeat("p", 30))
    with pytest.raises(ValueError, match="0 or more"):
        mcnemar(-1, 2)


def test_the_partial_area_of_the_oracle_set_equals_r() -> None:
    found = partial_auroc(D1.truth, D1.score)
    assert found.area == pytest.approx(0.0403488012234, abs=1e-12)
    assert found.standardised == pytest.approx(0.686046322228, abs=1e-11)


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from([0.05, 0.1, 0.37, 0.9, 1.0]))
def test_the_partial_area_is_scikit_learns(seed: int, most: float) -> None:
    random = np.random.default_rng(seed)
    truth = np.r_[0, 1, random.integers(0, 2, 40)]
    score = np.round(random.random(42), 1)
    theirs = roc_auc_score(truth, score, max_fpr=most)
    found = partial_auroc(truth, score, 1 - most)
    assert (found.standardised if most < 1 else found.area) == pytest.approx(theirs)


def test_a_specificity_of_one_has_no_area() -> None:
    with pytest.raises(ValueError, match="least specificity"):
        partial_auroc([0, 1], [0.1, 0.2], 1.0)
