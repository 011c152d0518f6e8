"""How somebody reads a study, as JSON: mode, what is withheld and why, own findings beside the machine's, who has it open."""

from wetread.domain.finding import concept
from wetread.domain.reading import OwnFinding, ReadingRecord
from wetread.domain.study_lock import RecoveryCopy, StudyLock
from wetread.signoff.exposure import Reading
from wetread.signoff.second_read import Difference, compared
from wetread.web.reading_json import Json, content_json

__all__ = ["lock_json", "mode_json", "recovery_json"]


def mode_json(reading: Reading) -> Json:
    """`asked`: every finding that an adjudicator has to answer for. `differences` only once the machine's words are shown."""
    shown, record = reading.exposure, reading.exposure.record
    own = record.own if record else None
    differences = compared(own, reading.analysis) if own and not shown.hides else ()
    return {
        "mode": shown.mode.value,
        "withheld": shown.withheld.value,
        "asked": [each.value for each in shown.asked],
        "own": _own(record) if record else None,
        "revealed_at": record.revealed_at.isoformat() if record and record.revealed_at else None,
        "begun_at": record.begun_at.isoformat() if record else None,
        "differences": [_difference(each) for each in differences],
    }


def _own(record: ReadingRecord) -> Json | None:
    if record.own is None:
        return None
    return {
        "committed_at": record.own.committed_at.isoformat(),
        "blind": record.own.blind,
        "told": record.own.told,
        "findings": [_finding(each) for each in record.own.findings],
    }


def _finding(finding: OwnFinding) -> Json:
    return {
        "name": finding.name.value,
        "presence": finding.presence.value,
        "laterality": finding.laterality,
        "confidence_percent": finding.confidence_percent,
    }


def _difference(difference: Difference) -> Json:
    return {
        "name": difference.name.value,
        "display": concept(difference.name).display,
        "agreement": difference.agreement.value,
        "said": _finding(difference.said) if difference.said else None,
        "called": difference.called,
        "laterality": difference.laterality,
    }


def lock_json(lock: StudyLock | None) -> Json | None:
    """The last lock; a page sees by `expires_at` whether it holds, and by `screen` whether it is its own."""
    if lock is None:
        return None
    return {
        "holder_id": lock.holder_id,
        "holder_name": lock.holder_name,
        "screen": lock.screen,
        "taken_at": lock.taken_at.isoformat(),
        "expires_at": lock.expires_at.isoformat(),
    }


def recovery_json(copy: RecoveryCopy | None) -> Json | None:
    if copy is None:
        return None
    return {"version": copy.version, "saved_at": copy.saved_at.isoformat(), "content": content_json(copy.content)}
