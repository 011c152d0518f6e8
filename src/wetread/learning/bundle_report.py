"""What a finished bundle is worth on a split, and which of two is better: the training run's own statistics on the bundle's own outputs.

Plain data for JSON; a number that the films cannot support is None. Intervals are 95 %, whole patients resampled.
"""

import json
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wetread.domain.errors import PermanentError
from wetread.evaluation.discrimination import MIN_PER_CLASS
from wetread.evaluation.inputs import Floats
from wetread.inference.bundle import ModelBundle
from wetread.inference.calibration import Calibration
from wetread.learning import evaluation
from wetread.learning.bundle_reading import BundleReading
from wetread.learning.manifest import FINDINGS, NIH_LABELS, Film, read_teacher, targets
from wetread.learning.pointing import pointing_game
from wetread.learning.resampling import cluster_bootstrap, weighted_auroc

__all__ = ["compare_bundles", "evaluate_bundle", "finite"]

_LEAST_FOR_MEAN = 5
"""NIH findings with fewer positive films are not in the mean; evaluation.discrimination's own limit."""


def evaluate_bundle(bundle: ModelBundle, reading: BundleReading, manifest: Path) -> dict[str, object]:
    """The report of one bundle: what `films` was read, then discrimination, operating, rsna, chexnet, pointing_game, kermany;
    `stated_pointing` alone is not measured here but quoted from the bundle.

    A part is None where no film of the split can answer it. Raises PermanentError(code='missing_head') unless the bundle has all FINDINGS.
    """
    _require_all_heads(bundle)
    nih = np.array([film.is_nih for film in reading.films])
    films = [film for film in reading.films if film.is_nih]
    with _empty_classes_give_nan():
        return {
            "films": {**_accounting(reading), "gated": bundle.gate is not None},
            **_on_nih(bundle, films, reading.logits[nih], manifest.parent / "chexnet_reference.csv"),
            "pointing_game": None if reading.cams is None else pointing_game(films, reading.cams[nih]),
            "kermany": _kermany(reading),
            "stated_pointing": _stated_pointing(bundle),
        }


def _stated_pointing(bundle: ModelBundle) -> dict[str, object] | None:
    """Pointing game of maps from gradients, which a graph cannot make: what the makers measured on test, None where they did not."""
    evaluated = json.loads(bundle.figures).get("evaluation") if bundle.figures else None
    found: dict[str, object] | None = evaluated.get("pointing_by_gradients") if evaluated else None
    return found


def _require_all_heads(bundle: ModelBundle) -> None:
    missing = sorted(set(FINDINGS) - {head.name.value for head in bundle.heads})
    if missing:
        raise PermanentError(
            f"the bundle has no head for {', '.join(missing)}: the table needs all {len(FINDINGS)} findings; "
            "`wetread model compare` takes what two bundles share",
            code="missing_head",
        )


def _accounting(reading: BundleReading) -> dict[str, object]:
    return {
        "read": len(reading.films),
        "patients": len({film.patient_id for film in reading.films}),
        "unreadable": [asdict(each) for each in reading.unreadable],
        "product_would_refuse": reading.refused,
        "out_of_distribution": reading.out_of_distribution,
    }


def _on_nih(bundle: ModelBundle, films: list[Film], logits: Floats, teacher_csv: Path) -> dict[str, object]:
    parts = ("discrimination", "operating", "rsna", "chexnet")
    if not films:
        return dict.fromkeys(parts)
    report = (
        evaluation.discrimination(films, logits, _LEAST_FOR_MEAN),
        _operating(bundle, films, logits),
        evaluation.lung_opacity_against_normal(films, logits),
        _chexnet(films, logits, teacher_csv),
    )
    return dict(zip(parts, report, strict=True))


def _operating(bundle: ModelBundle, films: list[Film], logits: Floats) -> dict[str, object] | None:
    heads = {head.name.value: head for head in bundle.heads}
    stated = [heads[name].calibration for name in FINDINGS]
    fitted = [_AsStated(each) for each in stated if each]
    if len(fitted) < len(FINDINGS):
        return None
    thresholds = [heads[name].operating_point.threshold for name in FINDINGS]
    return evaluation.operating(films, logits, fitted, thresholds)


@dataclass(frozen=True, slots=True)
class _AsStated:
    """The bundle's own calibration, of whatever kind, over whole arrays."""

    calibration: Calibration

    def apply(self, raw_score: Floats) -> Floats:
        return np.array([self.calibration.apply(float(each)) for each in raw_score])


