"""One valid example of each noun of the critical queue; name what matters to the test. Nobody here is real."""

from datetime import timedelta
from typing import Any

from wetread.domain.alarm import Alarm, AlarmKind
from wetread.domain.critical import CriticalResult, CriticalState
from wetread.domain.page import Page, page_key
from wetread.domain.priority import Priority
from wetread.domain.roster import RosterOverride
from wetread.testing.builders import NOON, STUDY_KEY

__all__ = ["a_critical_result", "a_page", "an_alarm", "an_override"]


def a_critical_result(**changes: Any) -> CriticalResult:
    """Open since NOON, its first step due at once; it must be acknowledged within 15 and communicated within 60 minutes."""
    facts: dict[str, Any] = {
        "critical_key": f"{changes.get('study_key', STUDY_KEY)}/1",
        "study_key": STUDY_KEY,
        "site": "north",
        "priority": Priority.STAT,
        "rule_id": "pneumothorax",
        "reason": "pneumothorax called",
        "message": "Suspected pneumothorax: please read now.",
        "path": "default",
        "state": CriticalState.OPEN,
        "opened_at": NOON,
        "acknowledge_by": NOON + timedelta(minutes=15),
        "communicate_by": NOON + timedelta(minutes=60),
        "next_due_at": NOON,
    }
    return CriticalResult(**facts | changes)


def a_page(**changes: Any) -> Page:
    """Queued and due at NOON, for the first step of `a_critical_result()`; pass `study_key=None` for an alarm's."""
    facts: dict[str, Any] = {
        "subject": f"{STUDY_KEY}/1",
        "study_key": STUDY_KEY,
        "site": "north",
        "person_id": "dr.roe",
        "step": 0,
        "queued_at": NOON,
        "due_at": NOON,
    }
    facts |= changes
    return Page(**{"page_key": page_key(facts["subject"], facts["step"], facts["person_id"])} | facts)


def an_alarm(**changes: Any) -> Alarm:
    """Open since NOON."""
    facts: dict[str, Any] = {
        "alarm_key": "nothing_arrives/north",
        "kind": AlarmKind.NOTHING_ARRIVES,
        "site": "north",
        "message": "No study has arrived from north for 3 hours: check the sender.",
        "raised_at": NOON,
        "last_seen_at": NOON,
        "pages": True,
        "next_page_at": NOON,
    }
    return Alarm(**facts | changes)


def an_override(**changes: Any) -> RosterOverride:
    """Dr. Doe stands in for eight hours from NOON."""
    facts: dict[str, Any] = {
        "override_id": "override/1",
        "site": "north",
        "duty": "chest",
        "person_id": "dr.doe",
        "starts_at": NOON,
        "ends_at": NOON + timedelta(hours=8),
        "made_by": "dr.roe",
        "reason": "swap",
    }
    return RosterOverride(**facts | changes)
