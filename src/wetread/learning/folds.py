"""Networks that each leave one fold of patients out: what they say of it is what the recipe is worth on films it has not learned.

They calibrate what `val` has too few films for. The network that ships knows every train film, so its own scores there tell nothing.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wetread.learning.examples import TrainingSet
from wetread.learning.manifest import Film
from wetread.learning.recipe import Recipe, Stage
from wetread.learning.training import Trainer, launched, read_logits

__all__ = ["held_out_logits", "patient_folds", "train_fold"]


def patient_folds(films: list[Film], count: int, seed: int) -> NDArray[np.int64]:
    """(film,) fold 0..count-1; a patient's films share one, and folds hold nearly the same number of films."""
    sizes = Counter(film.patient_id for film in films)
    patients = sorted(sizes)
    np.random.default_rng(seed).shuffle(patients)
    held, fold_of = [0] * count, {}
    for patient in sorted(patients, key=lambda each: -sizes[each]):
        fold_of[patient] = fold = held.index(min(held))
        held[fold] += sizes[patient]
    return np.array([fold_of[film.patient_id] for film in films])


def _fold_recipe(recipe: Recipe, fold: int) -> Recipe:
    folds = recipe.folds
    return replace(
        recipe,
        seed=recipe.seed + 17 * fold,
        work_px=(folds.train_px,),
        stages=(Stage(folds.epochs, folds.train_px),),
        stop_after=0,
        patience=0,
        optimiser=replace(recipe.optimiser, average_decay=folds.average_decay),
    )


def train_fold(
    recipe: Recipe, data: TrainingSet, held: NDArray[np.uint8], fold: int, out: Path, provenance: dict[str, str]
) -> None:
    """Trains (or resumes) the network of `fold` in `out` on `data`, which lacks it, and keeps its logits of the `held` films."""
    fabric = launched(recipe)
    trainer = Trainer(_fold_recipe(recipe, fold), data, out, fabric)
    trainer.run(trainer.recipe.epochs, provenance)
    if fabric.is_global_zero:
        trainer.average.work_px = (recipe.folds.train_px,)
        part = out / "held_out.part.npy"
        np.save(part, read_logits(trainer.average, held))
        part.rename(out / "held_out.npy")


def held_out_logits(fold: NDArray[np.int64], folders: list[Path]) -> NDArray[np.float64] | None:
    """(film, finding) logits, each of the network without the film's fold and in its own standard deviations; None until all have read."""
    paths = [folder / "held_out.npy" for folder in folders]
    if not paths or not all(path.exists() for path in paths):
        return None
    parts = [np.load(path, allow_pickle=False) for path in paths]
    logits = np.empty((len(fold), parts[0].shape[1]))
    for number, part in enumerate(parts):
        logits[fold == number] = (part - part.mean(0)) / part.std(0)
    return logits
