"""One film's findings as people and programs want to see them. No patient identity in either form: a file name is the user's own."""

import json

from wetread.domain.analysis import Finding, Region
from wetread.domain.finding import concept
from wetread.reader import ReadResult

__all__ = ["as_json", "as_table"]

_NOTICE = "Assistive research tool, not a cleared device. AI may be wrong."


def as_table(result: ReadResult) -> str:
    """A table for the terminal, most probable finding first; refusals say why."""
    if result.analysis is None:
        return f"{result.path}\n  not read: {result.reason}  [{result.code}]"
    analysis = result.analysis
    lines = [str(result.path), f"  {analysis.model.name} {analysis.model.version}"]
    lines += [f"  note: {flag.message}" for flag in analysis.quality]
    lines.append(f"  {'finding':<30} {'probability':>11}  {'operating point':>15}  {'called':<6} place")
    ordered = sorted(analysis.findings, key=lambda f: (not f.called, -(f.probability or 0.0)))
    lines += [_row(finding) for finding in ordered]
    return "\n".join([*lines, f"  {_NOTICE}"])


def _row(finding: Finding) -> str:
    number = f"{finding.probability:.3f}" if finding.probability is not None else f"raw {finding.raw_score:.2f}"
    place = " ".join(filter(None, (finding.laterality, _box(finding.region))))
    called = "yes" if finding.called else "-"
    name = concept(finding.name).display
    return f"  {name:<30} {number:>11}  {finding.operating_point.threshold:>15.3f}  {called:<6} {place}".rstrip()


def _box(region: Region | None) -> str:
    if region is None:
        return ""
    return f"rows {region.row_start}-{region.row_stop}, columns {region.column_start}-{region.column_stop}"


def as_json(result: ReadResult) -> str:
    """One line of JSON per film."""
    head = {"file": str(result.path), "read": result.analysis is not None, "notice": _NOTICE}
    if result.analysis is None:
        return json.dumps({**head, "code": result.code, "reason": result.reason})
    analysis = result.analysis
    body = {
        "model": {"name": analysis.model.name, "version": analysis.model.version, "sha256": analysis.model.sha256},
        "out_of_distribution": {
            "score": analysis.ood_score,
            "limit": analysis.ood_threshold,
            "p_value": analysis.ood_p_value,
        },
        "quality": [{"code": flag.code, "message": flag.message} for flag in analysis.quality],
        "findings": [_finding(finding) for finding in analysis.findings],
    }
    return json.dumps({**head, **body})


def _finding(finding: Finding) -> dict[str, object]:
    region = finding.region
    return {
        "finding": finding.name.value,
        "raw_score": round(finding.raw_score, 6),
        "probability": None if finding.probability is None else round(finding.probability, 6),
        "operating_point": finding.operating_point.threshold,
        "called": finding.called,
        "laterality": finding.laterality,
        "region": region and [region.row_start, region.row_stop, region.column_start, region.column_stop],
    }