def _chexnet(films: list[Film], logits: Floats, teacher_csv: Path) -> dict[str, object] | None:
    if not teacher_csv.exists():
        return None
    try:
        teacher = read_teacher(teacher_csv, films)
    except (KeyError, ValueError) as error:
        raise PermanentError(f"{teacher_csv} cannot be understood: {error}", code="bad_manifest") from error
    return None if np.isnan(teacher[:, 0]).all() else evaluation.paired_with_teacher(films, logits, teacher)


def _kermany(reading: BundleReading) -> dict[str, object] | None:
    if not any(film.dataset.startswith("Kermany") for film in reading.films):
        return None
    return dict(evaluation.external(reading.films, reading.logits))


@dataclass(frozen=True, slots=True)
class _Pair:
    truth: Floats
    first: Floats
    second: Floats
    patients: NDArray[np.str_]

    def difference(self, weight: Floats | None, columns: Sequence[int]) -> float:
        return float(np.nanmean([self._one(weight, column) for column in columns]))

    def _one(self, weight: Floats | None, column: int) -> float:
        known = ~np.isnan(self.truth[:, column])
        weights = None if weight is None else weight[known]
        ours, theirs = (
            weighted_auroc(self.truth[known, column], score[known, column], weights)
            for score in (self.first, self.second)
        )
        return ours - theirs

    def row(self, columns: Sequence[int], replicates: int) -> dict[str, object]:
        low, high = cluster_bootstrap(lambda weight: self.difference(weight, columns), self.patients, replicates)
        return {"difference": self.difference(None, columns), "low": low, "high": high}


def compare_bundles(first: BundleReading, second: BundleReading, replicates: int = 1000) -> dict[str, object]:
    """AUROC of `first` minus `second` on the same films, per finding that both have, and in the mean over the NIH ones.

    A finding below 10 positive or negative films has no difference. Raises PermanentError(code='nothing_to_compare').
    """
    films = [film for film in first.films if film.is_nih]
    nih = np.array([film.is_nih for film in first.films])
    logits = first.logits[nih], second.logits[nih]
    shared = [c for c in range(len(FINDINGS)) if films and not any(np.isnan(each[:, c]).any() for each in logits)]
    if not shared:
        raise PermanentError("the bundles share no finding on a labelled film", code="nothing_to_compare")
    pair = _Pair(targets(films).astype(np.float64), *logits, np.array([film.patient_id for film in films]))
    with _empty_classes_give_nan():
        return {
            "films": len(films),
            "patients": len(set(pair.patients)),
            "unreadable": [asdict(each) for each in first.unreadable],
            "per_finding": {FINDINGS[c]: _compared(pair, c, replicates) for c in shared},
            "mean": _compared_mean(pair, shared, replicates),
        }


def _counts(pair: _Pair, column: int) -> tuple[int, int]:
    truth = pair.truth[:, column]
    return int((truth == 1).sum()), int((truth == 0).sum())


def _compared(pair: _Pair, column: int, replicates: int) -> dict[str, object]:
    positive, negative = _counts(pair, column)
    if min(positive, negative) < MIN_PER_CLASS:
        numbers: dict[str, object] = dict.fromkeys(("first", "second", "difference", "low", "high"))
    else:
        known = ~np.isnan(pair.truth[:, column])
        first, second = (weighted_auroc(pair.truth[known, column], s[known, column]) for s in (pair.first, pair.second))
        numbers = {"first": first, "second": second, **pair.row([column], replicates)}
    return {"n_positive": positive, "n_negative": negative, **numbers}


def _compared_mean(pair: _Pair, shared: list[int], replicates: int) -> dict[str, object] | None:
    columns = [c for c in shared if c < len(NIH_LABELS) and min(_counts(pair, c)) >= _LEAST_FOR_MEAN]
    return {"findings": len(columns), **pair.row(columns, replicates)} if columns else None


@contextmanager
def _empty_classes_give_nan() -> Iterator[None]:
    """Small splits leave classes empty; their NaN is told as 'not estimable' (`finite`), so numpy's warnings add nothing."""
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def finite(report: dict[str, object]) -> dict[str, object]:
    """The same plain data with None for every NaN, as JSON and a reader need it."""
    return {key: _finite(each) for key, each in report.items()}


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return finite(value)
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    if isinstance(value, np.generic):
        return _finite(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
