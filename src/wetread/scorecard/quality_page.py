"""A quality report as one HTML page: every number with n and interval, reliability, trend, shares by frozen bin, and the definitions."""

from html import escape

import numpy as np

from wetread.domain.quality import (
    ADJUDICATED,
    OWN,
    Adjudicated,
    FilmDrift,
    Gap,
    Number,
    OwnReads,
    QualityCell,
    QualityReport,
    TagDrift,
)
from wetread.evaluation.forest_plot import Row, forest_plot
from wetread.monitoring.measures import MEASURES
from wetread.monitoring.wording import blind_basis, blind_error, blind_said, without_blind_truth
from wetread.scorecard.html import STYLE, table
from wetread.scorecard.plots import Curve, plot

__all__ = ["quality_page"]

_TRENDED = (
    ("sensitivity", "Sensitivity by week"),
    ("override", "Overrides by week"),
    ("mean_probability", "Mean probability by week"),
)


def quality_page(report: QualityReport) -> str:
    left_out = "; ".join(f"{n} studies: {why}" for why, n in report.left_out)
    parts = [
        f"<h1>Live monitoring since {escape(report.since)}</h1>",
        "<p><strong>Assistive research tool, not a cleared medical device.</strong> A number without its n is not in here; what is not said says why.</p>",
        f"<p class=quiet>Made {report.made_at:%Y-%m-%d %H:%M} UTC over {report.studies:,} signed studies of {report.days} days; a finding that a report does not mention counts as "
        f"{escape(report.unmentioned_as)}. {escape(left_out)}</p>",
        *(f"<p class=warn>{escape(each)}</p>" for each in sorted({cell.basis for cell in report.cells})),
        *(
            f"<p class=quiet>round {escape(each)}: {n:,} studies undecided, not counted before all are</p>"
            for each, n in report.unfinished
        ),
        *(f"<p class=quiet>{escape(each)}</p>" for each in report.notes),
        *_tags(report),
        *_blind(report),
        *map(_cell, report.cells),
        f"<h2>Definitions</h2><dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(words)}</dd>' for name, words in MEASURES.items())}</dl>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>Live monitoring</title><style>{STYLE}</style></head>'
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _tags(report: QualityReport) -> list[str]:
    if not report.tags:
        return []
    heads = ("site", "model", "tag", "share changed", "chi-square", "p", "n", "n of the reference", "largest changes")
    return [
        "<h2>Films against the reference</h2>",
        "<p class=quiet>Share changed: of studies that would have to be of another category to give the reference's shares (total variation), one study a patient; "
        "p of a chi-square test of both. A change says that something changed, not that the model got worse.</p>",
        table(heads, map(_tag_row, report.tags)),
        "<p class=quiet>Look of the films, by what the network made of them: AUROC with which a simple classifier tells new films from old (0.5 no change), and the "
        "p of a permutation test of the maximum mean discrepancy. A reason to look, not a verdict.</p>",
        f"<p class=quiet>{escape(report.films_unsaid)}</p>"
        if report.films_unsaid
        else table(
            ("site", "model", "AUROC", "95 % interval", "MMD", "p", "n", "n of the reference"),
            map(_look_row, report.films),
        ),
    ]


def _blind(report: QualityReport) -> list[str]:
    rows = [
        (each.key.finding, each.key.site, each.key.model, blind_basis(each), blind_error(each), blind_said(each))
        for each in report.blind
    ]
    heads = ("finding", "site", "model", "truth", "error", "rate (95 % interval), n, what is allowed, evidence")
    return [
        "<h2>Errors by truths in which the AI had no part</h2>",
        "<p class=quiet>Verdicts of the newest finished relabelling round, weighted back to all studies, against what the model states of itself; own blind findings against the first of them. "
        "Evidence may be looked at every night.</p>",
        *([table(heads, rows)] if rows else []),
        *(f"<p class=quiet>{escape(each)}</p>" for each in without_blind_truth(report)),
    ]


def _look_row(of: FilmDrift) -> tuple[str, ...]:
    if of.auroc is None:
        return (of.site, of.model, of.refused, "", "", "", f"{of.n:,}", f"{of.n_reference:,}")
    numbers = (f"{of.auroc:.3f}", f"{of.low:.3f} to {of.high:.3f}", f"{of.mmd:.4f}", f"{of.p:.2g}")
    return (of.site, of.model, *numbers, f"{of.n:,}", f"{of.n_reference:,}")


def _tag_row(tag: TagDrift) -> tuple[str, ...]:
    if tag.distance is None:
        said = ("", "", "", f"{tag.n:,}", f"{tag.n_reference:,}", tag.refused)
    else:
        changes = "; ".join(f"{name} {before:.1%} to {now:.1%}" for name, before, now in tag.shares)
        said = (
            f"{tag.distance:.3f}",
            f"{tag.statistic:.1f}",
            f"{tag.p:.2g}",
            f"{tag.n:,}",
            f"{tag.n_reference:,}",
            changes,
        )
    return (tag.site, tag.model, tag.tag, *said)


def _cell(cell: QualityCell) -> str:
    key = cell.key
    known = f"{cell.positive:,} positive and {cell.negative:,} negative of {cell.studies:,} studies"
    rest = f"{cell.uncertain} uncertain, {cell.conflicting} contradictory, {cell.unmentioned} not mentioned"
    parts = [
        f"<h2>{escape(key.finding)}: {escape(key.site)}, {escape(key.scanner)}, {escape(key.model)}</h2>",
        f"<p class=quiet>{known}; {rest}; chance of a truth at least {cell.truth_probability:g}.</p>",
        table(("number", "value", "95 % interval", "n"), (_row(each) for each in cell.numbers)),
        *map(_adjudicated, cell.adjudicated),
        _own(cell.own),
        f"<div class=plots>{_reliability(cell)}{''.join(_trend(cell, name, title) for name, title in _TRENDED)}{_shares(cell)}</div>",
        *map(_gap, cell.gaps),
    ]
    return f"<section>{''.join(parts)}</section>"


def _adjudicated(of: Adjudicated) -> str:
    counted = f"{of.positive:,} positive, {of.negative:,} negative, {of.uncertain:,} uncertain (left out) of {of.studies:,} studies drawn"
    return (
        f"<p class=quiet>Round {escape(of.round_id)}, {ADJUDICATED}: {counted}, received {of.first_day} to {of.last_day}; chance at least {of.truth_probability:.3g}.</p>"
        + table(("number", "value", "95 % interval", "n"), map(_row, of.numbers))
    )


def _own(of: OwnReads | None) -> str:
    if of is None:
        return ""
    counted = f"{of.positive:,} positive, {of.negative:,} negative, {of.uncertain:,} uncertain (left out) of {of.studies:,} studies, received {of.first_day} to {of.last_day}"
    return f"<p class=quiet>Own blind findings: {OWN}: {counted}.</p>" + table(
        ("number", "value", "95 % interval", "n"), map(_row, of.numbers)
    )


def _row(number: Number) -> tuple[str, str, str, str]:
    value = number.refused if number.value is None else f"{number.value:.4g}"
    interval = "" if number.low is None or number.high is None else f"{number.low:.4g} to {number.high:.4g}"
    return number.name, value, interval, f"{number.n:,}"


def _reliability(cell: QualityCell) -> str:
    bins = cell.reliability
    if not bins:
        return ""
    x, y, low, high = (
        np.array([getattr(each, name) for each in bins]) for name in ("stated", "observed", "low", "high")
    )
    diagonal = Curve(np.array([0.0, 1.0]), np.array([0.0, 1.0]), "faint")
    smallest = min(each.n for each in bins)
    return plot(
        f"Reliability ({len(bins)} bins of {smallest:,} or more)",
        [diagonal, Curve(x, y, "points", low, high)],
        ("stated probability", "observed share"),
    )


def _trend(cell: QualityCell, name: str, title: str) -> str:
    said = [
        (place, number)
        for place, point in enumerate(cell.trend)
        for number in point.numbers
        if number.name == name and number.low is not None
    ]
    if not said:
        return ""
    x = np.array([float(place) for place, _ in said])
    y, low, high = (np.array([getattr(number, part) for _, number in said]) for part in ("value", "low", "high"))
    n = [number.n for _, number in said]
    limits = [
        (place, number)
        for place, point in enumerate(cell.trend)
        for number in point.numbers
        if number.name == f"{name}_limits"
    ]
    at = np.array([float(place) for place, _ in limits])
    bounds = [
        Curve(at, np.array([getattr(each, part) for _, each in limits]), "faint") for part in ("low", "value", "high")
    ]
    return plot(
        f"{title} (n {min(n)} to {max(n)}{'; faint: reference and control limits' if limits else ''})",
        [*(bounds if limits else []), Curve(x, y, "points", low, high)],
        (f"weeks from {cell.trend[0].first_day}", name),
        (0.0, float(max(len(cell.trend) - 1, 1))),
    )


def _shares(cell: QualityCell) -> str:
    if not cell.psi_shares:
        return ""
    before, now = (np.array([pair[side] for pair in cell.psi_shares]) for side in (0, 1))
    x = np.arange(len(before), dtype=np.float64)
    top = float(max(before.max(), now.max())) * 1.1
    return plot(
        f"Scores by frozen bin (faint: reference; n {cell.number('psi').n:,})",
        [Curve(x, before, "faint"), Curve(x, now)],
        ("bin", "share"),
        (0.0, float(len(before) - 1)),
        (0.0, top),
    )


def _gap(gap: Gap) -> str:
    rows = [
        Row(f"{each.group}: {each.withheld}"[:52], "withheld")
        if each.value is None
        else Row(each.group, f"n {each.n:,}", each.value, each.low, each.high)
        for each in gap.groups
    ]
    return forest_plot(
        f"{gap.rate} by {gap.axis} (dashed: all; bands hold for all groups at once)", rows, (0.0, 1.0), gap.overall
    )
