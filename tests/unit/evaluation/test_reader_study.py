"""Reader studies and agreement against MRMCaov, R and published tables."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import gammaln

from wetread.domain.errors import PermanentError
from wetread.evaluation.agreement import Kappa, cohen_kappa, fleiss_kappa, gwet_ac1, krippendorff_alpha
from wetread.evaluation.reader_study import obuchowski_rockette


def _study(seed: int, negatives: int, positives: int, readers: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The deterministic study of the metric contract: ratings 1 to 5, the second modality a little better."""
    state = seed

    def draw() -> float:
        nonlocal state
        state = (1103515245 * state + 12345) % 2**31
        return state / 2**31

    cases = negatives + positives
    base = [(draw() + draw() + draw() - 1.5) + (0.9 if c >= negatives else 0.0) for c in range(cases)]
    ratings = np.zeros((2, readers, cases))
    for i in range(2):
        for j in range(readers):
            gain = 0.55 + 0.12 * j + (0.25 if i == 1 else 0.0)
            for c in range(cases):
                x = gain * base[c] + (draw() + draw() + draw() - 1.5) * 0.8
                ratings[i, j, c] = max(1, min(5, math.floor(x * 2 + 3)))
    return ratings, np.repeat([0.0, 1.0], [negatives, positives])


RATINGS, TRUTH = _study(7, 36, 24, 4)


def test_the_study_is_the_published_one() -> None:
    assert (RATINGS.size, RATINGS.sum(), list(RATINGS[0, 0, :3])) == (480, 1479, [2, 2, 3])


def test_delong_analysis_equals_mrmcaov() -> None:
    study = obuchowski_rockette(RATINGS, TRUTH)
    parts = study.parts
    assert (parts.error, parts.cov1, parts.cov2, parts.cov3) == pytest.approx(
        (0.0030541345, 0.0012157038, 0.0012222641, 0.0012776814), abs=1e-10
    )
    assert study.random_both.denominator == pytest.approx(0.003632638353, abs=1e-12)
    assert (study.random_both.statistic, study.random_both.p) == pytest.approx((2.396238591, 0.2193777727), abs=1e-8)
    assert study.random_both.df == (1, pytest.approx(3))
    (contrast,) = study.contrasts
    assert (contrast.difference, contrast.standard_error) == pytest.approx((-0.0659722222, 0.0426182963), abs=1e-9)
    assert (contrast.low, contrast.high) == pytest.approx((-0.2016026617, 0.0696582173), abs=1e-8)
    assert contrast.non_inferior(0.25)
    assert not contrast.non_inferior(0.2)


def test_jackknife_analysis_equals_mrmcaov() -> None:
    study = obuchowski_rockette(RATINGS, TRUTH, covariance="jackknife")
    parts = study.parts
    assert (parts.error, parts.cov1, parts.cov2, parts.cov3) == pytest.approx(
        (0.003116758130, 0.001240886147, 0.001247183452, 0.001304009772), abs=1e-12
    )
    intervals = [each for mean in study.modalities for each in (mean.low, mean.high)]
    assert intervals == pytest.approx([0.6733138844, 0.8752972267, 0.7657601709, 0.9147953847], abs=1e-8)


def test_the_published_vandyke_analysis_follows_from_its_parts() -> None:
    """Reader areas as published; the denominator, F, its degrees of freedom and the interval are then arithmetic on them."""
    cine = np.array([0.9196457, 0.8587762, 0.9038647, 0.9731079, 0.8297907])
    spin = np.array([0.9478261, 0.9053140, 0.9217391, 0.9993559, 0.9299517])
    table = np.stack([cine, spin])
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    assert (rest**2).sum() / 4 == pytest.approx(0.0005510306, abs=1e-9)
    assert 5 * ((table.mean(axis=1) - table.mean()) ** 2).sum() == pytest.approx(0.004796171, abs=1e-8)


def test_figures_are_reader_by_reader_what_one_reader_would_get() -> None:
    sens = obuchowski_rockette(RATINGS, TRUTH, figure="sensitivity", threshold=4)
    spec = obuchowski_rockette(RATINGS, TRUTH, figure="specificity", threshold=4)
    assert sens.figures == pytest.approx((RATINGS[:, :, TRUTH == 1] >= 4).mean(axis=2))
    assert spec.figures == pytest.approx((RATINGS[:, :, TRUTH == 0] < 4).mean(axis=2))


def test_equal_modalities_are_not_called_different_more_often_than_said() -> None:
    random = np.random.default_rng(2)
    truth = np.repeat([0.0, 1.0], 40)
    small = []
    for _ in range(200):
        case, reader = random.normal(size=80) + truth, random.normal(size=(1, 5, 1))
        ratings = case + reader + random.normal(size=(2, 5, 80))
        small.append(obuchowski_rockette(ratings, truth).random_both.p < 0.05)
    assert np.mean(small) <= 0.09


def test_a_study_that_is_none_is_refused() -> None:
    gap = RATINGS.copy()
    gap[0, 0, 0] = np.inf
    with pytest.raises(ValueError, match="finite"):
        obuchowski_rockette(gap, TRUTH)
    gap[0, 0, 0] = np.nan
    with pytest.raises(PermanentError, match="fully crossed"):
        obuchowski_rockette(gap, TRUTH)
    with pytest.raises(PermanentError):
        obuchowski_rockette(RATINGS[:1], TRUTH)
    for option in ({"figure": "kappa"}, {"covariance": "none"}):
        with pytest.raises(ValueError, match="not"):
            obuchowski_rockette(RATINGS, TRUTH, **option)  # type: ignore[arg-type]


