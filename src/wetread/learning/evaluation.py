"""What the reader is worth on films it never saw: one report as plain data, every number with its n and interval.

Model selection, calibration and thresholds used `val`; `test` and the external sets are only read here.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from wetread.learning.calibration import Calibrated, clustered_rate
from wetread.learning.manifest import COMMON_PX, FINDINGS, NIH_LABELS, Film, targets
from wetread.learning.metrics import (
    MIN_PER_CLASS,
    Estimate,
    Floats,
    auroc,
    auroc_estimate,
    brier_skill,
    cluster_bootstrap,
    ece,
    smooth_ece,
)

__all__ = [
    "DECLARED_EXTERNAL",
    "any_finding_score",
    "discrimination",
    "external",
    "lung_opacity_against_normal",
    "operating",
    "paired_with_teacher",
    "pointing_game",
]

_NIH = len(NIH_LABELS)
_SOURCE_PX = 1024  # the pixel frame of every box in the manifest
_PNEUMONIA = FINDINGS.index("pneumonia")
DECLARED_EXTERNAL = "lung_opacity"
"""The head that answers for Kermany, named before test and Kermany were opened: radiologists taught it."""


def _patients(films: Sequence[Film]) -> NDArray[np.str_]:
    return np.array([film.patient_id for film in films])


def _mean_estimable(truth: NDArray[np.float32], logits: Floats, weight: Floats | None, columns: list[int]) -> float:
    values = []
    for column in columns:
        known = ~np.isnan(truth[:, column])
        values.append(
            auroc(truth[known, column].astype(float), logits[known, column], None if weight is None else weight[known])
        )
    return float(np.nanmean(values))


def _estimable(truth: NDArray[np.float32], least: int) -> list[int]:
    """NIH findings with at least `least` positive and negative films."""
    return [c for c in range(_NIH) if min(np.nansum(truth[:, c]), np.nansum(1 - truth[:, c])) >= least]


def discrimination(films: Sequence[Film], logits: Floats, least: int = 5) -> dict[str, object]:
    """AUROC per finding, their mean over NIH findings with `least` positives, any finding against none, by view position."""
    truth, patients = targets(list(films)), _patients(films)
    per_finding = {
        name: asdict(auroc_estimate(truth[:, c].astype(float), logits[:, c], patients))
        for c, name in enumerate(FINDINGS)
    }
    columns = _estimable(truth, least)
    low, high = cluster_bootstrap(lambda weight: _mean_estimable(truth, logits, weight, columns), patients, 300)
    abnormal = np.array([not film.labels & {"No Finding"} for film in films], float)
    views, sources = np.array([film.view_position for film in films]), np.array([film.source_pixels for film in films])
    small = sources <= COMMON_PX
    return {
        "films": len(films),
        "patients": len(set(patients)),
        "per_finding": per_finding,
        "mean_auroc": {
            "value": _mean_estimable(truth, logits, None, columns), "low": low, "high": high,
            "definition": f"unweighted mean over the {len(columns)} NIH findings with >= {least} positive films",
        },
        "any_finding_auroc": asdict(auroc_estimate(abnormal, any_finding_score(logits), patients)),
        "by_view_position": {view: _within(truth, logits, views == view) for view in ("PA", "AP")},
        "by_source": {"common": _within(truth, logits, small), "picked": _within(truth, logits, ~small)},
    }  # fmt: skip


def any_finding_score(logits: Floats) -> Floats:
    """(n, finding) -> (n,) log of the summed exponentials over the NIH findings but pneumonia, whose logit holds within a source only."""
    others = np.delete(logits[:, :_NIH], _PNEUMONIA, axis=1)
    score: Floats = np.logaddexp.reduce(others, axis=1)
    return score


def _within(truth: NDArray[np.float32], logits: Floats, chosen: NDArray[np.bool_]) -> dict[str, object]:
    """Mean and single AUROC inside one part of the films, over the NIH findings with 10 positives and negatives there."""
    inside = _estimable(truth[chosen], MIN_PER_CLASS)
    single = {FINDINGS[c]: _mean_estimable(truth[chosen], logits[chosen], None, [c]) for c in inside}
    mean = float(np.mean(list(single.values()))) if single else None
    return {"mean_auroc": mean, "findings": len(inside), "films": int(chosen.sum()), "per_finding": single}


def lung_opacity_against_normal(films: Sequence[Film], logits: Floats) -> dict[str, object]:
    """RSNA radiologists: Lung Opacity against Normal, and against everything else they read."""
    head, patients = logits[:, FINDINGS.index("lung_opacity")], _patients(films)
    classes = np.array([film.rsna_class for film in films])
    truth = np.where(classes == "Lung Opacity", 1.0, np.where(classes == "Normal", 0.0, np.nan))
    return {"against_normal": asdict(auroc_estimate(truth, head, patients))}


def operating(
    films: Sequence[Film], logits: Floats, calibrations: Sequence[Calibrated], thresholds: Sequence[float]
) -> dict[str, object]:
    """Calibration error, skill and the frozen operating points, per finding."""
    truth, patients, out = targets(list(films)), _patients(films), {}
    for column, name in enumerate(FINDINGS):
        known = ~np.isnan(truth[:, column])
        labels, owners = truth[known, column].astype(float), patients[known]
        probability = calibrations[column].probability(logits[known, column])
        called = probability >= thresholds[column]
        out[name] = {
            "n": int(known.sum()), "n_positive": int(labels.sum()),
            "prevalence": float(labels.mean()), "mean_probability": float(probability.mean()),
            "ece": ece(labels, probability), "smooth_ece": smooth_ece(labels, probability),
            "brier_skill": brier_skill(labels, probability),
            "sensitivity": asdict(clustered_rate(called[labels == 1], owners[labels == 1])),
            "specificity": asdict(clustered_rate(~called[labels == 0], owners[labels == 0])),
            "fp_per_100_films": float(100 * (called & (labels == 0)).mean()),
        }  # fmt: skip
    return {"definition": "ece: L1, 10 equal-width left-closed bins on P(finding)", "per_finding": out}


def paired_with_teacher(films: Sequence[Film], logits: Floats, teacher: NDArray[np.float32]) -> dict[str, object]:
    """Mean AUROC of ours and of the reference CheXNet on the films both read, and the paired difference."""
    both = ~np.isnan(teacher[:, 0])
    truth, ours, theirs = targets(list(films))[both], logits[both], teacher[both].astype(float)
    patients, columns = _patients(films)[both], _estimable(truth, 5)

    def difference(weight: Floats | None) -> float:
        return _mean_estimable(truth, ours, weight, columns) - _mean_estimable(truth, theirs, weight, columns)

    low, high = cluster_bootstrap(difference, patients, 300)
    return {
        "films": int(both.sum()), "patients": len(set(patients)), "findings": len(columns),
        "ours": _mean_estimable(truth, ours, None, columns), "chexnet": _mean_estimable(truth, theirs, None, columns),
        "difference": difference(None), "low": low, "high": high,
        "per_finding": {
            FINDINGS[c]: [_mean_estimable(truth, ours, None, [c]), _mean_estimable(truth, theirs, None, [c])]
            for c in columns
        },
    }  # fmt: skip


def external(films: Sequence[Film], logits: Floats) -> dict[str, Estimate]:
    """Kermany: normal against pneumonia, by the declared head and by the pneumonia head; another site, children."""
    chosen = np.array([film.dataset.startswith("Kermany") for film in films])
    patients = _patients(films)[chosen]
    truth = np.array(["Pneumonia" in film.labels for film in films], float)[chosen]
    return {
        name: auroc_estimate(truth, logits[chosen, FINDINGS.index(name)], patients)
        for name in (DECLARED_EXTERNAL, "pneumonia")
    }


def _boxes(film: Film) -> list[tuple[int, tuple[float, float, float, float]]]:
    """(finding index, (column, row, width, height)) in source pixels."""
    names = {label.lower(): index for index, label in enumerate(NIH_LABELS)} | {"infiltrate": 3}
    found = [(names[row[0].lower()], tuple(row[1:5])) for row in json.loads(film.nih_boxes or "[]")]
    opacity = FINDINGS.index("lung_opacity")
    return found + [(opacity, tuple(row[:4])) for row in json.loads(film.rsna_boxes or "[]")]


def pointing_game(films: Sequence[Film], cams: NDArray[np.float32], seed: int = 7) -> dict[str, object]:
    """Does the hottest place of a finding's map lie in one of its boxes? (film, finding, row, column) maps.

    Two opponents: a random place (the boxes' share of the film) and the map of another film with the same finding.
    """
    cases = []
    for index, film in enumerate(films):
        for finding in {finding for finding, _ in _boxes(film)}:
            cases.append((index, finding, [box for kind, box in _boxes(film) if kind == finding]))
    order = np.random.default_rng(seed).permutation(len(cases))
    hit = np.array([_inside(cams[i, f], boxes) for i, f, boxes in cases])
    other = np.array([_inside(cams[cases[j][0], f], boxes) for (_, f, boxes), j in zip(cases, order, strict=True)])
    share = np.mean([_covered(boxes) for _, _, boxes in cases])
    patients = np.array([films[i].patient_id for i, _, _ in cases])
    return {
        "cases": len(cases),
        "hit_rate": asdict(clustered_rate(hit, patients)),
        "random_place": float(share),
        "map_of_another_film": asdict(clustered_rate(other, patients)),
    }


Box = tuple[float, ...]


def _inside(cam: NDArray[np.float32], boxes: Sequence[Box]) -> bool:
    row, column = np.argwhere(cam >= cam.max() - 1e-6).mean(0)  # the middle of the hottest plateau
    down, right = (row + 0.5) / cam.shape[0] * _SOURCE_PX, (column + 0.5) / cam.shape[1] * _SOURCE_PX
    return any(c <= right <= c + w and r <= down <= r + h for c, r, w, h in boxes)


def _covered(boxes: Sequence[Box]) -> float:
    mask = np.zeros((64, 64), bool)
    for c, r, w, h in (tuple(value * 64 / _SOURCE_PX for value in box) for box in boxes):
        mask[int(r) : int(np.ceil(r + h)), int(c) : int(np.ceil(c + w))] = True
    return float(mask.mean())
