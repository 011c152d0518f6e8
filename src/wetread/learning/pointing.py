"""The pointing game (Zhang et al., IJCV 2018): does the hottest place of a finding's map lie in one of the finding's boxes?

Two opponents: a random place (the boxes' share of the film) and the map of another film with the same finding.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wetread.evaluation.proportions import clustered_rate
from wetread.learning.manifest import FINDINGS, LUNG_OPACITY, NIH_LABELS, Film

__all__ = ["boxed", "pointing_game"]

_SOURCE_PX = 1024  # the pixel frame of every box in the manifest
_SEED = 7
Box = tuple[float, ...]
"""(column, row, width, height) in source pixels"""
Maps = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Case:
    film: int
    finding: int
    boxes: list[Box]


def boxed(films: Sequence[Film]) -> list[int]:
    """The places of the films that have a box."""
    return [index for index, film in enumerate(films) if film.nih_boxes or film.rsna_boxes]


def pointing_game(films: Sequence[Film], maps: Maps) -> dict[str, Any] | None:
    """`all` boxes together and each finding alone (`per_finding`), for (film, finding, row, column) maps; None without a box."""
    cases = [
        _Case(index, finding, found) for index, film in enumerate(films) for finding, found in _boxes(film).items()
    ]
    if not cases:
        return None
    single = {name: [case for case in cases if case.finding == place] for place, name in enumerate(FINDINGS)}
    return {
        "all": _played(films, maps, cases),
        "per_finding": {name: _played(films, maps, own) for name, own in single.items() if own},
    }


def _boxes(film: Film) -> dict[int, list[Box]]:
    names = {label.lower(): index for index, label in enumerate(NIH_LABELS)} | {"infiltrate": 3}
    found: dict[int, list[Box]] = {}
    for row in json.loads(film.nih_boxes or "[]"):
        found.setdefault(names[row[0].lower()], []).append(tuple(row[1:5]))
    opacities = [tuple(row[:4]) for row in json.loads(film.rsna_boxes or "[]")]
    return {**found, FINDINGS.index(LUNG_OPACITY): opacities} if opacities else found


def _played(films: Sequence[Film], maps: Maps, cases: list[_Case]) -> dict[str, Any]:
    others = [cases[place].film for place in np.random.default_rng(_SEED).permutation(len(cases))]
    hit = np.array([_inside(maps[case.film, case.finding], case.boxes) for case in cases])
    other = np.array([_inside(maps[film, case.finding], case.boxes) for film, case in zip(others, cases, strict=True)])
    patients = np.array([films[case.film].patient_id for case in cases])
    return {
        "cases": len(cases),
        "hit_rate": asdict(clustered_rate(hit, patients)),
        "random_place": float(np.mean([_covered(case.boxes) for case in cases])),
        "map_of_another_film": asdict(clustered_rate(other, patients)),
    }


def _inside(cam: NDArray[np.float32], boxes: Sequence[Box]) -> bool:
    row, column = np.argwhere(cam >= cam.max() - 1e-6).mean(0)  # the middle of the hottest plateau
    down, right = (row + 0.5) / cam.shape[0] * _SOURCE_PX, (column + 0.5) / cam.shape[1] * _SOURCE_PX
    return any(c <= right <= c + w and r <= down <= r + h for c, r, w, h in boxes)


def _covered(boxes: Sequence[Box]) -> float:
    mask = np.zeros((64, 64), bool)
    for c, r, w, h in (tuple(value * 64 / _SOURCE_PX for value in box) for box in boxes):
        mask[int(r) : int(np.ceil(r + h)), int(c) : int(np.ceil(c + w))] = True
    return float(mask.mean())
