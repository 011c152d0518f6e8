"""What training sees: the tables of a training set, and batches drawn from it with variation, mixtures and boxes."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from wetread.learning.augment import augment, degrade, mix
from wetread.learning.losses import source_offsets
from wetread.learning.manifest import COMMON_PX, Box, Film, boxes, learnable, targets

__all__ = ["Batch", "TrainingSet", "box_masks", "draw_batch", "soft_targets", "to_batch", "training_set"]

_MASK_PX = 64


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Train films (n, row, column) uint8, their tables, and the val films with their hard truth (n, finding; NaN unknown).

    target, known (n, finding) float32; offset (n, finding) log odds of the source; abnormal (n,) 1, 0 or NaN; picked (n,);
    boxes: per film {finding: [(column, row, width, height) in 0..1]}.
    """

    films: NDArray[np.uint8]
    target: NDArray[np.float32]
    known: NDArray[np.float32]
    offset: NDArray[np.float32]
    abnormal: NDArray[np.float32]
    picked: NDArray[np.bool_]
    boxes: list[dict[int, list[Box]]]
    val_films: NDArray[np.uint8]
    val_truth: NDArray[np.float32]


class Batch(NamedTuple):
    """Tensors of one step: image (film, 1, row, column); target, known, offset (film, finding); abnormal, share (film,).

    `share` is each film's part in its mixture with the film before it. Boxes: place and finding (case,), mask (case, 1, 64, 64).
    """

    image: Tensor
    target: Tensor
    known: Tensor
    offset: Tensor
    abnormal: Tensor
    share: Tensor
    box_place: Tensor
    box_finding: Tensor
    box_mask: Tensor


def soft_targets(truth: NDArray[np.float32], teacher: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Label, mixed with the teacher's probability where it read the film. Unknown stays NaN."""
    mixed: NDArray[np.float32] = np.where(np.isnan(teacher), truth, (1 - share) * truth + share * teacher)
    return mixed


def training_set(
    train: tuple[list[Film], NDArray[np.uint8]],
    val: tuple[list[Film], NDArray[np.uint8]],
    teacher: NDArray[np.float32],
    teacher_share: float,
) -> TrainingSet:
    """`train` and `val`: films and their pixels; `teacher` (train film, finding), NaN where it has not read."""
    films, pixels = train
    truth = soft_targets(learnable(films), teacher, teacher_share)
    known, target = (~np.isnan(truth)).astype(np.float32), np.nan_to_num(truth)
    picked = np.array([film.source_pixels > COMMON_PX for film in films])
    abnormal = np.array(["No Finding" not in film.labels for film in films], np.float32)
    offset = source_offsets(target, known, picked.astype(np.int64))
    places = [boxes(film) for film in films]
    return TrainingSet(pixels, target, known, offset, abnormal, picked, places, val[1], targets(val[0]))


def to_batch(films: NDArray[np.uint8]) -> Tensor:
    """(film, row, column) uint8 -> (film, 1, row, column) 0..1."""
    return torch.from_numpy(films).unsqueeze(1).float().div_(255)


def box_masks(cases: list[list[Box]]) -> Tensor:
    """(case, 1, 64, 64) 1 inside any of a case's boxes."""
    masks = torch.zeros(len(cases), 1, _MASK_PX, _MASK_PX)
    for mask, inside in zip(masks, cases, strict=True):
        for column, row, width, height in ([value * _MASK_PX for value in box] for box in inside):
            mask[0, int(row) : math.ceil(row + height), int(column) : math.ceil(column + width)] = 1
    return masks


def _shares(count: int, concentration: float, random: np.random.Generator) -> Tensor:
    """Half of the films whole, the others the larger part of a Beta mixture."""
    drawn = random.beta(concentration, concentration, count) if concentration else np.ones(count)
    mixed = random.random(count) < 0.5
    return torch.from_numpy(np.where(mixed, np.maximum(drawn, 1 - drawn), 1).astype(np.float32))


def draw_batch(
    data: TrainingSet, chosen: NDArray[np.int64], size_px: int, mixup: float, random: torch.Generator
) -> Batch:
    """The chosen films, varied and mixed (`mixup`: the Beta's concentration, 0 none), at size_px; their boxes move with them."""
    draw = np.random.default_rng(int(torch.randint(2**62, (1,), generator=random)))
    films = np.stack([degrade(data.films[i], bool(data.picked[i]), draw) for i in chosen])
    image, grid = augment(to_batch(films), size_px, random)
    share = _shares(len(chosen), mixup, draw)
    cases = [(place, finding) for place, i in enumerate(chosen) for finding in data.boxes[i]]
    place, finding = torch.tensor(cases, dtype=torch.int64).reshape(-1, 2).unbind(1)
    masks = box_masks([data.boxes[chosen[p]][f] for p, f in cases])
    if cases:
        masks = functional.grid_sample(masks, grid[place], mode="bilinear", padding_mode="zeros", align_corners=False)
    target, known, offset = (torch.from_numpy(table[chosen]) for table in (data.target, data.known, data.offset))
    abnormal = torch.from_numpy(data.abnormal[chosen])
    return Batch(mix(image, share), target, known, offset, abnormal, share, place, finding, masks)
