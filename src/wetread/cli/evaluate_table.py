"""A report as lines of a terminal."""

from wetread.scorecard.measure import FindingScore
from wetread.scorecard.report import Report

__all__ = ["table"]


def table(report: Report) -> str:
    lines = [
        f"{report.data.file}: {report.data.rows:,} rows, sha256 {report.data.sha256[:16]}; uncertain labels: {report.data.uncertain_as}, not mentioned: {report.data.unmentioned_as}",
        *(["no patient column: every study counts as a patient of its own"] if not report.data.has_patients else []),
        "",
        f"{'finding':<22}{'positive of n':>18}  {'AUROC':<22}{'sensitivity':<22}{'specificity':<22}{'FP/100':>7}  {'smECE':>6}",
        *(_row(each) for each in report.findings),
        *(
            f"{each.part.finding}, {each.kind} {each.name}: {_area(each.part)}; the rest {_area(each.rest)}"
            for each in report.splits
        ),
    ]
    if report.differences:
        lines += ["", "first minus second, paired"]
    for each in report.differences:
        area = each.auroc
        words = (
            f"{area.difference:+.3f} ({area.low:+.3f} to {area.high:+.3f}), p {area.p:.3g}"
            if area
            else "; ".join(each.refused)
        )
        lines.append(f"{each.finding:<22}{each.n:>18,}  AUROC {words}")
        for name, rate in (("sensitivity", each.sensitivity), ("specificity", each.specificity)):
            if rate:
                lines.append(
                    f"{'':<42}{name} {rate.difference:+.3f} ({rate.low:+.3f} to {rate.high:+.3f}), p {rate.p:.3g}"
                )
    refused = [f"{score.finding}: {each}" for score in report.findings for each in score.refused]
    lines += ["", "not said, and why:", *refused] if refused else []
    lines += ["nothing can be said of: " + ", ".join(report.absent)] if report.absent else []
    worse = [
        f"{score.finding}: {rate} is worse for {axis.axis} {', '.join(slices.worse)} (Holm within the axis)"
        for score in report.findings
        for axis in score.axes
        for rate, slices in (("sensitivity", axis.sensitivity), ("specificity", axis.specificity))
        if slices is not None and slices.worse
    ]
    return "\n".join([*lines, *(["", *worse] if worse else [])])


def _row(score: FindingScore) -> str:
    point, calibration = score.point, score.calibration
    sensitivity, specificity = (_rate(point.sensitivity), _rate(point.specificity)) if point else ("", "")
    alarms = f"{point.false_positives_per_100_studies.per_100:.1f}" if point else ""
    smooth = f"{calibration.smooth_ece:.3f}" if calibration else ""
    of = f"{score.positives:,} of {score.n:,}"
    return f"{score.finding:<22}{of:>18}  {_area(score):<22}{sensitivity:<22}{specificity:<22}{alarms:>7}  {smooth:>6}"


def _area(score: FindingScore) -> str:
    return _rate(score.auroc) if score.auroc else "not said"


def _rate(found: object) -> str:
    value, low, high = (getattr(found, each) for each in ("value", "low", "high"))
    return f"{value:.3f} ({low:.3f}-{high:.3f})"
