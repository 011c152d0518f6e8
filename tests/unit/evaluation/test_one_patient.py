"""One patient with most of the films: their films say little of other patients, however many they are, and no interval may look as if they did."""

from collections.abc import Callable

import numpy as np
import pytest
import statsmodels.api as sm
from evaluation_data import D1
from scipy.special import logit

from wetread.domain.analysis import Rate
from wetread.domain.errors import PermanentError
from wetread.evaluation.calibration_error import calibration_line
from wetread.evaluation.discrimination import auroc_estimate, compare_aurocs, difference_interval
from wetread.evaluation.inputs import patients_worth
from wetread.evaluation.paired_rates import paired_rates
from wetread.evaluation.proportions import clustered_rate, event_rate
from wetread.evaluation.sequential import calibration_e_process
from wetread.evaluation.verification import inverse_probability_accuracy

N = 1000
RANDOM = np.random.default_rng(4)
TRUTH = (RANDOM.random(N) < 0.3).astype(np.float64)
SCORE = 0.3 * TRUTH + 0.5 * RANDOM.random(N)
OTHER = 0.2 * TRUTH + 0.5 * RANDOM.random(N)
ALL_OF_ONE = np.repeat("p", N)
MOST_OF_ONE = np.array(["p"] * 900 + [f"p{n}" for n in range(100)])


def weighted(patients: np.ndarray) -> Rate:  # type: ignore[type-arg]
    known = np.ones(N, dtype=np.bool_)
    found = inverse_probability_accuracy(SCORE > 0.4, known, TRUTH, np.full(N, 0.5), patients).sensitivity
    assert found is not None
    return found


RATES: list[Callable[[np.ndarray], object]] = [  # type: ignore[type-arg]
    lambda patients: clustered_rate(TRUTH == 1, patients),
    weighted,
    lambda patients: auroc_estimate(TRUTH, SCORE, patients),
]


@pytest.mark.parametrize("patients", [ALL_OF_ONE, MOST_OF_ONE])
@pytest.mark.parametrize("of", RATES)
def test_the_interval_is_that_of_one_case(of: Callable[..., Rate], patients: np.ndarray) -> None:  # type: ignore[type-arg]
    found, apart = of(patients), of(np.arange(N).astype(str))
    assert found.value == pytest.approx(apart.value)
    assert apart.high - apart.low < 0.12
    assert found.high - found.low > 0.7


def test_films_of_patients_who_have_few_each_are_counted_as_before() -> None:
    places = np.repeat(np.arange(20), 3)
    assert patients_worth(places) == 20
    assert patients_worth(np.r_[places, np.full(40, 20)]) == pytest.approx(100**2 / (20 * 9 + 40**2))
    assert patients_worth(np.r_[places, np.full(20, 20)]) == 21


def test_events_per_hundred_of_one_patient_are_hardly_known() -> None:
    assert event_rate(TRUTH == 1, MOST_OF_ONE).high > 200


@pytest.mark.parametrize("patients", [ALL_OF_ONE, MOST_OF_ONE])
def test_what_needs_patients_is_refused(patients: np.ndarray) -> None:  # type: ignore[type-arg]
    for asked in (
        lambda: paired_rates(SCORE > 0.4, OTHER > 0.4, patients),
        lambda: compare_aurocs(TRUTH, SCORE, OTHER, patients),
        lambda: calibration_line(TRUTH, np.clip(SCORE, 0.01, 0.99), patients),
    ):
        with pytest.raises(PermanentError, match=r"worth 1|1 patients") as refused:
            asked()
        assert refused.value.code == "too_few_cases"
    assert difference_interval(0.1, 1e-9, 1) == (-1.0, 1.0)


def test_the_calibration_line_s_errors_over_patients_equal_statsmodels() -> None:
    line = calibration_line(D1.truth, D1.score, D1.patients)
    groups = np.unique(D1.patients, return_inverse=True)[1]
    clusters = groups.max() + 1
    design = sm.add_constant(logit(D1.score))
    for features, offset, errors in (
        (design, None, (line.intercept_standard_error, line.slope_standard_error)),
        (design[:, :1], logit(D1.score), (line.in_the_large_standard_error,)),
    ):
        fit = sm.GLM(D1.truth, features, family=sm.families.Binomial(), offset=offset).fit(
            cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
        )
        assert errors == pytest.approx(tuple(fit.bse * np.sqrt(clusters / (clusters - 1))), rel=1e-6)


def test_copies_of_a_patient_add_nothing_to_the_calibration_line() -> None:
    alone = np.arange(len(D1.truth)).astype(str)
    once = calibration_line(D1.truth, D1.score, alone)
    thrice = calibration_line(np.repeat(D1.truth, 3), np.repeat(D1.score, 3), np.repeat(alone, 3))
    assert thrice.slope_standard_error == pytest.approx(once.slope_standard_error)
    assert calibration_line(np.repeat(D1.truth, 3), np.repeat(D1.score, 3)).slope_standard_error < 0.04


def test_a_probability_that_is_none_is_refused_by_the_e_process_also_where_one_class_came() -> None:
    with pytest.raises(ValueError, match="probabilities"):
        calibration_e_process(np.ones(3), [0.2, np.nan, 0.3])
