"""Logistic regression by damped Newton steps, with an offset and a Gaussian prior per weight: what every recalibration here is made of."""

from dataclasses import dataclass

import numpy as np

from wetread.domain.errors import PermanentError
from wetread.evaluation.inputs import Floats

__all__ = ["LogisticFit", "fit_logistic", "log_loss", "logit", "sigmoid"]

_STEPS = 100
_LARGEST_WEIGHT = 1e3
_LARGEST_VARIANCE = 1e8
_EDGE = 1e-9


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """(k,) weights and the (k, k) inverse of the penalised information at them; `log_likelihood` without the prior's term.

    Source: McCullagh & Nelder (1989), Generalized Linear Models, chapter 4.
    """

    weights: Floats
    covariance: Floats
    log_likelihood: float


def sigmoid(logits: Floats) -> Floats:
    """1 / (1 + exp(-logits)) of (n,) logits, without overflow. Source: Cox (1958), Biometrika 45:562."""
    return np.exp(-np.logaddexp(0.0, -logits))


def logit(probability: Floats) -> Floats:
    """log(p / (1 - p)) of (n,) probabilities, p held inside [1e-9, 1 - 1e-9]. Source: Berkson (1944), J Am Stat Assoc 39:357."""
    inside = np.clip(probability, _EDGE, 1 - _EDGE)
    return np.log(inside) - np.log1p(-inside)


def log_loss(target: Floats, logits: Floats) -> Floats:
    """(n,) negative log likelihood of (n,) targets in 0..1 under (n,) logits, in nats. Source: Good (1952), J R Stat Soc B 14:107."""
    return np.logaddexp(0.0, logits) - target * logits


def fit_logistic(
    design: Floats,
    target: Floats,
    *,
    offset: Floats | None = None,
    prior_mean: Floats | None = None,
    prior_precision: Floats | None = None,
) -> LogisticFit:
    """Posterior mode for (n, k) design and (n,) targets in 0..1; flat prior where the precision is 0.

    Raises PermanentError(code="separated") when there is no finite mode (a column separates the classes, or columns repeat each other).
    Source: McCullagh & Nelder (1989), Generalized Linear Models, chapter 4.
    """
    size = design.shape[1]
    base = np.zeros(len(target)) if offset is None else offset
    mean = np.zeros(size) if prior_mean is None else prior_mean
    precision = np.zeros(size) if prior_precision is None else prior_precision
    weights = mean.copy()

    def cost(at: Floats) -> float:
        return float(log_loss(target, base + design @ at).sum() + (precision * (at - mean) ** 2).sum() / 2)

    for _ in range(_STEPS):
        probability = sigmoid(base + design @ weights)
        gradient = design.T @ (target - probability) - precision * (weights - mean)
        information = design.T @ (design * (probability * (1 - probability))[:, None]) + np.diag(precision)
        step = _solved(information, gradient)
        before, decrement = cost(weights), float(gradient @ step)
        while cost(weights + step) > before + 1e-12 * (1 + abs(before)) and float(np.abs(step).max()) > 1e-12:
            step = step / 2
        weights = weights + step
        if np.abs(weights).max() > _LARGEST_WEIGHT:
            break
        if decrement < 1e-20 * (1 + before):
            covariance = _solved(information, np.eye(size))
            if covariance.diagonal().max() > _LARGEST_VARIANCE:
                break
            return LogisticFit(weights, covariance, -float(log_loss(target, base + design @ weights).sum()))
    raise _separated()


def _solved(information: Floats, right: Floats) -> Floats:
    try:
        solution = np.asarray(np.linalg.solve(information, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise _separated() from None
    if not np.isfinite(solution).all():
        raise _separated()
    return solution


def _separated() -> PermanentError:
    return PermanentError(
        "the maximum likelihood has no finite place (the score separates the classes, or does not vary): use the weak prior",
        code="separated",
    )
