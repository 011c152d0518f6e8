"""Is a rare finding calibrated better when networks that had not seen other films lend their slope? Brier skill, in pairs.

    python benchmarks/rare_calibration.py --manifest DATA/manifest.csv --run RUN [--val-films 684] [--draws 40]

RUN is a training whose fold networks have read (`wetread model train`). In each draw one fold plays the film reader that ships: a
sample of its patients, as many films as val has, calibrates it, once by val alone (Platt, N(1, 1) prior) and once with the slope lent
by the other folds; the rest of the fold's films judge both. No film of the real val or test is read.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wetread.domain.errors import PermanentError
from wetread.evaluation.calibration_error import brier_skill
from wetread.evaluation.calibration_fit import MIN_PER_CLASS
from wetread.evaluation.calibration_maps import calibration_from_document
from wetread.learning.calibration import Lent, Promise, calibrate_finding, lend
from wetread.learning.manifest import FINDINGS, targets
from wetread.learning.recipe import DEFAULT_RECIPE, read_recipe
from wetread.learning.run import Run

_PROMISE = Promise("specificity", 0.90)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--recipe", type=Path, default=DEFAULT_RECIPE)
    parser.add_argument("--val-films", type=int, default=684)
    parser.add_argument("--draws", type=int, default=40)
    args = parser.parse_args()
    run = Run(read_recipe(args.recipe), args.manifest, args.run, args.run / "cache")
    if run.held_out is None:
        parser.error(f"{args.run} has no readings of fold networks: run `wetread model train` there first")
    truth = targets(run.films["train"]).astype(float)
    patients = np.array([film.patient_id for film in run.films["train"]])
    skills: dict[str, list[tuple[float, float]]] = {name: [] for name in FINDINGS}
    for draw in range(args.draws):
        random = np.random.default_rng(draw)
        fold = draw % run.recipe.folds.count
        own = run.folds == fold
        drawn = _patients_with(patients[own], args.val_films, random)
        val, rest = own & np.isin(patients, drawn), own & ~np.isin(patients, drawn)
        for column, name in enumerate(FINDINGS):
            known = ~np.isnan(truth[:, column])
            cases = [part & known for part in (val, rest)]
            if not 3 <= truth[cases[0], column].sum() < MIN_PER_CLASS or truth[cases[1], column].sum() < 3:
                continue
            lent = lend(truth[known & ~own, column], run.held_out[known & ~own, column])
            both = [_skill(truth[:, column], run.held_out[:, column], patients, cases, each) for each in (None, lent)]
            skills[name].append((both[0], both[1]))
    _print(skills)


def _patients_with(patients: NDArray[np.str_], films: int, random: np.random.Generator) -> NDArray[np.str_]:
    """Patients in random order until they have `films` films."""
    ids, sizes = np.unique(patients, return_counts=True)
    order = random.permutation(len(ids))
    chosen: NDArray[np.str_] = ids[order[: int(np.searchsorted(np.cumsum(sizes[order]), films)) + 1]]
    return chosen


def _skill(
    truth: NDArray[np.float64],
    logit: NDArray[np.float64],
    patients: NDArray[np.str_],
    cases: list[NDArray[np.bool_]],
    lent: Lent | None,
) -> float:
    val, rest = cases
    try:
        found = calibrate_finding(truth[val], logit[val], patients[val], _PROMISE, 0, lent)
    except PermanentError:
        return float("nan")
    return brier_skill(truth[rest], calibration_from_document(found["calibration"]).apply(logit[rest]))


def _print(skills: dict[str, list[tuple[float, float]]]) -> None:
    print("finding              draws   val alone   with slope lent   better in")
    for name, pairs in skills.items():
        if pairs:
            table = np.array(pairs)
            better = (table[:, 1] > table[:, 0]).mean()
            print(
                f"{name:20s} {len(table):5d} {np.nanmean(table[:, 0]):+11.4f} {np.nanmean(table[:, 1]):+17.4f} {better:11.0%}"
            )


if __name__ == "__main__":
    main()
