"""Where a probability becomes a call: a threshold that keeps its promise on a one-sided 95 % bound, patients respected; or a refusal.

Exact bounds (Clopper & Pearson 1934; Garwood 1936) on the effective n (Korn & Graubard 1998). Thresholds are walked from the end where the promise
is easiest and the walk stops at the first failure (fixed-sequence testing, Maurer et al. 1995), so looking at many costs nothing.
A threshold chosen on the point estimate breaks its promise about every second time; it is returned only to be shown beside.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wetread.domain.analysis import Rate
from wetread.domain.errors import PermanentError
from wetread.evaluation.inputs import Floats, Labels, Places, checked_probability, cluster_places, too_few
from wetread.evaluation.proportions import (
    EventRate,
    clopper_pearson,
    clustered_rate,
    effective_n,
    event_rate,
    poisson_interval,
)

__all__ = ["MIN_CASES", "ChosenPoint", "false_alarm_point", "point_at", "sensitive_point", "specific_point"]

MIN_CASES = 10
_TWO_SIDED = 0.90
"""The two-sided level whose ends are the one-sided 95 % bounds."""


@dataclass(frozen=True, slots=True)
class ChosenPoint:
    """Positive iff probability >= threshold. `bound` is the one-sided 95 % bound that kept the rule, None where no rule chose it.

    `on_point_estimate` is the threshold that the same rule without the bound would have taken: to be shown, not used.
    Source: definition.
    """

    threshold: float
    rule: str
    bound: float | None
    on_point_estimate: float | None
    sensitivity: Rate
    specificity: Rate
    false_positives_per_100_studies: EventRate
    n_patients: int


@dataclass(frozen=True, slots=True)
class _Cases:
    truth: Floats
    probability: Floats
    patients: Places

    def thresholds(self) -> list[float]:
        """Ascending, four decimals: what a person can read and a file can hold exactly."""
        return [float(value) for value in np.unique(np.round(self.probability, 4)) if value > 0]

    def called(self, threshold: float) -> NDArray[np.bool_]:
        return np.asarray(self.probability >= threshold)


def point_at(truth: ArrayLike, probability: ArrayLike, threshold: float, patients: Labels | None = None) -> ChosenPoint:
    """Of (n,) 0/1 truth and (n,) probabilities: the rates of a threshold that was set elsewhere; two-sided 95 % intervals; refuses below 10 of a class.

    Source: Wilson (1927), J Am Stat Assoc 22:209; Garwood (1936), Biometrika 28:437; Korn & Graubard (1998), Surv Methodol 24:193.
    """
    cases = _cases(truth, probability, patients, MIN_CASES, MIN_CASES)
    if not 0 <= threshold <= 1:
        raise ValueError(f"a threshold lies between 0 and 1, not at {threshold}")
    return _described(cases, threshold, "set beforehand", None, None)


def sensitive_point(
    truth: ArrayLike, probability: ArrayLike, floor: float, patients: Labels | None = None
) -> ChosenPoint:
    """Of (n,) 0/1 truth and (n,) probabilities: the highest threshold whose sensitivity is at least `floor` (0..1) on the lower bound.

    Raises PermanentError: "too_few_cases" where even no miss at all could not show it, "not_reachable" where the scores cannot.
    Source: Clopper & Pearson (1934), Biometrika 26:404; Korn & Graubard (1998), Surv Methodol 24:193; Maurer, Hothorn & Lehmacher (1995), fixed-sequence tests.
    """
    cases = _cases(truth, probability, patients, _least_for(floor), MIN_CASES)
    positive = cases.truth == 1

    def success(threshold: float) -> NDArray[np.bool_]:
        return np.asarray(cases.called(threshold)[positive])

    def bound(threshold: float) -> float:
        return _lower(success(threshold), cases.patients[positive])

    rule = (
        f"highest threshold with sensitivity >= {floor:.4g} on the one-sided 95 % lower bound, patients kept together"
    )
    ascending = cases.thresholds()
    return _walked(
        cases, ascending, rule, bound, lambda value: value >= floor, lambda t: bool(success(t).mean() >= floor)
    )


def specific_point(
    truth: ArrayLike, probability: ArrayLike, floor: float, patients: Labels | None = None
) -> ChosenPoint:
    """Of (n,) 0/1 truth and (n,) probabilities: the lowest threshold whose specificity is at least `floor` (0..1) on the lower bound; raises like `sensitive_point`.

    The promise is about negatives, so few positives do not stop it: their rate says with its n and interval how little is known.
    Source: Clopper & Pearson (1934), Biometrika 26:404; Korn & Graubard (1998), Surv Methodol 24:193; Maurer, Hothorn & Lehmacher (1995), fixed-sequence tests.
    """
    cases = _cases(truth, probability, patients, 1, _least_for(floor))
    negative = cases.truth == 0

    def success(threshold: float) -> NDArray[np.bool_]:
        return np.asarray(~cases.called(threshold)[negative])

    def bound(threshold: float) -> float:
        return _lower(success(threshold), cases.patients[negative])

    rule = f"lowest threshold with specificity >= {floor:.4g} on the one-sided 95 % lower bound, patients kept together"
    descending = cases.thresholds()[::-1]
    return _walked(
        cases, descending, rule, bound, lambda value: value >= floor, lambda t: bool(success(t).mean() >= floor)
    )


def false_alarm_point(
    truth: ArrayLike, probability: ArrayLike, budget_per_100: float, patients: Labels | None = None
) -> ChosenPoint:
    """Of (n,) 0/1 truth and (n,) probabilities: the lowest threshold with at most `budget_per_100` false positives per 100 studies on the upper bound; raises like `sensitive_point`.

    The unit is one case a study, all of them verified. As in `specific_point`, few positives do not stop it.
    Source: Garwood (1936), Biometrika 28:437; Korn & Graubard (1998), Surv Methodol 24:193; Maurer, Hothorn & Lehmacher (1995), fixed-sequence tests.
    """
    if not 0 < budget_per_100 < 100:
        raise ValueError(f"a budget lies between 0 and 100 per 100 studies, not at {budget_per_100}")
    cases = _cases(truth, probability, patients, 1, MIN_CASES)
    needed = int(np.ceil(100 * poisson_interval(0, _TWO_SIDED)[1] / budget_per_100))
    _enough_patients(cases.patients, needed, "studies", f"{budget_per_100:.4g} per 100")

    def alarms(threshold: float) -> NDArray[np.bool_]:
        return np.asarray(cases.called(threshold) & (cases.truth == 0))

    def bound(threshold: float) -> float:
        event = alarms(threshold)
        worth = effective_n(event, cases.patients)
        return 100 * poisson_interval(float(event.mean()) * worth, _TWO_SIDED)[1] / worth

    def stays(value: float) -> bool:
        return value <= budget_per_100

    rule = f"lowest threshold with false positives per 100 studies <= {budget_per_100:.4g} on the one-sided 95 % upper bound, patients kept together"
    return _walked(cases, cases.thresholds()[::-1], rule, bound, stays, lambda t: stays(100 * float(alarms(t).mean())))


def _cases(truth: ArrayLike, probability: ArrayLike, patients: Labels | None, positives: int, negatives: int) -> _Cases:
    labels, values = checked_probability(truth, probability)
    keys = cluster_places(patients, len(labels))
    _enough_patients(keys[labels == 1], positives, "positives", "this promise")
    _enough_patients(keys[labels == 0], negatives, "negatives", "this promise")
    return _Cases(labels, values, keys)


def _enough_patients(keys: Places, needed: int, what: str, promise: str) -> None:
    count = len(np.unique(keys))
    if count < needed:
        raise too_few(
            f"{what} from {count} patients: {promise} needs {needed} or more before any threshold can keep it"
        )


def _least_for(floor: float) -> int:
    """Fewest cases, all of them right, whose one-sided 95 % lower bound reaches the floor: n >= ln .05 / ln floor."""
    if not 0 < floor < 1:
        raise ValueError(f"a floor lies between 0 and 1, not at {floor}")
    return max(MIN_CASES, int(np.ceil(np.log(0.05) / np.log(floor) - 1e-9)))


def _lower(success: NDArray[np.bool_], patients: Places) -> float:
    worth = effective_n(success, patients)
    return clopper_pearson(float(success.mean()) * worth, worth, _TWO_SIDED)[0]


def _walked(
    cases: _Cases,
    thresholds: Iterable[float],
    rule: str,
    bound: Callable[[float], float],
    kept: Callable[[float], bool],
    kept_on_estimate: Callable[[float], bool],
) -> ChosenPoint:
    """The last threshold of the walk before the bound fails; the point estimate's walk goes on beyond it."""
    chosen: tuple[float, float] | None = None
    on_estimate: float | None = None
    bound_holds = True
    for threshold in thresholds:
        if not kept_on_estimate(threshold):
            break
        on_estimate = threshold
        if bound_holds:
            value = bound(threshold)
            bound_holds = kept(value)
            chosen = (threshold, value) if bound_holds else chosen
    if chosen is None:
        raise PermanentError(
            f"no threshold keeps the promise on these cases ({rule}): ask for less, or for a better model",
            code="not_reachable",
        )
    return _described(cases, chosen[0], rule, chosen[1], on_estimate)


def _described(
    cases: _Cases, threshold: float, rule: str, bound: float | None, on_estimate: float | None
) -> ChosenPoint:
    called, positive = cases.called(threshold), cases.truth == 1
    return ChosenPoint(
        threshold=threshold,
        rule=rule,
        bound=bound,
        on_point_estimate=on_estimate,
        sensitivity=clustered_rate(called[positive], cases.patients[positive]),
        specificity=clustered_rate(~called[~positive], cases.patients[~positive]),
        false_positives_per_100_studies=event_rate(called & ~positive, cases.patients),
        n_patients=len(np.unique(cases.patients)),
    )
