"""Has a cell changed since its reference: drift of scores, and e-values that misses, overrides or miscalibration grew.

Evidence is the mean, over every place in the window where the change may have begun, of the e-value of everything since then. Its sum is the e-detector of Shin, Ramdas & Rinaldo 2023:
looked at after every case, it reaches A by chance not before A starts on average. So a mean of 365/days or more comes by chance at most once a year, however often one looks; a change
late in the window is not drowned by what came before it, and the number falls when the trouble is mended.
"""

import numpy as np

from wetread.domain.errors import PermanentError
from wetread.domain.quality import FrozenCell, Number
from wetread.evaluation.drift import FrozenBins, Psi, ks_drift, psi
from wetread.evaluation.inputs import Flags, too_few
from wetread.evaluation.proportions import wilson
from wetread.evaluation.sequential import calibration_e_process, rate_e_values
from wetread.monitoring.columns import CellColumns
from wetread.monitoring.numbers import MIN_CASES, Found, attempt

__all__ = ["drift_numbers", "evidence_numbers", "rise_evidence"]

_UNIFORM = (1.0, 1.0)
_NO_REFERENCE = "no reference is frozen for this cell yet"


def drift_numbers(
    columns: CellColumns, frozen: FrozenCell | None
) -> tuple[tuple[Number, ...], tuple[tuple[float, float], ...]]:
    """PSI with its critical value and Kolmogorov-Smirnov of the studies after the reference's last day, one a patient; and the (reference, now) shares by bin."""
    names = ("psi", "psi_critical", "ks", "ks_p")
    if frozen is None:
        return tuple(Number(each, len(columns), refused=_NO_REFERENCE) for each in names), ()
    scores = columns.after(frozen.last_day).first_of_each_patient().raw
    n = len(scores)
    try:
        index: Psi | None = _index(frozen, scores)
        why = ""
    except PermanentError as error:
        index, why = None, f"too few: {error}"
    values = (index.value, index.critical) if index else (None, None)
    numbers = [Number(name, n, value, refused=why) for name, value in zip(names[:2], values, strict=True)]
    if n < MIN_CASES:
        numbers += [Number(each, n, refused=f"too few: {n} of the {MIN_CASES} cases needed") for each in names[2:]]
    else:
        found = ks_drift(frozen.scores, scores)
        numbers += [Number("ks", n, found.statistic), Number("ks_p", n, found.p)]
    return tuple(numbers), index.shares if index else ()


def _index(frozen: FrozenCell, scores: np.typing.NDArray[np.float64]) -> Psi:
    if not frozen.counts:
        raise too_few("the reference had fewer than ten patients a bin, or its scores tie")
    return psi(FrozenBins(frozen.edges, frozen.counts), scores)


def evidence_numbers(columns: CellColumns, frozen: FrozenCell | None, tolerance: float) -> tuple[Number, ...]:
    """One study a patient, oldest first. Misses and overrides count from the day after the reference; `tolerance`: how far probabilities may be off (0..1)."""
    names = ("sensitivity_evidence", "override_evidence")
    if columns.sampled:
        why = "not said: truth is sampled, and plain counts of it are biased"
        return tuple(Number(each, len(columns), refused=why) for each in (*names, "calibration_evidence"))
    known = columns.where(columns.labelled).first_of_each_patient()
    calibration = attempt("calibration_evidence", len(known), lambda: _calibration(known, tolerance))
    if frozen is None:
        return (*(Number(each, len(known), refused=_NO_REFERENCE) for each in names), calibration)
    later = columns.after(frozen.last_day).first_of_each_patient()
    positive, decided = later.truth == 1, later.called & ~np.isnan(later.stated)
    return (
        _risen("sensitivity_evidence", ~later.called[positive], frozen.missed, frozen.positives),
        _risen("override_evidence", later.stated[decided] == 0, frozen.overridden, frozen.called),
        calibration,
    )


def _calibration(known: CellColumns, tolerance: float) -> Found:
    if len(known) < MIN_CASES:
        raise too_few(f"{len(known)} of the {MIN_CASES} cases needed")
    starts = np.flatnonzero(np.append(True, known.days[1:] != known.days[:-1]))
    since = (
        calibration_e_process(known.truth[at:], known.probability[at:], tolerance=tolerance)[-1]
        for at in starts.tolist()
    )
    return float(np.mean(list(since))), None, None


def _risen(name: str, event: Flags, events: int, cases: int) -> Number:
    def found() -> Found:
        if len(event) < MIN_CASES or cases < MIN_CASES:
            raise too_few(f"{len(event)} cases now and {cases} in the reference: {MIN_CASES} are needed on each side")
        return rise_evidence(event, wilson(events, cases)[1]), None, None

    return attempt(name, len(event), found)


def rise_evidence(event: Flags, limit: float) -> float:
    """Of (n,) outcomes in order of arrival against "the rate is at most `limit`": the mean over starts of the e-value of all outcomes from there on. 1 where the limit is 1."""
    if limit >= 1 or not len(event):
        return 1.0
    return float(rate_e_values(np.cumsum(event[::-1]), np.arange(1, len(event) + 1), limit, _UNIFORM).mean())
