"""Curves as inline SVG whose colours come from the page: no script, no address. Every figure says its n."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from wetread.evaluation.calibration_curve import consistency_band, reliability_bins, smooth_calibration
from wetread.evaluation.decision_curve import decision_curve
from wetread.evaluation.inputs import Floats

__all__ = ["Curve", "corp_plot", "decision_plot", "plot", "precision_recall_plot", "reliability_plot", "roc_plot"]

_SIDE, _LEFT, _TOP, _INNER = 300, 44, 30, 224
_MOST_POINTS = 240


@dataclass(frozen=True, slots=True)
class Curve:
    """(k,) x and y; `kind` is a class of the page's style: "line", "faint", "points", "bars" or "band". `low`, `high`: (k,) ends of vertical intervals."""

    x: Floats
    y: Floats
    kind: str = "line"
    low: Floats | None = None
    high: Floats | None = None


_DIAGONAL = Curve(np.array([0.0, 1.0]), np.array([0.0, 1.0]), "faint")


def plot(
    title: str,
    curves: Sequence[Curve],
    axes: tuple[str, str],
    x_range: tuple[float, float] = (0.0, 1.0),
    y_range: tuple[float, float] = (0.0, 1.0),
) -> str:
    """SVG text of one square figure."""
    body = "".join(_drawn(each, x_range, y_range) for each in curves)
    return (
        f'<svg viewBox="0 0 {_SIDE} {_SIDE}" role="img" aria-label="{escape(title)}" class="plot">'
        f'<text x="{_LEFT}" y="16" class="title">{escape(title)}</text>{_grid(axes, x_range, y_range)}{body}</svg>'
    )


def roc_plot(truth: Floats, score: Floats) -> str:
    false, true = _along(truth, score)
    n = f"n {len(truth):,}, positive {int(truth.sum()):,}"
    return plot(
        f"ROC ({n})",
        [_DIAGONAL, Curve(false / max(false[-1], 1), true / max(true[-1], 1))],
        ("1 - specificity", "sensitivity"),
    )


def precision_recall_plot(truth: Floats, score: Floats) -> str:
    false, true = _along(truth, score)
    with np.errstate(invalid="ignore"):
        precision = np.where(false + true > 0, true / (false + true), np.nan)[1:]
    recall = (true / max(true[-1], 1))[1:]
    floor = Curve(np.array([0.0, 1.0]), np.full(2, float(truth.mean())), "faint")
    return plot("Precision and recall (line: prevalence)", [floor, Curve(recall, precision)], ("recall", "precision"))


def reliability_plot(truth: Floats, probability: Floats, bins: int = 10) -> str:
    """Observed share with Wilson's interval against mean probability, equal-mass bins; behind each the bar in which a calibrated model's share would lie, where so few positives have one."""
    found = reliability_bins(truth, probability, bins)
    barred = ~np.isnan(found.bar_low)
    without = f"; no bar of 95 % in {int((~barred).sum())}" if not barred.all() else ""
    return plot(
        f"Reliability ({len(found.cases)} bins of {int(found.cases.min()):,} or more{without})",
        [
            _DIAGONAL,
            Curve(found.stated[barred], found.stated[barred], "bars", found.bar_low[barred], found.bar_high[barred]),
            Curve(found.stated, found.observed, "points", found.low, found.high),
        ],
        ("stated probability", "observed share"),
    )


def corp_plot(truth: Floats, probability: Floats) -> str:
    """The isotonic recalibration without bins over the band of a calibrated model, and faint the smooth curve."""
    found = consistency_band(truth, probability)
    return plot(
        f"CORP (band: if calibrated; n {len(truth):,})",
        [
            Curve(found.at, found.recalibrated, "band", found.low, found.high),
            _DIAGONAL,
            Curve(*smooth_calibration(truth, probability), "faint"),
            Curve(found.at, found.recalibrated),
        ],
        ("stated probability", "recalibrated"),
    )


