"""Should a retrained model replace the one in use? Learning, potential and retention over versions of model and data, and the proposal that follows from them by a stated rule.

Burgon, Sahiner, Petrick, Pennello & Samala 2026 (arXiv:2604.04878), with S(M|D) the AUROC of model M on dataset D, versions in order of time, V the newest:
learning S(M_V|D_V) - S(M_V-1|D_V); potential S(M_V-1|D_V-1) - S(M_V-1|D_V); retention the mean of S(M_V|D_v) over earlier v, weighed by exp(-decay * steps back) and normalised.
Intervals: each patient's part in the error of every AUROC (DeLong's components), added up over all datasets, so that a patient in two of them moves both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from wetread.domain.errors import PermanentError
from wetread.evaluation.discrimination import area_interval, auroc_influence, difference_interval
from wetread.evaluation.inputs import Floats, patients_worth

__all__ = ["Cell", "FindingMeasures", "Measure", "Proposal", "Verdict", "measure_finding", "propose"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One model on one dataset: (n,) 0/1 truth, (n,) probabilities, (n,) opaque patient keys."""

    truth: Floats
    probability: Floats
    patients: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Measure:
    """A value with its 95 % interval; `n` studies and `n_positive` of them positive, those of the datasets it was measured on."""

    value: float
    low: float
    high: float
    n: int
    n_positive: int


@dataclass(frozen=True, slots=True)
class FindingMeasures:
    """One finding. `retention_change`: the newest model's retention minus the same mean of the model before it. None where versions are missing."""

    finding: str
    now: Measure
    learning: Measure | None
    potential: Measure | None
    retention: Measure | None
    retention_change: Measure | None


class Verdict(StrEnum):
    ADOPT = "adopt"
    KEEP = "keep"
    RETRAIN = "retrain"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the numbers say; people decide. `reasons`: one sentence per finding and rule."""

    verdict: Verdict
    reasons: tuple[str, ...]


def measure_finding(
    finding: str,
    cells: Mapping[tuple[str, str], Cell],
    models: Sequence[str],
    datasets: Sequence[str],
    *,
    decay: float = 0.5,
) -> FindingMeasures:
    """Measures of one finding from cells by (model, dataset); `models` and `datasets` oldest first, the last of each are the newest.

    Raises PermanentError ('too_few_cases') below 10 positives or negatives anywhere, ValueError when a cell is missing or a negative decay is asked for.
    """
    if decay < 0 or not models or not datasets:
        raise ValueError("need a model, a dataset and a decay from 0 up")
    new, old = models[-1], models[-2] if len(models) > 1 else None
    needed = [(model, each) for model in (new, old) if model is not None for each in datasets]
    if missing := [each for each in needed if each not in cells]:
        raise ValueError(f"no predictions of {missing[0][0]} on {missing[0][1]}")
    area = _areas({each: cells[each] for each in needed})
    current, earlier = datasets[-1], datasets[:-1]

    def said(value: _Area, *over: str, difference: bool = True) -> Measure:
        return _measure(value, [cells[new, each] for each in over], difference=difference)

    kept = _kept(area, new, earlier, decay)
    before = _kept(area, old, earlier, decay) if old else None
    incumbent = old or new
    return FindingMeasures(
        finding,
        said(area[new, current], current, difference=False),
        said(area[new, current].less(area[old, current]), current) if old else None,
        said(area[incumbent, earlier[-1]].less(area[incumbent, current]), earlier[-1], current) if earlier else None,
        said(kept, *earlier, difference=False) if kept else None,
        said(kept.less(before), *earlier) if kept and before else None,
    )


def propose(found: Sequence[FindingMeasures], *, margin: float = 0.02) -> Proposal:
    """With a new model: adopt it when some finding is better (learning above 0) and none is worse (learning not below 0, retention not lower by `margin` or more, on the 95 % bounds).

    With the model in use alone: retrain when it does worse on the newest data (potential above 0) for some finding. Raises PermanentError ('too_few_cases') without findings.
    """
    if not found:
        raise PermanentError("no finding was measured: nothing can be proposed", code="too_few_cases")
    if all(each.learning is None for each in found):
        return _about_the_incumbent(found)
    better = [each.finding for each in found if each.learning and each.learning.low > 0]
    worse = [each.finding for each in found if each.learning and each.learning.high < 0]
    unproven = [each.finding for each in found if each.retention_change and each.retention_change.low <= -margin]
    reasons = [
        *(f"{each}: better on the newest data (learning above 0)" for each in better),
        *(f"{each}: worse on the newest data (learning below 0)" for each in worse),
        *(f"{each}: a loss of {margin:g} or more on earlier data is not ruled out (retention)" for each in unproven),
    ]
    if not better:
        reasons.append("no finding is better beyond chance")
    if all(each.retention_change is None for each in found):
        reasons.append("retention is unknown: no earlier dataset was given")
        unproven = [each.finding for each in found]
    adopt = bool(better) and not worse and not unproven
    return Proposal(Verdict.ADOPT if adopt else Verdict.KEEP, tuple(reasons))


def _about_the_incumbent(found: Sequence[FindingMeasures]) -> Proposal:
    lost = [each.finding for each in found if each.potential and each.potential.low > 0]
    if lost:
        return Proposal(
            Verdict.RETRAIN, tuple(f"{each}: reads the newest data worse than the data before" for each in lost)
        )
    why = "no loss on the newest data beyond chance"
    if all(each.potential is None for each in found):
        why = "one dataset only: a loss cannot be seen"
    return Proposal(Verdict.KEEP, (why,))


@dataclass(frozen=True, slots=True)
class _Area:
    """A linear combination of AUROCs and each patient's part in its error."""

    value: float
    parts: Floats

    def less(self, other: "_Area") -> "_Area":
        return _Area(self.value - other.value, self.parts - other.parts)


def _areas(cells: Mapping[tuple[str, str], Cell]) -> dict[tuple[str, str], _Area]:
    patients = np.unique(np.concatenate([each.patients for each in cells.values()]))
    found = {}
    for name, cell in cells.items():
        try:
            value, parts = auroc_influence(cell.truth, cell.probability)
        except PermanentError as error:
            raise PermanentError(f"{name[1]}: {error}", code=error.code) from None
        own = np.bincount(np.searchsorted(patients, cell.patients), weights=parts, minlength=len(patients))
        found[name] = _Area(value, own.astype(np.float64))
    return found


def _kept(areas: Mapping[tuple[str, str], _Area], model: str, earlier: Sequence[str], decay: float) -> _Area | None:
    if not earlier:
        return None
    weights = np.exp(-decay * np.arange(len(earlier) - 1, -1, -1.0))
    weights /= weights.sum()
    chosen = [areas[model, each] for each in earlier]
    return _Area(float(weights @ [each.value for each in chosen]), weights @ np.stack([each.parts for each in chosen]))


def _measure(area: _Area, over: Sequence[Cell], *, difference: bool) -> Measure:
    error = float(np.sqrt((area.parts**2).sum()))
    fewest = min(
        int(patients_worth(np.unique(cell.patients[cell.truth == each], return_inverse=True)[1]))
        for cell in over
        for each in (0, 1)
    )
    low, high = (difference_interval if difference else area_interval)(area.value, error, fewest)
    return Measure(
        area.value, low, high, sum(len(each.truth) for each in over), int(sum(each.truth.sum() for each in over))
    )
