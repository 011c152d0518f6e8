"""Prior shift, the prevalence without labels, and shrunken intercepts: identities, simulations with known truth, coverage."""

import numpy as np
import pytest
from evaluation_data import D1
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from wetread.domain.errors import PermanentError
from wetread.evaluation.inputs import Floats
from wetread.evaluation.logistic import fit_logistic, logit, sigmoid
from wetread.evaluation.prevalence import estimate_prevalence, shift_prevalence, site_intercepts

shares = st.floats(0.01, 0.99)


def _posterior(score: Floats, prevalence: float) -> Floats:
    """P(sick | score) where the well are N(0, 1) and the sick N(2, 1)."""
    return sigmoid(2 * score - 2 + np.log(prevalence / (1 - prevalence)))


def _scores(random: np.random.Generator, cases: int, prevalence: float) -> tuple[Floats, Floats]:
    truth = (random.random(cases) < prevalence).astype(float)
    return truth, random.normal(size=cases) + 2 * truth


@given(st.floats(0, 1), shares, shares)
def test_shifting_multiplies_the_odds_and_comes_back(probability: float, source: float, target: float) -> None:
    there = shift_prevalence([probability], source, target)
    assert shift_prevalence(there, target, source)[0] == pytest.approx(probability, abs=1e-9)
    assert shift_prevalence([source], source, target)[0] == pytest.approx(target, abs=1e-12)


def test_shifted_probabilities_are_bayes_rule() -> None:
    score = np.linspace(-3, 5, 50)
    assert shift_prevalence(_posterior(score, 0.3), 0.3, 0.05) == pytest.approx(_posterior(score, 0.05), abs=1e-12)


def test_prevalence_without_labels_is_the_likeliest() -> None:
    random = np.random.default_rng(1)
    probability = _posterior(_scores(random, 1500, 0.08)[1], 0.4)
    found = estimate_prevalence(probability, 0.4)

    def minus_log_likelihood(share: float) -> float:
        return -float(np.log(share * probability / 0.4 + (1 - share) * (1 - probability) / 0.6).sum())

    likeliest = minimize_scalar(
        minus_log_likelihood, bounds=(1e-6, 1 - 1e-6), method="bounded", options={"xatol": 1e-9}
    )
    assert found.prevalence == pytest.approx(float(likeliest.x), abs=1e-6)
    assert found.low < 0.08 < found.high < 0.4
    for end in (found.low, found.high):
        assert 2 * (minus_log_likelihood(end) - float(likeliest.fun)) == pytest.approx(3.8414588, abs=1e-5)
    assert found.p < 1e-6
    assert found.n == 1500


def test_prevalence_interval_covers() -> None:
    random = np.random.default_rng(2)
    found = [estimate_prevalence(_posterior(_scores(random, 300, 0.1)[1], 0.4), 0.4) for _ in range(150)]
    assert sum(each.low <= 0.1 <= each.high for each in found) / 150 > 0.90
    assert np.mean([each.prevalence for each in found]) == pytest.approx(0.1, abs=0.01)


def test_no_positive_at_all_is_a_prevalence_near_zero() -> None:
    found = estimate_prevalence(np.r_[np.full(199, 0.01), 0.02], 0.3)
    assert found.prevalence < 1e-6
    assert found.low == pytest.approx(0.0, abs=1e-8)
    assert 0 < found.high < 0.05


def test_what_says_nothing_about_prevalence_is_refused() -> None:
    with pytest.raises(PermanentError, match="do not vary"):
        estimate_prevalence(np.full(200, 0.3), 0.3)
    with pytest.raises(PermanentError, match="99 cases"):
        estimate_prevalence(np.linspace(0, 1, 99), 0.3)
    for wrong in (0.0, 1.0, float("nan")):
        with pytest.raises(ValueError, match="prevalence"):
            shift_prevalence([0.5], wrong, 0.5)
        with pytest.raises(ValueError, match="prevalence"):
            shift_prevalence([0.5], 0.5, wrong)
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="between 0 and 1"):
            shift_prevalence([wrong], 0.5, 0.5)