def decision_plot(truth: Floats, probability: Floats) -> str:
    """Net benefit between 1 % and 50 %: where people would act. Faint: calling everybody."""
    curve = decision_curve(truth, probability, np.linspace(0.01, 0.5, 50))
    top = max(float(truth.mean()), 0.01)
    floor = -0.2 * top
    return plot(
        "Net benefit (faint: call everybody)",
        [
            Curve(curve.thresholds, np.clip(curve.everybody, floor, top), "faint"),
            Curve(curve.thresholds, np.clip(curve.model, floor, top)),
        ],
        ("threshold", "net benefit"),
        (0.0, 0.5),
        (floor, top),
    )


def _along(truth: Floats, score: Floats) -> tuple[Floats, Floats]:
    """False and true positives from the highest score down, ties taken together; at most a few hundred points."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)
    true = np.cumsum(truth[order])[last]
    false = np.cumsum(1 - truth[order])[last]
    keep = np.unique(np.linspace(0, len(true) - 1, min(len(true), _MOST_POINTS)).astype(int))
    return np.append(0.0, false[keep]), np.append(0.0, true[keep])


def _grid(axes: tuple[str, str], x_range: tuple[float, float], y_range: tuple[float, float]) -> str:
    parts = [f'<rect x="{_LEFT}" y="{_TOP}" width="{_INNER}" height="{_INNER}" class="frame"/>']
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = _LEFT + share * _INNER, _TOP + (1 - share) * _INNER
        at_x, at_y = (low + share * (high - low) for low, high in (x_range, y_range))
        parts.append(f'<line x1="{x}" x2="{x}" y1="{_TOP}" y2="{_TOP + _INNER}" class="grid"/>')
        parts.append(f'<line x1="{_LEFT}" x2="{_LEFT + _INNER}" y1="{y}" y2="{y}" class="grid"/>')
        parts.append(f'<text x="{x}" y="{_TOP + _INNER + 14}" text-anchor="middle" class="quiet">{at_x:.3g}</text>')
        parts.append(f'<text x="{_LEFT - 5}" y="{y + 4}" text-anchor="end" class="quiet">{at_y:.2g}</text>')
    middle = _TOP + _INNER / 2
    parts.append(f'<text x="{_LEFT + _INNER / 2}" y="{_SIDE - 6}" text-anchor="middle">{escape(axes[0])}</text>')
    parts.append(
        f'<text x="11" y="{middle}" text-anchor="middle" transform="rotate(-90 11 {middle})">{escape(axes[1])}</text>'
    )
    return "".join(parts)


def _drawn(curve: Curve, x_range: tuple[float, float], y_range: tuple[float, float]) -> str:
    x = [_LEFT + _INNER * (float(each) - x_range[0]) / (x_range[1] - x_range[0]) for each in curve.x]
    y, low, high = (
        None
        if side is None
        else [_TOP + _INNER * (1 - (float(each) - y_range[0]) / (y_range[1] - y_range[0])) for each in side]
        for side in (curve.y, curve.low, curve.high)
    )
    points = [(a, b) for a, b in zip(x, y or [], strict=True) if not np.isnan(b)]
    if curve.kind == "band":
        around = [*zip(x, low or [], strict=True), *reversed([*zip(x, high or [], strict=True)])]
        return f'<polygon points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in around)}" class="band"/>'
    if curve.kind == "bars":
        return "".join(
            f'<rect x="{a - 5:.1f}" y="{c:.1f}" width="10" height="{max(b - c, 1):.1f}" class="band"/>'
            for a, b, c in zip(x, low or [], high or [], strict=True)
        )
    if curve.kind == "points":
        whiskers = "".join(
            f'<line x1="{a:.1f}" x2="{a:.1f}" y1="{b:.1f}" y2="{c:.1f}" class="interval"/>'
            for a, b, c in zip(x, low or [], high or [], strict=True)
        )
        return whiskers + "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5" class="point"/>' for a, b in points)
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    return f'<polyline points="{path}" class="{curve.kind}"/>'
