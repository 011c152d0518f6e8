"""Decides what no draft may be written from. Context that cannot be used is left out and said; findings that cannot be true are refused, and never repeated."""

from wetread.domain.analysis import Finding
from wetread.domain.errors import PermanentError
from wetread.domain.finding import LATERALITIES
from wetread.ports.drafter import DraftingRequest

__all__ = ["check"]


def check(request: DraftingRequest) -> None:
    """Raises PermanentError: 'bad_number' (outside 0..1), 'unknown_value' (side), 'duplicate_finding', or 'contradiction' (no AI read, but findings)."""
    for finding in request.findings:
        _check(finding)
    if len({each.name for each in request.findings}) < len(request.findings):
        raise _refused("a finding is given twice", "duplicate_finding")
    if request.ai_unavailable and (request.findings or request.measurements):
        raise _refused("it says that no model read the film, and gives findings or measurements", "contradiction")


def _check(finding: Finding) -> None:
    probability, threshold = finding.probability, finding.operating_point.threshold
    if not 0.0 <= threshold <= 1.0 or not (probability is None or 0.0 <= probability <= 1.0):
        raise _refused("a probability or an operating point lies outside 0..1", "bad_number")
    if finding.laterality not in LATERALITIES:
        raise _refused("a side is none of left, right, bilateral", "unknown_value")


def _refused(what: str, code: str) -> PermanentError:
    return PermanentError(f"no draft can be written from this request: {what}; mend whatever made it", code=code)
