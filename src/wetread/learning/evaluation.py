"""What the reader is worth on films it never saw: one report as plain data, every number with its n and interval.

Model selection, calibration and thresholds used `val`; `test` and the external sets are only read here.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from wetread.evaluation.calibration_error import brier_skill, ece, smooth_ece
from wetread.evaluation.discrimination import MIN_PER_CLASS, auroc_estimate
from wetread.evaluation.inputs import Floats
from wetread.evaluation.proportions import clustered_rate, event_rate
from wetread.learning.manifest import COMMON_PX, FINDINGS, NIH_LABELS, Film, targets
from wetread.learning.resampling import cluster_bootstrap, weighted_auroc

__all__ = [
    "DECLARED_EXTERNAL",
    "Calibrated",
    "any_finding_score",
    "auroc_row",
    "discrimination",
    "external",
    "lung_opacity_against_normal",
    "operating",
    "paired_with_teacher",
]

_NIH = len(NIH_LABELS)
_PNEUMONIA = FINDINGS.index("pneumonia")
DECLARED_EXTERNAL = "lung_opacity"
"""The head that answers for Kermany, named before test and Kermany were opened: radiologists taught it."""


class Calibrated(Protocol):
    """What an evaluation asks of a calibration."""

    def apply(self, raw_score: Floats) -> Floats:
        """(n,) raw scores to (n,) probabilities."""
        ...


def _patients(films: Sequence[Film]) -> NDArray[np.str_]:
    return np.array([film.patient_id for film in films])


def auroc_row(truth: Floats, score: Floats, patients: NDArray[np.str_]) -> dict[str, Any]:
    """`evaluation.discrimination.auroc_estimate` as plain data; films with NaN truth are left out; None below 10 of a class."""
    known = ~np.isnan(truth)
    counts = {"n_positive": int((truth == 1).sum()), "n_negative": int((truth == 0).sum())}
    if min(counts.values()) < MIN_PER_CLASS:
        return {"value": None, "low": None, "high": None, **counts}
    return asdict(auroc_estimate(truth[known], score[known], patients[known]))


def _mean_auroc(truth: NDArray[np.float32], logits: Floats, weight: Floats | None, columns: list[int]) -> float:
    values = []
    for column in columns:
        known = ~np.isnan(truth[:, column])
        weights = None if weight is None else weight[known]
        values.append(weighted_auroc(truth[known, column].astype(float), logits[known, column], weights))
    return float(np.nanmean(values))


def _mean_row(
    truth: NDArray[np.float32], logits: Floats, patients: NDArray[np.str_], columns: list[int]
) -> dict[str, Any]:
    """Unweighted mean AUROC over `columns` with its interval, patients resampled; None without a column."""
    if not columns:
        return {"value": None, "low": None, "high": None}
    low, high = cluster_bootstrap(lambda weight: _mean_auroc(truth, logits, weight, columns), patients, 300)
    return {"value": _mean_auroc(truth, logits, None, columns), "low": low, "high": high}


def _estimable(truth: NDArray[np.float32], least: int) -> list[int]:
    """NIH findings with at least `least` positive and negative films."""
    return [c for c in range(_NIH) if min(np.nansum(truth[:, c]), np.nansum(1 - truth[:, c])) >= least]


def discrimination(films: Sequence[Film], logits: Floats, least: int = 5) -> dict[str, Any]:
    """AUROC per finding, their mean over NIH findings with `least` positives, any finding against none, and means within subgroups."""
    truth, patients = targets(list(films)), _patients(films)
    columns = _estimable(truth, least)
    definition = f"unweighted mean over the {len(columns)} NIH findings with >= {least} positive films"
    abnormal = np.array([not film.labels & {"No Finding"} for film in films], float)
    picked = np.array([film.source_pixels > COMMON_PX for film in films])
    return {
        "films": len(films),
        "patients": len(set(patients)),
        "per_finding": {
            name: auroc_row(truth[:, c].astype(float), logits[:, c], patients) for c, name in enumerate(FINDINGS)
        },
        "mean_auroc": {**_mean_row(truth, logits, patients, columns), "definition": definition},
        "any_finding_auroc": auroc_row(abnormal, any_finding_score(logits), patients),
        "by_source": {
            name: _within(truth, logits, patients, chosen) for name, chosen in {"common": ~picked, "picked": picked}.items()
        },
        "by_subgroup": {
            name: _compared(truth, logits, patients, groups) for name, groups in _subgroups(films).items()
        },
    }  # fmt: skip


def any_finding_score(logits: Floats) -> Floats:
    """(n, finding) -> (n,) log of the summed exponentials over the NIH findings but pneumonia, whose logit holds within a source only."""
    others = np.delete(logits[:, :_NIH], _PNEUMONIA, axis=1)
    score: Floats = np.logaddexp.reduce(others, axis=1)
    return score


def _subgroups(films: Sequence[Film]) -> dict[str, dict[str, NDArray[np.bool_]]]:
    """Who and how, as the manifest says; a film of which it says nothing is in no group."""
    views, sexes = (np.array([getattr(film, name) for film in films]) for name in ("view_position", "patient_sex"))
    ages = np.array([np.nan if film.patient_age_years is None else film.patient_age_years for film in films])
    return {
        "view position": {view: views == view for view in ("PA", "AP")},
        "sex": {sex: sexes == sex for sex in ("F", "M")},
        "age": {"below 40": ages < 40, "40 to 59": (ages >= 40) & (ages < 60), "60 and above": ages >= 60},
    }


def _compared(
    truth: NDArray[np.float32], logits: Floats, patients: NDArray[np.str_], groups: dict[str, NDArray[np.bool_]]
) -> dict[str, Any]:
    """Mean AUROC in every group over the same findings: those with 10 positive and negative films in each group that has films."""
    filled = {name: chosen for name, chosen in groups.items() if chosen.any()}
    columns = [
        c for c in range(_NIH) if all(c in _estimable(truth[chosen], MIN_PER_CLASS) for chosen in filled.values())
    ]
    rows = {
        name: {
            **_mean_row(truth[chosen], logits[chosen], patients[chosen], columns),
            "films": int(chosen.sum()), "patients": len(set(patients[chosen])),
        }
        for name, chosen in filled.items()
    }  # fmt: skip
    return {"findings": [FINDINGS[c] for c in columns], "groups": rows}


def _within(
    truth: NDArray[np.float32], logits: Floats, patients: NDArray[np.str_], chosen: NDArray[np.bool_]
) -> dict[str, Any]:
    """Mean and single AUROC inside one part of the films, over the NIH findings with 10 positives and negatives there."""
    inside = _estimable(truth[chosen], MIN_PER_CLASS)
    mean = _mean_row(truth[chosen], logits[chosen], patients[chosen], inside)
    single = {FINDINGS[c]: _mean_auroc(truth[chosen], logits[chosen], None, [c]) for c in inside}
    return {"mean_auroc": mean, "findings": len(inside), "films": int(chosen.sum()), "per_finding": single}


def lung_opacity_against_normal(films: Sequence[Film], logits: Floats) -> dict[str, Any]:
    """RSNA radiologists: Lung Opacity against Normal."""
    classes = np.array([film.rsna_class for film in films])
    truth = np.where(classes == "Lung Opacity", 1.0, np.where(classes == "Normal", 0.0, np.nan))
    return auroc_row(truth, logits[:, FINDINGS.index("lung_opacity")], _patients(films))


def operating(
    films: Sequence[Film], logits: Floats, calibrations: Sequence[Calibrated], thresholds: Sequence[float]
) -> dict[str, Any]:
    """Calibration error, skill and the frozen operating points, per finding; None where the films cannot say."""
    truth, patients = targets(list(films)), _patients(films)
    out = {}
    for column, name in enumerate(FINDINGS):
        known = ~np.isnan(truth[:, column])
        probability = calibrations[column].apply(logits[known, column])
        labels = truth[known, column].astype(float)
        out[name] = _at(labels, probability, patients[known], thresholds[column])
    return {"definition": "ece: L1, 10 equal-width left-closed bins on P(finding)", "per_finding": out}


def _at(labels: Floats, probability: Floats, patients: NDArray[np.str_], threshold: float) -> dict[str, Any]:
    called, positive = probability >= threshold, labels == 1
    return {
        "n": len(labels), "n_positive": int(positive.sum()),
        **{name: _of_two_classes(measure, labels, probability) for name, measure in _ERRORS.items()},
        "sensitivity": _rate(called[positive], patients[positive]),
        "specificity": _rate(~called[~positive], patients[~positive]),
        "fp_per_100_films": event_rate(called & ~positive, patients).per_100 if len(labels) else None,
    }  # fmt: skip


_ERRORS = {"ece": ece, "smooth_ece": smooth_ece, "brier_skill": brier_skill}


def _of_two_classes(measure: Callable[[Floats, Floats], float], labels: Floats, probability: Floats) -> float | None:
    return measure(labels, probability) if 0 < labels.sum() < len(labels) else None


def _rate(success: NDArray[np.bool_], patients: NDArray[np.str_]) -> dict[str, Any] | None:
    return asdict(clustered_rate(success, patients)) if len(success) else None


def paired_with_teacher(films: Sequence[Film], logits: Floats, teacher: NDArray[np.float32]) -> dict[str, Any]:
    """Mean AUROC of ours and of the reference CheXNet on the films both read, and the paired difference."""
    both = ~np.isnan(teacher[:, 0])
    truth, ours, theirs = targets(list(films))[both], logits[both], teacher[both].astype(float)
    patients, columns = _patients(films)[both], _estimable(truth, 5)

    def difference(weight: Floats | None) -> float:
        return _mean_auroc(truth, ours, weight, columns) - _mean_auroc(truth, theirs, weight, columns)

    low, high = cluster_bootstrap(difference, patients, 300)
    return {
        "films": int(both.sum()), "patients": len(set(patients)), "findings": len(columns),
        "ours": _mean_auroc(truth, ours, None, columns), "chexnet": _mean_auroc(truth, theirs, None, columns),
        "difference": difference(None), "low": low, "high": high,
    }  # fmt: skip


def external(films: Sequence[Film], logits: Floats) -> dict[str, dict[str, Any]]:
    """Kermany: normal against pneumonia, by the declared head and by the pneumonia head; another site, children."""
    chosen = np.array([film.dataset.startswith("Kermany") for film in films])
    patients = _patients(films)[chosen]
    truth = np.array(["Pneumonia" in film.labels for film in films], float)[chosen]
    return {
        name: auroc_row(truth, logits[chosen, FINDINGS.index(name)], patients)
        for name in (DECLARED_EXTERNAL, "pneumonia")
    }
