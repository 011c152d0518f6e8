"""Does it work for everybody: one rate by subgroup, with small groups withheld, and tests and bands that know how many groups were looked at.

Holm 1979; Romano & Wolf 2005 (max-|t| bands). Withholding follows the usual rule of health statistics: a cell that could be found by subtraction is withheld with it.
Thirty slices looked at one by one show one or two false gaps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from wetread.domain.analysis import Rate
from wetread.evaluation.inputs import Flags, Floats, Labels, Places, cluster_places, too_few
from wetread.evaluation.proportions import clustered_rate, effective_n
from wetread.evaluation.resample import bootstrap_weights, patient_blocks, simultaneous_bands

__all__ = [
    "AGE_BANDS",
    "BMI_BANDS",
    "MIN_CASES",
    "UNKNOWN",
    "Slice",
    "SliceReport",
    "age_band",
    "bmi_band",
    "holm",
    "rate_by_slice",
]

MIN_CASES = 10
UNKNOWN = "unknown"
"""A group of its own: those of whom nothing is known are often those who are served worst."""
AGE_BANDS = (18, 40, 65, 80)
BMI_BANDS = (18.5, 25.0, 30.0, 40.0)


@dataclass(frozen=True, slots=True)
class Slice:
    """One subgroup's rate. `rate` None: withheld, and `withheld` says why. `band` holds for all slices at once; `p_worse` is Holm-adjusted, one-sided: worse than all others together.

    Source: Romano & Wolf (2005), J Am Stat Assoc 100:94; Holm (1979), Scand J Stat 6:65.
    """

    name: str
    n: int | None
    rate: Rate | None
    band: tuple[float, float] | None
    p_worse: float | None
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class SliceReport:
    """`overall` and every slice in the order given; `critical` is the |t| behind the bands. Source: Romano & Wolf (2005), J Am Stat Assoc 100:94."""

    overall: Rate
    slices: tuple[Slice, ...]
    critical: float | None

    @property
    def worse(self) -> tuple[str, ...]:
        """Slices that are worse than the others at a family-wise 5 %."""
        return tuple(each.name for each in self.slices if each.p_worse is not None and each.p_worse < 0.05)


def rate_by_slice(
    success: ArrayLike,
    groups: Sequence[str | None],
    patients: Labels | None = None,
    *,
    min_cases: int = MIN_CASES,
    higher_is_better: bool = True,
    replicates: int = 2000,
    seed: int = 7,
) -> SliceReport:
    """The share of True among (n,) outcomes, overall and by (n,) group names (None and "" count as "unknown").

    A group with fewer than `min_cases` cases is withheld, n too; when only one is, the next smallest is withheld with it, so that it cannot be got by subtraction.
    Raises ValueError on lengths, PermanentError ('too_few_cases') without cases.
    Source: Romano & Wolf (2005), J Am Stat Assoc 100:94; Holm (1979), Scand J Stat 6:65; withholding: Hundepool et al. (2012), Statistical Disclosure Control.
    """
    hits = np.asarray(success, dtype=np.bool_)
    names = np.array([each or UNKNOWN for each in groups], dtype=np.str_)
    if hits.ndim != 1 or hits.shape != names.shape:
        raise ValueError(f"need one group per outcome, not {names.shape} for {hits.shape}")
    if not len(hits):
        raise too_few("no cases: nothing to slice")
    overall = clustered_rate(hits, patients)
    order = list(dict.fromkeys(names.tolist()))
    sizes = {name: int((names == name).sum()) for name in order}
    hidden = _hidden(sizes, min_cases)
    shown = [name for name in order if name not in hidden]
    rates = {
        name: clustered_rate(hits[names == name], None if patients is None else patients[names == name])
        for name in shown
    }
    bands, critical = _bands(hits, names, shown, patients, replicates, seed)
    p = (
        dict(zip(shown, holm(_worse(hits, names, shown, patients, higher_is_better)), strict=True))
        if len(shown) > 1
        else {}
    )
    slices = tuple(
        Slice(name, sizes[name], rates[name], bands.get(name), p.get(name))
        if name in rates
        else Slice(name, None, None, None, None, hidden[name])
        for name in order
    )
    return SliceReport(overall, slices, critical)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p-values of as many given ones, 0..1: rejecting those below alpha keeps the chance of any false rejection at alpha, whatever their dependence.

    Source: Holm (1979), Scand J Stat 6:65.
    """
    order = np.argsort(p_values, kind="stable")
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[int(place)]))
        adjusted[int(place)] = highest
    return tuple(adjusted)


