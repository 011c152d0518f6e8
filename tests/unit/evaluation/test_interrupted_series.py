"""A jump and a turn in a series, whose errors hang together."""

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy.linalg import toeplitz

from wetread.domain.errors import PermanentError
from wetread.evaluation.interrupted_series import interrupted_time_series

TIME = np.arange(30.0)
AFTER = (TIME >= 14).astype(float)
DESIGN = np.column_stack([np.ones(30), TIME, AFTER, AFTER * (TIME - 14)])


def correlated(rho: float, seed: int, n: int = 30) -> NDArray[np.float64]:
    errors = np.random.default_rng(seed).multivariate_normal(np.zeros(n), toeplitz(rho ** np.arange(n)))
    return np.asarray(errors, dtype=np.float64)


def test_the_average_over_autocorrelations_is_that_of_generalised_least_squares() -> None:
    """Independently: full covariance matrices, statsmodels' GLS and the restricted likelihood written out (Harville 1974)."""
    series = DESIGN @ [50, 0.4, -8, -0.9] + correlated(0.4, 3)
    levels, variances, likelihoods = [], [], []
    for rho in np.linspace(-0.5, 0.95, 30):
        shape = toeplitz(rho ** np.arange(30)) / (1 - rho**2)
        fit = sm.GLS(series, DESIGN, sigma=shape).fit()
        inverse = np.linalg.inv(shape)
        levels.append(fit.params[2])
        variances.append(fit.bse[2] ** 2)
        determinants = np.linalg.slogdet(shape)[1] + np.linalg.slogdet(DESIGN.T @ inverse @ DESIGN)[1]
        likelihoods.append(-0.5 * (determinants + 26 * np.log(fit.scale)))
    weight = np.exp(np.array(likelihoods) - max(likelihoods))
    weight /= weight.sum()
    mean = float(weight @ levels)
    error = float(np.sqrt(weight @ (np.array(variances) + (np.array(levels) - mean) ** 2)))
    found = interrupted_time_series(series, 14)
    assert found.level == pytest.approx(mean)
    assert (found.level_interval[1] - found.level_interval[0]) / 2 == pytest.approx(2.055529 * error, rel=1e-5)
    assert found.autocorrelation == pytest.approx(float(weight @ np.linspace(-0.5, 0.95, 30)))


def test_intervals_of_correlated_series_hold_the_truth() -> None:
    """In 200 series, so far below 95 % by luck once in thousands."""
    series = [5 * AFTER + correlated(0.5, seed) for seed in range(200)]
    held = sum(low <= 5 <= high for low, high in (interrupted_time_series(each, 14).level_interval for each in series))
    assert 178 <= held <= 200


def test_a_series_without_errors_has_its_break_exactly() -> None:
    found = interrupted_time_series(DESIGN @ [50, 0.4, -8, -0.9], 14)
    assert (found.level, found.slope) == pytest.approx((-8, -0.9))
    assert found.level_interval == pytest.approx((-8, -8), abs=1e-6)


def test_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(PermanentError):
        interrupted_time_series(np.arange(20.0), 5)
    with pytest.raises(ValueError, match="finite value per period"):
        interrupted_time_series([np.nan] * 20, 10)
