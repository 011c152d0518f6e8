"""The report as one HTML page that asks nothing of any network: light or dark as the reader's screen is, printable."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from wetread.evaluation.calibration_curve import Distance
from wetread.evaluation.calibration_error import NullDistribution
from wetread.evaluation.forest_plot import Row, forest_plot
from wetread.evaluation.paired_rates import PairedRates
from wetread.evaluation.slices import SliceReport
from wetread.scorecard.html import STYLE, table
from wetread.scorecard.measure import FindingScore, ModelDifference
from wetread.scorecard.report import DEFINITIONS, DataFacts, Report, SplitScore

__all__ = ["report_page"]


def report_page(report: Report, plots: Mapping[str, str]) -> str:
    """The page. `plots`: SVG text by finding."""
    parts = [
        f"<h1>{escape(report.data.model or report.data.file)}: what it is worth</h1>",
        "<p><strong>Assistive research tool, not a cleared medical device.</strong> "
        "A number without its n is not in here; what is not said is listed with the reason.</p>",
        _data(report),
        f"<h2>By finding</h2>{_overview(report.findings)}",
        _differences(report.differences),
        _splits(report.splits),
        *(_finding(each, plots.get(each.finding, "")) for each in report.findings),
        f"<h2>Definitions</h2><dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(words)}</dd>' for name, words in DEFINITIONS.items())}</dl>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>Evaluation of {escape(report.data.file)}</title><style>{STYLE}</style></head>'
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _data(report: Report) -> str:
    lines = [_facts(report.data), *([_facts(report.against)] if report.against else [])]
    clustered = (
        ""
        if report.data.has_patients
        else "<p class=warn>No patient column: every study counts as a patient of its own, so intervals are too narrow where patients return.</p>"
    )
    absent = f"<p class=warn>Nothing can be said of: {escape(', '.join(report.absent))}.</p>" if report.absent else ""
    return f"<p class=quiet>Made on {escape(report.made_on)}. {' Against '.join(lines)}</p>{clustered}{absent}"


def _facts(data: DataFacts) -> str:
    ignored = f" Columns not used: {escape(', '.join(data.ignored))}." if data.ignored else ""
    model = f" (model {escape(data.model)})" if data.model else ""
    return f"{escape(data.file)}{model}, {data.rows:,} rows, sha256 <code>{data.sha256[:16]}…</code>; uncertain labels: {escape(data.uncertain_as)}, findings not mentioned: {escape(data.unmentioned_as)}.{ignored}"


def _overview(scores: Iterable[FindingScore]) -> str:
    rows = [_auroc_row(each.finding, each) for each in scores]
    cells = []
    for each in scores:
        point, calibration = each.point, each.calibration
        cells.append(
            [
                each.finding,
                f"{each.n:,}",
                f"{each.positives:,} ({100 * each.prevalence:.1f} %)",
                f"{each.patients:,}",
                _interval(each.average_precision),
                _interval(point.sensitivity) if point else "",
                _interval(point.specificity) if point else "",
                f"{point.false_positives_per_100_studies.per_100:.1f} ({point.false_positives_per_100_studies.low:.1f}-{point.false_positives_per_100_studies.high:.1f})"
                if point
                else "",
                f"{calibration.smooth_ece:.3f}" if calibration else "",
                f"{calibration.skill:.3f}" if calibration else "",
            ]
        )
    heads = (
        "finding",
        "n",
        "positive",
        "patients",
        "average precision",
        "sensitivity",
        "specificity",
        "FP per 100",
        "smooth ECE",
        "Brier skill",
    )
    return forest_plot("AUROC (dashed: chance)", rows, (0.4, 1.0), 0.5) + table(heads, cells)


def _auroc_row(label: str, score: FindingScore) -> Row:
    count = f"{score.positives:,} of {score.n:,}"
    area = score.auroc
    return Row(label, count, area.value, area.low, area.high) if area else Row(label, count)


def _finding(score: FindingScore, plots: str) -> str:
    at = "no threshold given" if score.threshold is None else f"threshold {score.threshold:g}"
    also = (
        f"; {score.uncertain:,} uncertain and {score.unlabelled:,} unlabelled rows are not among them"
        if score.uncertain + score.unlabelled
        else ""
    )
    refused = "".join(f"<li>{escape(each)}</li>" for each in score.refused)
    parts = [
        f"<h2>{escape(score.finding)}</h2><p class=quiet>{score.positives:,} positive of {score.n:,} studies, {score.patients:,} patients; {at}{also}.</p>",
        f"<div class=plots>{plots}</div>",
        _calibration(score),
        *(_axis(axis.axis, axis.sensitivity, axis.specificity) for axis in score.axes),
        f"<p>Not said, and why:</p><ul class=quiet>{refused}</ul>" if refused else "",
    ]
    return f"<section>{''.join(parts)}</section>"


def _calibration(score: FindingScore) -> str:
    found = score.calibration
    if found is None:
        return ""
    rows = [
        ["Brier score", f"{found.brier:.4f}; skill {found.skill:.3f}"],
        [
            "CORP",
            f"miscalibration {found.corp.miscalibration:.4f}{_chance(found.corp_null)}; discrimination {found.corp.discrimination:.4f}, uncertainty {found.corp.uncertainty:.4f}",
        ],
        ["smooth ECE", f"{found.smooth_ece:.4f}"],
    ]
    if found.ece is not None:
        rows.append(["ECE, 10 bins", f"{found.ece:.4f}{_chance(found.ece_null)}"])
    if found.ece_debiased is not None:
        rows.append(["ECE, debiased", f"{found.ece_debiased:.4f}"])
    if (far := found.distances) is not None:
        named = (("E-max", far.largest), ("E90", far.ninetieth), ("E50", far.median), ("E-avg", far.mean))
        rows += [
            [f"{name}, smooth curve", f"{_distance(each)}{_chance(each.null)}; n {far.n:,}"] for name, each in named
        ]
    if found.line is not None:
        line = found.line
        rows.append(
            [
                "calibration line",
                f"slope {line.slope:.2f} ± {1.96 * line.slope_standard_error:.2f}, in the large {line.in_the_large:.2f} ± {1.96 * line.in_the_large_standard_error:.2f}",
            ]
        )
    return table(("calibration", ""), rows)


def _chance(null: NullDistribution | None) -> str:
    if null is None:
        return ""
    return f"; by chance {null.null_mean:.4f} on average, {null.null_95th:.4f} at the 95th percentile, p {null.p:.3f}"


def _axis(axis: str, sensitivity: SliceReport | None, specificity: SliceReport | None) -> str:
    parts = []
    for name, report in (("sensitivity", sensitivity), ("specificity", specificity)):
        if report is None:
            continue
        rows = []
        for each in report.slices:
            if each.rate is None:
                rows.append(Row(f"{each.name}: {each.withheld}"[:52], "withheld"))
                continue
            low, high = each.band or (each.rate.low, each.rate.high)
            worse = ", worse" if each.p_worse is not None and each.p_worse < 0.05 else ""
            rows.append(Row(f"{each.name}{worse}", f"n {each.n:,}", each.rate.value, low, high))
        parts.append(
            forest_plot(
                f"{name} by {axis} (dashed: all; bands hold for all groups at once)",
                rows,
                (0.0, 1.0),
                report.overall.value,
            )
        )
    return "".join(parts)


def _differences(differences: Sequence[ModelDifference]) -> str:
    rows = [
        Row(each.finding, f"{each.n:,} studies", each.auroc.difference, each.auroc.low, each.auroc.high)
        if each.auroc
        else Row(each.finding, f"{each.n:,} studies")
        for each in differences
    ]
    if not rows:
        return ""
    drawn = forest_plot("AUROC, first minus second, paired (dashed: no difference)", rows, (-0.2, 0.2), 0.0)
    heads = ("finding", "Brier score, first minus second (below 0: first better)", "sensitivity", "specificity")
    lines = [[each.finding, _brier(each), _gap(each.sensitivity), _gap(each.specificity)] for each in differences]
    return f"<h2>Against the other model</h2>{drawn}{table(heads, lines)}"


def _brier(difference: ModelDifference) -> str:
    if difference.brier is None:
        return "not said"
    value, low, high = difference.brier
    return f"{value:+.4f} ({low:+.4f} to {high:+.4f})"


def _gap(rates: PairedRates | None) -> str:
    if rates is None:
        return "not said"
    return f"{rates.difference:+.3f} ({rates.low:+.3f} to {rates.high:+.3f}), p {rates.p:.2g}, n {rates.n:,}"


def _splits(splits: Iterable[SplitScore]) -> str:
    rows, last = [], ""
    for each in splits:
        head = f"{each.kind}: {each.name}"
        if head != last:
            rows.append(Row(head, ""))
            last = head
        rows += [
            _auroc_row(f"{each.part.finding}, {each.name}", each.part),
            _auroc_row(f"{each.part.finding}, the rest", each.rest),
        ]
    left_out = max((each.left_out for each in splits), default=0)
    note = (
        f"<p class=quiet>Up to {left_out:,} later studies of patients already seen before the date are left out.</p>"
        if left_out
        else ""
    )
    return f"<h2>Hold-outs</h2>{forest_plot('AUROC (dashed: chance)', rows, (0.4, 1.0), 0.5)}{note}" if rows else ""


def _distance(found: Distance) -> str:
    return _interval(found) if found.low is not None else f"{found.value:.3f} ({found.reason})"


def _interval(found: object) -> str:
    if found is None:
        return ""
    value, low, high = (getattr(found, each) for each in ("value", "low", "high"))
    return f"{value:.3f} ({low:.3f}-{high:.3f})"
