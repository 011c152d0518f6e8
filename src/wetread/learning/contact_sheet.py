"""The best and worst cases of test on one picture, for a person's eyes: where does the map look when it is right, and when not?

Films may not be copied on, so the picture stays in the run's folder. Cases come from the one reading of test that `evaluate` kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wetread.evaluation.inputs import Floats
from wetread.learning.evaluation import Calibrated
from wetread.learning.manifest import FINDINGS, Film, boxes, targets

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Case", "choose_cases", "draw_sheet"]

_COLUMNS = 6
_PER_FINDING = 2  # of one kind, so that one common finding does not fill the sheet


@dataclass(frozen=True, slots=True)
class Case:
    """One finding on one film; `kind` is right (called, there), false alarm (called, not there) or miss."""

    kind: str
    film: int
    finding: int
    probability: float
    threshold: float


def choose_cases(
    films: Sequence[Film], logits: Floats, calibrations: Sequence[Calibrated], thresholds: Sequence[float]
) -> list[Case]:
    """The 12 most confident right, 6 false alarms and 6 misses by log odds beyond the threshold; a patient comes once in a kind."""
    truth = targets(list(films))
    share = np.stack([each.apply(logits[:, c]) for c, each in enumerate(calibrations)], 1)
    beyond = _log_odds(share) - _log_odds(np.array(thresholds))
    wanted = (
        ("right", (truth == 1) & (beyond >= 0), beyond, 12),
        ("false alarm", (truth == 0) & (beyond >= 0), beyond, 6),
        ("miss", (truth == 1) & (beyond < 0), -beyond, 6),
    )
    return [
        Case(kind, film, finding, float(share[film, finding]), thresholds[finding])
        for kind, chosen, sureness, count in wanted
        for film, finding in _surest(films, chosen, sureness, count)
    ]


def _log_odds(probability: Floats) -> Floats:
    inside = np.clip(probability, 1e-6, 1 - 1e-6)
    odds: Floats = np.log(inside / (1 - inside))
    return odds


def _surest(films: Sequence[Film], chosen: NDArray[np.bool_], sureness: Floats, count: int) -> list[tuple[int, int]]:
    """The first `count` (film, finding) by `sureness`, descending."""
    places = np.argwhere(chosen)
    found: list[tuple[int, int]] = []
    patients: set[str] = set()
    for film, finding in places[np.argsort(-sureness[chosen], kind="stable")].tolist():
        full = sum(other == finding for _, other in found) >= _PER_FINDING
        if len(found) < count and not full and films[film].patient_id not in patients:
            found.append((film, finding))
            patients.add(films[film].patient_id)
    return found


def draw_sheet(
    films: Sequence[Film], pixels: NDArray[np.uint8], cams: NDArray[np.float32], cases: Sequence[Case], path: Path
) -> None:
    """PNG with the film and the film under its map per case; boxes of the finding are green. `cams` (film, finding, row, column)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = -(-len(cases) // _COLUMNS)
    figure = Figure(figsize=(4 * _COLUMNS, 2.4 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, 2 * _COLUMNS, squeeze=False).reshape(-1, 2)
    for pair in panels:
        for panel in pair:
            panel.set_axis_off()
    for (plain, mapped), case in zip(panels, cases, strict=False):
        _draw(plain, mapped, case, films[case.film], pixels[case.film], cams[case.film, case.finding])
    figure.savefig(path, dpi=80)


def _draw(
    plain: "Axes", mapped: "Axes", case: Case, film: Film, image: NDArray[np.uint8], cam: NDArray[np.float32]
) -> None:
    from matplotlib.patches import Rectangle

    side = len(image)
    for panel in (plain, mapped):
        panel.imshow(image, cmap="gray", vmin=0, vmax=255)
    mapped.imshow(cam, cmap="inferno", alpha=0.4, extent=(-0.5, side - 0.5, side - 0.5, -0.5), interpolation="bilinear")
    for column, row, width, height in boxes(film).get(case.finding, []):
        frame = (column * side, row * side), width * side, height * side
        mapped.add_patch(Rectangle(*frame, fill=False, edgecolor="lime", linewidth=1.5))
    plain.set_title(f"{case.kind}: {FINDINGS[case.finding]}", fontsize=8, loc="left")
    said = ", ".join(sorted(label.lower() for label in film.labels))
    mapped.set_title(f"p {case.probability:.2f} (at {case.threshold:.2f})\n{said[:34]}", fontsize=7, loc="left")
