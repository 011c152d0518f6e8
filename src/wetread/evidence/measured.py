"""Sections from a table of predictions: each finding, each subgroup, agreement with signed reports; through the scorecard's own measures."""

import math
from pathlib import Path

from wetread.evaluation.forest_plot import Row
from wetread.evaluation.slices import MIN_CASES, SliceReport
from wetread.evidence.pack import Forest, Section, Table, count_text, rate_text
from wetread.governance.evidence import PredictionFacts
from wetread.scorecard.assess import Assessment, Wanted, assess
from wetread.scorecard.measure import FindingScore
from wetread.scorecard.predictions import open_predictions
from wetread.scorecard.report import SplitScore

__all__ = ["findings_section", "hold_out_section", "measure", "prediction_facts", "served_worse", "subgroup_sections"]


def measure(path: Path, wanted: Wanted, made_on: str) -> Assessment:
    """The scorecard's measures of a file. Raises PermanentError as the scorecard does."""
    return assess(open_predictions(path), wanted, made_on)


def prediction_facts(found: Assessment) -> PredictionFacts:
    """Counts for the checklist."""
    report = found.report
    return PredictionFacts(
        report.data.file,
        report.data.sha256,
        report.data.rows,
        len(report.findings) + len(report.absent),
        len(report.findings),
        tuple(dict.fromkeys(axis.axis for each in report.findings for axis in each.axes)),
        sum(each.uncertain for each in report.findings),
        sum(each.unlabelled for each in report.findings),
        sum(each.calibration is not None for each in report.findings),
        report.data.has_patients,
    )


def findings_section(found: Assessment) -> Section:
    """Discrimination, the operating point and calibration of every finding."""
    report = found.report
    rows = tuple(_row(each) for each in report.findings)
    areas = tuple(
        Row(each.finding, _counts(each), each.auroc.value, each.auroc.low, each.auroc.high)
        if each.auroc
        else Row(each.finding, _counts(each))
        for each in report.findings
    )
    heads = ("finding", "n, patients", "positive", "sensitivity", "specificity", "FP per 100 studies", "smooth ECE")
    missing = [f"{each.finding}: {why}" for each in report.findings for why in each.refused]
    missing += [f"{each}: not available" for each in report.absent]
    words = [
        f"{report.data.rows:,} rows of {report.data.file}; uncertain labels: {report.data.uncertain_as}, findings not mentioned: {report.data.unmentioned_as}.",
        "Where the labels come from signed reports, the readers saw the AI: this is agreement with what was signed. Blinded relabelling stands apart.",
    ]
    if not report.data.has_patients:
        words.append("No patient column: intervals are too narrow where patients return.")
    return Section(
        "Performance by finding",
        tuple(words),
        (Forest("AUROC (dashed: chance)", areas, (0.4, 1.0), 0.5),) if areas else (),
        (Table("Every finding at its threshold", heads, rows),) if rows else (),
        tuple(missing),
    )


def _counts(score: FindingScore) -> str:
    return f"{score.positives:,} of {score.n:,}" if score.positives >= MIN_CASES else f"n {score.n:,}"


def _row(each: FindingScore) -> tuple[str, ...]:
    point = each.point
    false = point.false_positives_per_100_studies if point else None
    return (
        each.finding,
        f"{each.n:,}, {each.patients:,}",
        count_text(each.positives),
        rate_text(point.sensitivity if point else None),
        rate_text(point.specificity if point else None),
        f"{false.per_100:.1f} ({false.low:.1f}-{false.high:.1f})" if false else "not available",
        f"{each.calibration.smooth_ece:.3f}, n {each.n:,}" if each.calibration else "not available",
    )