def test_kappa_equals_r_and_the_1969_paper() -> None:
    plain = cohen_kappa([[20, 5], [10, 15]])
    assert (plain.value, plain.standard_error) == pytest.approx((0.4, 0.126996063), abs=1e-9)
    assert (plain.low, plain.high) == pytest.approx((0.1510922905, 0.6489077095), abs=1e-9)
    table = [[88, 10, 2], [14, 40, 6], [18, 10, 12]]
    three = cohen_kappa(table)
    assert (three.value, three.standard_error) == pytest.approx((0.4915254237, 0.0510018156), abs=1e-9)
    weighted = cohen_kappa(table, [[0, 1, 3], [1, 0, 6], [3, 6, 0]])
    assert (weighted.value, weighted.standard_error) == pytest.approx((0.3478260870, 0.0755040153), abs=1e-9)
    assert cohen_kappa(table, "linear").value == pytest.approx(0.4736842105, abs=1e-9)
    assert cohen_kappa(table, "quadratic").value == pytest.approx(0.4545454545, abs=1e-9)


@pytest.mark.parametrize("agreement", [cohen_kappa, gwet_ac1])
def test_the_interval_of_few_pairs_covers_where_readers_seldom_differ(agreement: Callable[..., Kappa]) -> None:
    """30 pairs of readers who call 0.5 and differ in 0.1: kappa and AC1 are 0.8; the large-sample interval covers 88 % and 81 %."""
    random, held = np.random.default_rng(3), 0
    for _ in range(300):
        found = agreement(random.multinomial(30, [0.45, 0.05, 0.05, 0.45]).reshape(2, 2))
        held += found.low <= 0.8 <= found.high
    assert 0.91 < held / 300 < 0.99


@pytest.mark.parametrize("agreement", [cohen_kappa, gwet_ac1])
@pytest.mark.parametrize("true", [0.6, 0.8])
def test_the_interval_of_forty_pairs_covers_as_often_as_it_says(agreement: Callable[..., Kappa], true: float) -> None:
    """No chance in it: every table of 40 pairs of readers who call 0.5, each with its probability. Kappa and AC1 are equal here. Either diagonal may be turned round."""
    logs, held = np.log([(1 + true) / 4, (1 - true) / 4]), 0.0
    for a, b, c in itertools.product(range(41), repeat=3):
        if (d := 40 - a - b - c) < a or d == 40 or c < b:
            continue
        found = agreement([[a, b], [c, d]])
        if found.low <= true <= found.high:
            held += (1 + (a < d)) * (1 + (b < c)) * np.exp(gammaln(41) - gammaln([a + 1, b + 1, c + 1, d + 1]).sum() + (a + d) * logs[0] + (b + c) * logs[1])  # fmt: skip
    assert 0.93 < held < 0.97


def test_two_readers_who_never_differ_are_not_certain_to_agree() -> None:
    found = cohen_kappa([[12, 0], [0, 18]])
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.5 < found.low < 0.95


def test_fleiss_table_of_ten_subjects() -> None:
    table = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    assert fleiss_kappa(table) == pytest.approx(0.2099307044, abs=1e-9)


def test_krippendorffs_own_example_with_gaps() -> None:
    """Krippendorff 2011, four observers, twelve units: nominal 0.743, interval 0.849."""
    nan = np.nan
    ratings = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan], [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
        [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan], [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan],
    ]  # fmt: skip
    assert krippendorff_alpha(ratings) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(ratings, "interval") == pytest.approx(0.849, abs=5e-4)


def test_ac1_does_not_collapse_where_one_answer_is_rare() -> None:
    """Gwet's paradox table: 118 of 125 agree that there is nothing; kappa is near 0, AC1 near the agreement."""
    table = [[118, 5], [2, 0]]
    assert cohen_kappa(table).value == pytest.approx(-0.0234, abs=1e-3)
    ac1 = gwet_ac1(table)
    assert ac1.value == pytest.approx(0.9408, abs=1e-3)
    assert ac1.low < ac1.value < ac1.high


def test_the_standard_error_of_ac1_is_the_spread_of_repeated_samples() -> None:
    table = np.array([[60, 8, 2], [10, 30, 6], [3, 5, 26]])
    random = np.random.default_rng(1)
    drawn = random.multinomial(150, (table / 150).ravel(), size=3000).reshape(-1, 3, 3)
    spread = np.std([gwet_ac1(each).value for each in drawn])
    assert gwet_ac1(table).standard_error == pytest.approx(spread, rel=0.06)


@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=3, max_size=3))
def test_agreement_never_exceeds_one_and_is_the_same_from_both_sides(table: list[list[int]]) -> None:
    try:
        found = cohen_kappa(table)
    except PermanentError:
        return
    assert found.value <= 1
    assert cohen_kappa(np.array(table).T).value == pytest.approx(found.value)


def test_agreement_that_is_not_defined_is_refused() -> None:
    for call in (
        lambda: cohen_kappa([[5, 0], [0, 0]]),
        lambda: cohen_kappa([[0, 0], [0, 0]]),
        lambda: fleiss_kappa([[1, 0], [0, 1]]),
        lambda: krippendorff_alpha([[1, np.nan], [np.nan, 2]]),
        lambda: krippendorff_alpha([[1, 1], [1, 1]]),
    ):
        with pytest.raises(PermanentError):
            call()
    for wrong in (
        lambda: cohen_kappa([[1, 2, 3]]),
        lambda: cohen_kappa([[1, 2], [3, 4]], "cubic"),
        lambda: fleiss_kappa([[1, 2], [1, 3]]),
        lambda: krippendorff_alpha([1, 2]),
    ):
        with pytest.raises(ValueError, match=r"need|weights"):
            wrong()
