"""What a training leaves to be read: a progress line with the time it still needs, record.json and curves.png."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from wetread.learning.recipe import Recipe

__all__ = ["Curve", "Progress", "write_record"]

Curve = list[dict[str, float]]
_EVERY_STEPS = 40


class Progress:
    """Says on stderr where a run stands; the time left counts pixels, for later epochs are larger."""

    def __init__(self, recipe: Recipe, steps_per_epoch: int, last: int, quiet: bool = False) -> None:
        self._recipe, self._steps, self._last, self._quiet = recipe, steps_per_epoch, last, quiet
        self._began = time.perf_counter()
        self._done = 0.0

    def step(self, epoch: int, index: int, losses: list[float]) -> None:
        self._done += self._recipe.train_px(epoch) ** 2
        if index % _EVERY_STEPS == _EVERY_STEPS - 1:
            rest = sum(self._recipe.train_px(later) ** 2 for later in range(epoch + 1, self._last)) * self._steps
            rest += self._recipe.train_px(epoch) ** 2 * (self._steps - index - 1)
            left_s = (time.perf_counter() - self._began) * rest / self._done
            loss = np.mean(losses[-_EVERY_STEPS:])
            self._say(f"epoch {epoch + 1} step {index + 1}/{self._steps}: loss {loss:.4f}, {left_s / 60:.0f} min left")

    def epoch(self, row: dict[str, float]) -> None:
        self._say(
            f"epoch {row['epoch']}/{self._last}: loss {row['loss']:.4f}, val mean AUROC {row['val_auroc']:.4f}, "
            f"{row['wall_s']:.0f} s"
        )

    def _say(self, message: str) -> None:
        if not self._quiet:
            sys.stderr.write(message + "\n")
            sys.stderr.flush()


def write_record(out: Path, recipe: Recipe, provenance: dict[str, str], curve: Curve) -> None:
    """record.json (recipe with its seed, data hash, code version, curve, wall time) and curves.png."""
    wall_s = sum(row["wall_s"] for row in curve)
    record = {"provenance": provenance, "recipe": asdict(recipe), "wall_s": wall_s, "curve": curve}
    (out / "record.json").write_text(json.dumps(record, indent=1))
    _plot(curve, out / "curves.png")


def _plot(curve: Curve, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.5), layout="tight")
    FigureCanvasAgg(figure)
    left = figure.subplots()
    right = left.twinx()
    for branch in sorted({row.get("branch", 0) for row in curve}):
        rows = [row for row in curve if row.get("branch", 0) == branch]
        epochs = [row["epoch"] for row in rows]
        left.plot(epochs, [row["loss"] for row in rows], "k.-")
        right.plot(epochs, [row["val_auroc"] for row in rows], "b.-")
    left.set_xlabel("epoch")
    left.set_ylabel("training loss (black)")
    right.set_ylabel("mean AUROC on val (blue)")
    figure.savefig(path, dpi=110)
