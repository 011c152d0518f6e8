"""Has what comes in changed: population stability index, Kolmogorov-Smirnov and chi-square of one stream against a frozen reference.

Yurdakul & Naranjo 2020 (PSI is about chi-square(B - 1) times 1/n + 1/m when nothing changed: thresholds of 0.1 and 0.25 have no error rate); Potgieter 2023.
A drift says that something changed, never that performance fell: it may hold a rollout, not decide one.
"""

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2, chi2_contingency, ks_2samp

from wetread.evaluation.inputs import Floats, too_few

__all__ = [
    "MIN_EXPECTED_PER_BIN",
    "MISSING",
    "Drift",
    "FrozenBins",
    "Psi",
    "category_drift",
    "design_effect",
    "freeze_bins",
    "ks_drift",
    "psi",
    "psi_of_counts",
    "psi_of_shares",
]

MIN_EXPECTED_PER_BIN = 10
MISSING = "(missing)"
"""How a value that is not there is counted: as a category of its own, so that a header that stops being filled in shows."""


@dataclass(frozen=True, slots=True)
class FrozenBins:
    """The reference: (B - 1,) inner `edges` (left-closed bins) and (B,) `counts`. Kept with the baseline; never refitted to new data.

    Source: Yurdakul & Naranjo (2020), J Risk Model Valid 14(4).
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Psi:
    """`value` with half-count smoothing; `critical`: exceeded by chance in `alpha` of windows of this size; `shares`: (reference, now) by bin.

    Source: Yurdakul & Naranjo (2020), J Risk Model Valid 14(4).
    """

    value: float
    critical: float
    alpha: float
    n_reference: int
    n: int
    shares: tuple[tuple[float, float], ...]

    @property
    def drifted(self) -> bool:
        """Beyond chance at `alpha`. How much it matters is `value`: with many cases a small change is beyond chance, too."""
        return self.value > self.critical


@dataclass(frozen=True, slots=True)
class Drift:
    """A two-sample test: `statistic` (named by `method`), two-sided `p`, cases on each side. Source: definition."""

    method: str
    statistic: float
    p: float
    n_reference: int
    n: int


def freeze_bins(reference: ArrayLike, bins: int = 10) -> FrozenBins:
    """Quantile bins of (m,) reference values; values that tie across an edge share a bin, so fewer bins may come out.

    Raises ValueError on NaN or fewer than two bins, PermanentError ('too_few_cases') below 10 cases a bin.
    Source: Yurdakul & Naranjo (2020), J Risk Model Valid 14(4).
    """
    values = _finite(reference)
    if bins < 2:
        raise ValueError("a population stability index needs at least two bins")
    if len(values) < bins * MIN_EXPECTED_PER_BIN:
        raise too_few(f"{len(values)} reference cases for {bins} bins: need {MIN_EXPECTED_PER_BIN} a bin")
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins))
    edges = edges[edges > values.min()]
    return FrozenBins(tuple(map(float, edges)), tuple(map(int, _counted(values, edges))))


def psi(reference: FrozenBins, values: ArrayLike, alpha: float = 0.05) -> Psi:
    """PSI of (n,) values against frozen bins. Raises PermanentError ('too_few_cases') when fewer than 10 are expected in a bin.

    Source: Yurdakul & Naranjo (2020), J Risk Model Valid 14(4).
    """
    return psi_of_counts(reference.counts, _counted(_finite(values), np.asarray(reference.edges)), alpha)


def psi_of_counts(reference: ArrayLike, counts: ArrayLike, alpha: float = 0.05, *, smoothing: float = 0.5) -> Psi:
    """PSI of (B,) counts against (B,) reference counts, `smoothing` added to each (half a count: Jeffreys), with its chi-square critical value.

    Raises ValueError on counts that do not fit, PermanentError ('too_few_cases') when fewer than 10 new cases are expected in a bin that the reference fills.
    Source: Yurdakul & Naranjo (2020), J Risk Model Valid 14(4).
    """
    old, new = np.asarray(reference, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if old.ndim != 1 or old.shape != new.shape or len(old) < 2 or (old < 0).any() or (new < 0).any():
        raise ValueError("need two rows of counts over the same two or more bins")
    n_old, n_new = float(old.sum()), float(new.sum())
    if not n_old or not n_new:
        raise too_few("a population stability index needs cases on both sides")
    expected = old / n_old * n_new
    if expected[old > 0].min() < MIN_EXPECTED_PER_BIN:
        raise too_few(
            f"{int(n_new)} cases: {expected[old > 0].min():.1f} are expected in the emptiest bin, {MIN_EXPECTED_PER_BIN} are needed"
        )
    shares = [(side + smoothing) / (side.sum() + smoothing * len(side)) for side in (old, new)]
    critical = float(chi2.ppf(1 - alpha, len(old) - 1)) * (1 / n_old + 1 / n_new)
    pairs = tuple((float(a), float(b)) for a, b in zip(old / n_old, new / n_new, strict=True))
    return Psi(psi_of_shares(*shares), critical, alpha, int(n_old), int(n_new), pairs)


def psi_of_shares(reference: ArrayLike, now: ArrayLike) -> float:
    """Sum of (b - a) ln(b / a) over (B,) shares, symmetric; infinite where one side has an empty bin and the other not. Source: Jeffreys (1946), Proc R Soc A 186:453."""
    old, new = np.asarray(reference, dtype=np.float64), np.asarray(now, dtype=np.float64)
    both = (old > 0) & (new > 0)
    if ((old > 0) != (new > 0)).any():
        return float("inf")
    return float(((new - old)[both] * np.log(new[both] / old[both])).sum())


def ks_drift(reference: ArrayLike, values: ArrayLike) -> Drift:
    """Two-sample Kolmogorov-Smirnov test of (m,) and (n,) values, exact below 10,000 cases without ties, else asymptotic.

    Cases of one patient are not independent: pass one per patient, or read p as too small. Raises ValueError on NaN, PermanentError when a side is empty.
    Source: Smirnov (1948), Ann Math Stat 19:279.
    """
    old, new = _finite(reference), _finite(values)
    if not len(old) or not len(new):
        raise too_few("a two-sample test needs cases on both sides")
    tied = len(np.unique(np.concatenate([old, new]))) < len(old) + len(new)
    method = "asymp" if tied or max(len(old), len(new)) > 10_000 else "exact"
    found = ks_2samp(old, new, method=method)
    return Drift("kolmogorov-smirnov", float(found.statistic), float(found.pvalue), len(old), len(new))


def category_drift(
    reference: Iterable[Hashable | None], values: Iterable[Hashable | None], design_effect: float = 1.0
) -> Drift:
    """Chi-square test that two samples have the same categories in the same shares. None counts as the category "(missing)"; categories expected fewer than 5 times are joined.

    `design_effect` (at least 1; `design_effect`) divides the statistic where cases come in clusters (first order).
    One category on both sides is no change: statistic 0, p 1. Raises PermanentError when a side is empty, ValueError on a design effect below 1.
    Source: Pearson (1900), Philos Mag 50:157; Rao & Scott (1981), J Am Stat Assoc 76:221.
    """
    if not design_effect >= 1:
        raise ValueError(f"a design effect is at least 1, not {design_effect}")
    old, new = (Counter(MISSING if each is None else each for each in side) for side in (reference, values))
    n_old, n_new = sum(old.values()), sum(new.values())
    if not n_old or not n_new:
        raise too_few("a two-sample test needs cases on both sides")
    names = sorted(set(old) | set(new), key=str)
    table = np.array([[side[name] for name in names] for side in (old, new)], dtype=np.float64)
    expected = table.sum(axis=0) * min(n_old, n_new) / (n_old + n_new)
    rare = expected < 5
    if rare.any():
        table = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    if table.shape[1] < 2:
        return Drift("chi-square", 0.0, 1.0, n_old, n_new)
    statistic, _, freedom, _ = chi2_contingency(table, correction=False)
    statistic = float(statistic) / design_effect
    return Drift("chi-square", statistic, float(chi2.sf(statistic, freedom)), n_old, n_new)


def design_effect(counts: ArrayLike) -> float:
    """By how much (T, K) counts of K categories in T successive clusters (days) vary beyond independent cases; at least 1. First order.

    The variance is that of successive differences, so that one lasting change among the clusters does not pass for noise. 1 where there are too few clusters or categories.
    Source: Rao & Scott (1981), J Am Stat Assoc 76:221; von Neumann (1941), Ann Math Stat 12:367.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or (table < 0).any():
        raise ValueError("need counts by cluster and category")
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if len(table) < 3 or table.shape[1] < 2:
        return 1.0
    sizes, share = table.sum(axis=1), table.sum(axis=0) / table.sum()
    excess = table - sizes[:, None] * share
    variance = (np.diff(excess, axis=0) ** 2).sum(axis=0) / 2 * len(table) / (len(table) - 1)
    return max(1.0, float((variance / share).sum() / (table.shape[1] - 1) / table.sum()))


def _counted(values: Floats, edges: Floats) -> Floats:
    return np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1).astype(np.float64)


def _finite(values: ArrayLike) -> Floats:
    row = np.asarray(values, dtype=np.float64)
    if row.ndim != 1 or not np.isfinite(row).all():
        raise ValueError("need one row of finite values: count the missing ones as a category instead")
    return row