def age_band(years: float | None) -> str:
    """The declared band of an age in years: "<18", "18-39", "40-64", "65-79", "80+" or "unknown". Source: definition."""
    return _band(years, AGE_BANDS)


def bmi_band(kilograms_per_square_metre: float | None) -> str:
    """WHO's cuts of a body mass index in kg/m^2: "<18.5", "18.5-25", "25-30", "30-40", "40+" or "unknown". Source: WHO (2000), Technical Report Series 894."""
    return _band(kilograms_per_square_metre, BMI_BANDS)


def _band(value: float | None, cuts: Sequence[float]) -> str:
    if value is None or not np.isfinite(value) or value < 0:
        return UNKNOWN
    place = int(np.searchsorted(cuts, value, side="right"))
    if place == 0:
        return f"<{cuts[0]:g}"
    if place == len(cuts):
        return f"{cuts[-1]:g}+"
    whole = all(float(each).is_integer() for each in cuts)
    return f"{cuts[place - 1]:g}-{cuts[place] - 1 if whole else cuts[place]:g}"


def _hidden(sizes: dict[str, int], min_cases: int) -> dict[str, str]:
    small = [name for name, n in sizes.items() if n < min_cases]
    hidden = dict.fromkeys(small, f"fewer than {min_cases} cases")
    if len(small) == 1 and len(sizes) > 1:
        next_smallest = min((n, name) for name, n in sizes.items() if name not in hidden)[1]
        hidden[next_smallest] = "withheld so that the smaller group cannot be got by subtraction"
    return hidden


def _bands(
    hits: Flags, names: NDArray[np.str_], shown: list[str], patients: Labels | None, replicates: int, seed: int
) -> tuple[dict[str, tuple[float, float]], float | None]:
    """Max-|t| bands on the logit scale would not hold at 0 or 1; a slice without variation keeps its own interval only."""
    block = patient_blocks(patients, len(hits))
    varied = [name for name in shown if 0 < hits[names == name].mean() < 1]
    if len(varied) < 2 or int(block.max()) < 1:
        return {}, None
    weights = bootstrap_weights(int(block.max()) + 1, replicates, seed)
    drawn = np.stack([_drawn(hits, names == name, block, weights) for name in varied], axis=1)
    low, high, critical = simultaneous_bands([float(hits[names == name].mean()) for name in varied], drawn)
    return {
        name: (max(float(a), 0.0), min(float(b), 1.0)) for name, a, b in zip(varied, low, high, strict=True)
    }, critical


def _drawn(hits: Flags, inside: Flags, block: Places, weights: Floats) -> Floats:
    count = weights.shape[1]
    cases, good = np.bincount(block, inside, count), np.bincount(block, inside & hits, count)
    with np.errstate(invalid="ignore"):
        shares: Floats = (weights @ good) / (weights @ cases)
    return shares


def _worse(
    hits: Flags, names: NDArray[np.str_], shown: list[str], patients: Labels | None, higher_is_better: bool
) -> list[float]:
    """One-sided p that a slice is worse than all other cases together; each side's variance from its patients, add-one-half so that 0 and 1 have one, too."""
    places = cluster_places(patients, len(hits))
    found = []
    for name in shown:
        inside = names == name
        if inside.all():
            found.append(1.0)
            continue
        (first, first_variance), (rest, rest_variance) = (_share(hits, side, places) for side in (inside, ~inside))
        z = (rest - first if higher_is_better else first - rest) / np.sqrt(first_variance + rest_variance)
        found.append(float(norm.sf(z)))
    return found


def _share(hits: Flags, inside: Flags, places: Places) -> tuple[float, float]:
    """Share and its variance over patients; where all outcomes agree, that of Wilson's interval, which is not 0."""
    rate, worth = clustered_rate(hits[inside], places[inside]), effective_n(hits[inside], places[inside])
    half = (rate.high - rate.low) / (2 * float(norm.ppf(0.975)))
    return rate.value, max(rate.value * (1 - rate.value) / worth, half**2)