def test_sites_that_do_not_differ_share_one_intercept() -> None:
    """Twelve labels drawn at random on a shifted model: little spread, so every site lies close to the common shift."""
    random = np.random.default_rng(7)
    base = random.normal(size=2400)
    truth = (random.random(2400) < sigmoid(base + 0.5)).astype(float)
    found = site_intercepts(truth, sigmoid(base), random.integers(0, 12, 2400).astype(str))
    assert found.between_sites < 0.15
    assert found.common.low < 0.5 < found.common.high
    assert max(abs(each.intercept - found.common.intercept) for each in found.sites) < 0.15


def test_sites_count_their_own_cases() -> None:
    found = site_intercepts(D1.truth, D1.score, D1.sites)
    assert found.common.intercept == pytest.approx(-0.6234, abs=0.03)
    assert [(each.site, each.n) for each in found.sites] == [("0", 167), ("1", 167), ("2", 166)]
    assert sum(each.n_positive for each in found.sites) == 163


def test_small_sites_lean_on_the_others_and_large_ones_do_not() -> None:
    random = np.random.default_rng(3)
    shifts, sizes = np.array([-0.8, -0.4, 0.0, 0.4, 0.8, 0.8]), np.array([400, 400, 400, 400, 2000, 12])
    places = np.repeat(np.arange(6), sizes)
    base = random.normal(size=len(places)) - 0.5
    truth = (random.random(len(places)) < sigmoid(base + shifts[places])).astype(float)
    found = site_intercepts(truth, sigmoid(base), places.astype(str))
    alone = [
        fit_logistic(np.ones((size, 1)), truth[places == at], offset=base[places == at]).weights[0]
        for at, size in enumerate(sizes)
    ]
    assert 0.3 < found.between_sites < 1.2
    assert abs(found.sites[4].intercept - alone[4]) < 0.03
    leaned = abs(found.sites[5].intercept - found.common.intercept)
    assert leaned < 0.75 * abs(alone[5] - found.common.intercept)
    assert all(each.low < each.intercept < each.high for each in found.sites)
    assert found.sites[5].high - found.sites[5].low > 2 * (found.sites[4].high - found.sites[4].low)


def test_site_intervals_cover_and_shrinking_beats_separate_fits() -> None:
    random, covered, shrunken, separate = np.random.default_rng(5), 0, 0.0, 0.0
    places = np.repeat(np.arange(8), 80)
    for _ in range(12):
        shifts = 0.4 * random.normal(size=8) + 0.2
        base = random.normal(size=640)
        truth = (random.random(640) < sigmoid(base + shifts[places])).astype(float)
        for at, each in enumerate(site_intercepts(truth, sigmoid(base), places.astype(str)).sites):
            own = fit_logistic(np.ones((80, 1)), truth[places == at], offset=base[places == at]).weights[0]
            covered += each.low <= shifts[at] <= each.high
            shrunken += (each.intercept - shifts[at]) ** 2
            separate += (own - shifts[at]) ** 2
    assert covered / 96 > 0.87
    assert shrunken < separate


def test_a_site_without_any_positive_gets_a_finite_shift() -> None:
    truth = np.where(D1.sites == "2", 0.0, D1.truth)
    found = site_intercepts(truth, D1.score, D1.sites)
    assert found.sites[2].n_positive == 0
    assert -10 < found.sites[2].intercept < found.sites[0].intercept


def test_an_unknown_site_gets_the_common_shift() -> None:
    found = site_intercepts(D1.truth, D1.score, D1.sites)
    assert logit(found.apply([0.5], "elsewhere"))[0] == pytest.approx(found.common.intercept)
    assert logit(found.apply([0.5], "1"))[0] == pytest.approx(found.sites[1].intercept)


def test_too_little_for_intercepts_is_refused() -> None:
    with pytest.raises(PermanentError, match="one site"):
        site_intercepts(D1.truth, D1.score, np.full(500, "a"))
    with pytest.raises(PermanentError, match="need 50 of each"):
        site_intercepts(D1.truth[:100], D1.score[:100], D1.sites[:100])
