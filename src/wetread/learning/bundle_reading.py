"""Reads a manifest's films with a finished bundle as the running product reads them: its resampling, its runtime, no torch."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wetread.domain.errors import PermanentError, UnsuitableImage
from wetread.inference.bundle import ModelBundle
from wetread.inference.quality import refuse_by_gate, refuse_by_pixels
from wetread.inference.resample import fit_long_side
from wetread.learning.film import decode_film
from wetread.learning.manifest import FINDINGS, Film, read_manifest
from wetread.ports.decoder import DecodedImage
from wetread.ports.predictor import Prediction, Predictor

__all__ = ["BundleReading", "Unreadable", "read_films", "select_films"]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A film of the manifest that gave no pixels, and why."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class BundleReading:
    """What one bundle said about the readable films, in the manifest's order.

    `logits` float64 (film, finding) and `cams` float32 (film, finding, row, column) in the order of FINDINGS, NaN where the bundle has no
    such head. `refused` counts the films that the product would turn away, by its code; they are read here all the same.
    `cams` and `out_of_distribution` are None where the network has no map, the bundle no limit.
    """

    films: list[Film]
    logits: NDArray[np.float64]
    cams: NDArray[np.float32] | None
    unreadable: list[Unreadable]
    refused: dict[str, int]
    out_of_distribution: int | None


@dataclass(slots=True)
class _Tally:
    films: list[Film] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


def select_films(manifest: Path, split: str, limit: int | None = None) -> list[Film]:
    """The films of one split, at most the first `limit`; raises PermanentError(code='bad_manifest' or 'no_films')."""
    films = read_manifest(manifest)
    chosen = [film for film in films if film.split == split]
    if not chosen:
        known = ", ".join(sorted({film.split for film in films})) or "none: it holds no film at all"
        raise PermanentError(f"no film in {manifest} belongs to split {split!r}; its splits: {known}", code="no_films")
    return chosen[:limit]


def read_films(films: Iterable[Film], root: Path, bundle: ModelBundle, predictor: Predictor) -> BundleReading:
    """Reads each film below `root`; one that gives no pixels is listed, never dropped in silence.

    Raises PermanentError(code='no_films') when none could be read, code='model_failed' when the network fails.
    """
    tally = _Tally()
    for film in films:
        _read_one(film, root, bundle, predictor, tally)
    if not tally.films:
        first = tally.unreadable[0]
        raise PermanentError(
            f"none of the {len(tally.unreadable)} films can be read; the first, {first.file}: {first.reason}",
            code="no_films",
        )
    columns = _columns(bundle)
    cams = [each.cam for each in tally.predictions if each.cam is not None]
    return BundleReading(
        films=tally.films,
        logits=_in_order([each.logits for each in tally.predictions], columns).astype(np.float64),
        cams=_in_order(cams, columns) if cams else None,
        unreadable=tally.unreadable,
        refused=dict(tally.refused),
        out_of_distribution=_beyond(bundle.ood_threshold, tally.predictions),
    )


def _beyond(limit: float | None, predictions: Sequence[Prediction]) -> int | None:
    scores = [each.ood_score for each in predictions if each.ood_score is not None]
    return None if limit is None or not scores else sum(score > limit for score in scores)


def _read_one(film: Film, root: Path, bundle: ModelBundle, predictor: Predictor, tally: _Tally) -> None:
    try:
        decoded = decode_film(root / film.file)
    except (OSError, ValueError) as error:
        tally.unreadable.append(Unreadable(film.file, _reason(error)))
        return
    image, _ = fit_long_side(decoded, bundle.input_side_px)
    prediction = predictor.predict(image)
    tally.films.append(film)
    tally.predictions.append(prediction)
    tally.refused.update(_refusals(decoded, image, bundle, prediction))


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "not a picture that can be decoded" if isinstance(error, OSError) else str(error)


def _refusals(
    decoded: DecodedImage, image: NDArray[np.float32], bundle: ModelBundle, prediction: Prediction
) -> list[str]:
    """The code with which the product turns the film away; empty when it reads it."""
    try:
        refuse_by_pixels(image, decoded.rows, decoded.columns)
        if bundle.gate is not None:
            if prediction.gate_logits is None:
                raise PermanentError(
                    "bundle.json promises an image gate that the network does not have", code="bad_bundle"
                )
            refuse_by_gate(bundle.gate, prediction.gate_logits)
    except UnsuitableImage as refusal:
        return [refusal.code]
    return []


def _columns(bundle: ModelBundle) -> list[int | None]:
    places = {head.name.value: head.output_index for head in bundle.heads}
    return [places.get(name) for name in FINDINGS]


def _in_order(outputs: Sequence[NDArray[np.float32]], columns: Sequence[int | None]) -> NDArray[np.float32]:
    stacked = np.stack(outputs)
    ordered = np.full((len(stacked), len(columns), *stacked.shape[2:]), np.nan, np.float32)
    for place, column in enumerate(columns):
        if column is not None:
            ordered[:, place] = stacked[:, column]
    return ordered