def subgroup_sections(found: Assessment) -> tuple[Section, ...]:
    """One section a finding with its axes, led by one that names every group that is worse."""
    worse = served_worse(found)
    looked = sum(
        len(report.slices)
        for each in found.report.findings
        for axis in each.axes
        for report in (axis.sensitivity, axis.specificity)
        if report is not None
    )
    words = (
        f"{looked} groups were looked at. A group is named here when it is worse than all others of its axis together at a family-wise 5 % (Holm over the groups of one axis of one finding).",
        f"Groups below {MIN_CASES} cases are withheld, with the next smallest where one could be got by subtraction. What is not known of a patient is a group of its own.",
    )
    heads = ("finding", "axis", "rate", "group", "value", "p")
    table = (Table("Groups that are served worse", heads, worse),) if worse else ()
    none = (
        ()
        if worse or not looked
        else ("No group is worse beyond chance. Small groups may hide a difference: look at their intervals.",)
    )
    lead = Section(
        "Who is served worse",
        (*words, *none),
        (),
        table,
        () if looked else ("subgroups: not available because no axis has two groups",),
    )
    return (lead, *(_by_axis(each) for each in found.report.findings if each.axes))


def served_worse(found: Assessment) -> tuple[tuple[str, ...], ...]:
    """(finding, axis, rate, group, value, p) of every group that is worse than all others of its axis beyond chance."""
    return tuple(
        (each.finding, axis.axis, name, slice_.name, rate_text(slice_.rate), f"{slice_.p_worse:.3f}")
        for each in found.report.findings
        for axis in each.axes
        for name, report in (("sensitivity", axis.sensitivity), ("specificity", axis.specificity))
        if report is not None
        for slice_ in report.slices
        if slice_.p_worse is not None and slice_.p_worse < 0.05
    )


def _by_axis(score: FindingScore) -> Section:
    forests = [
        _forest(f"{name} by {axis.axis} (dashed: all; bands hold for all groups at once)", report)
        for axis in score.axes
        for name, report in (("sensitivity", axis.sensitivity), ("specificity", axis.specificity))
        if report is not None
    ]
    return Section(
        f"{score.finding}: subgroups",
        (f"{count_text(score.positives)} positive of {score.n:,} studies.",),
        tuple(forests),
    )


def _forest(title: str, report: SliceReport) -> Forest:
    rows = []
    for each in report.slices:
        if each.rate is None:
            rows.append(Row(f"{each.name}: {each.withheld}"[:52], "withheld"))
            continue
        low, high = each.band or (each.rate.low, each.rate.high)
        worse = ", worse" if each.p_worse is not None and each.p_worse < 0.05 else ""
        rows.append(Row(f"{each.name}{worse}", f"n {each.n:,}", each.rate.value, low, high))
    return Forest(title, tuple(rows), (0.0, 1.0), report.overall.value)


def hold_out_section(found: Assessment, since: str) -> Section:
    """The quarter against what came before it, each side and the difference."""
    rows, changes = [], []
    for each in found.report.splits:
        for name, score in ((f"from {each.name}", each.part), ("before", each.rest)):
            area = score.auroc
            ends = (area.value, area.low, area.high) if area else ()
            rows.append(Row(f"{score.finding}, {name}", _counts(score), *ends))
        changes.append(_change(each))
    if not rows:
        why = f"not available because no finding has studies on both sides of {since}"
        return Section("This quarter against before", missing=(why,))
    left_out = count_text(max(each.left_out for each in found.report.splits))
    words = (
        f"Studies from {since} on against those before. A patient seen before does not count after, so the two sides share nobody ({left_out} studies left out).",
        "The interval of the difference is made of those of its two sides (square and add, Zou & Donner 2008); each finding is judged alone.",
    )
    forests = (
        Forest("AUROC (dashed: chance)", tuple(rows), (0.4, 1.0), 0.5),
        Forest("AUROC, the quarter minus before (dashed: no change)", tuple(changes), (-0.2, 0.2), 0.0),
    )
    return Section("This quarter against before", words, forests)


def _change(split: SplitScore) -> Row:
    now, before = split.part.auroc, split.rest.auroc
    count = f"n {split.part.n:,} and {split.rest.n:,}"
    if now is None or before is None:
        return Row(split.part.finding, count)
    difference = now.value - before.value
    low = difference - math.hypot(now.value - now.low, before.high - before.value)
    high = difference + math.hypot(now.high - now.value, before.value - before.low)
    return Row(split.part.finding, count, difference, low, high)
