"""Numbers and times as the alarms say them."""

from datetime import timedelta

from wetread.domain.quality import BlindVerdict, QualityReport

__all__ = ["blind_basis", "blind_error", "blind_said", "counted", "span", "without_blind_truth"]


def span(length: timedelta) -> str:
    """'12 min', '3 h 20 min', '2 d 4 h'."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def counted(number: int, one: str, many: str = "") -> str:
    """'1 study', '3 studies'."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def blind_basis(of: BlindVerdict) -> str:
    """'round 2026-q1', 'own blind findings'."""
    return f"round {of.round_id}" if of.round_id else "own blind findings"


def blind_error(of: BlindVerdict) -> str:
    return "missed" if of.error == "missed" else "called without the finding"


def blind_said(of: BlindVerdict) -> str:
    """'0.12 (0.08 to 0.18) of n 94, allowed 0.10; evidence 3.1, an alarm from 40', or why it is not judged."""
    if of.rate is None or of.evidence is None:
        return f"not judged: {of.refused}"
    return (
        f"{of.rate:.2f} ({of.low:.2f} to {of.high:.2f}) of n {of.n}, allowed {of.limit:.2f}; "
        f"evidence {of.evidence:.3g}, an alarm from {of.needed:.3g}"
    )


def without_blind_truth(report: QualityReport) -> tuple[str, ...]:
    """By site and model the findings that neither a finished round nor second-reader mode says anything of."""
    known = {(each.key.site, each.key.finding, each.key.model) for each in report.blind}
    lacking: dict[tuple[str, str], set[str]] = {}
    for cell in report.cells:
        key = cell.key
        if (key.site, key.finding, key.model) not in known:
            lacking.setdefault((key.site, key.model), set()).add(key.finding)
    return tuple(
        f"no blinded truth at {site}, {model}, of {', '.join(sorted(names))}: neither a finished relabelling round of the last year nor second-reader mode; signed reports alone say how good it is"
        for (site, model), names in sorted(lacking.items())
    )
