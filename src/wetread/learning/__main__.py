"""`python -m wetread.learning`: train, calibrate, evaluate and export a model bundle, in this order, in one run folder."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from wetread.learning.recipe import DEFAULT_RECIPE, read_recipe
from wetread.learning.run import Run
from wetread.learning.statement import export_bundle
from wetread.learning.summary import evaluation_text

if TYPE_CHECKING:
    from wetread.learning.calibration import Promise

__all__ = ["main"]

_MACHINE = ("accelerator", "devices", "precision")


def promise(text: str) -> "Promise":
    """Imported late, so that a missing torch is told before scipy stumbles over it."""
    from wetread.learning.calibration import Promise

    return Promise.parse(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m wetread.learning", description=__doc__)
    parser.add_argument("act", choices=["train", "refit", "calibrate", "evaluate", "sheet", "export", "quantise"])
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.csv beside the films")
    parser.add_argument("--out", type=Path, required=True, help="folder of this run; a training found there is resumed")
    parser.add_argument(
        "--only", type=int, help="train: only the trunk (-1) or this branch; branches can run side by side"
    )
    parser.add_argument(
        "--fold",
        type=int,
        help="train: only the network that leaves this fold of patients out (0 ...); folds can run side by side",
    )
    parser.add_argument("--finding", default="pneumonia", help="refit: the finding whose row is fitted again")
    parser.add_argument("--recipe", type=Path, default=DEFAULT_RECIPE, help="TOML with the hyper-parameters")
    for name in _MACHINE:
        parser.add_argument(f"--{name}", help=f"train: instead of the recipe's {name}, as Lightning Fabric takes it")
    parser.add_argument("--cache", type=Path, default=Path("var/learning"), help="folder for the decoded films")
    parser.add_argument(
        "--others",
        type=Path,
        help="calibrate, evaluate: folder with one folder of pictures per kind, for gate and distance",
    )
    parser.add_argument(
        "--promise",
        type=promise,
        default="specificity=0.90",
        help="calibrate: what thresholds keep on the one-sided 95 %% bound: specificity=0.90, sensitivity=0.80 or fp_per_100=5",
    )
    parser.add_argument("--bundle", type=Path, help="export, quantise: folder of the bundle (default: OUT/bundle)")
    return parser


def main(argv: list[str] | None = None) -> None:
    arguments = _parser().parse_args(argv)
    machine = {name: value for name in _MACHINE if (value := getattr(arguments, name)) is not None}
    run = Run(replace(read_recipe(arguments.recipe), **machine), arguments.manifest, arguments.out, arguments.cache)
    match arguments.act:
        case "train":
            run.train(arguments.only, arguments.fold)
        case "refit":
            print(f"AUROC on val by penalty: {run.refit(arguments.finding)}")
        case "calibrate":
            print(f"mean AUROC on val: {run.calibrate(arguments.promise, arguments.others)['val_mean_auroc']:.4f}")
        case "evaluate":
            print(evaluation_text(run.evaluate(arguments.others)))
        case "sheet":
            print(f"films and maps, not to be copied on: {run.contact_sheet()}")
        case "quantise":
            from wetread.learning.quantise import quantise_bundle

            source = arguments.bundle or arguments.out / "bundle"
            print(quantise_bundle(run, source, source.with_name(f"{source.name}-int8")))
        case _:
            export_bundle(run, arguments.bundle or arguments.out / "bundle")


if __name__ == "__main__":
    main()
