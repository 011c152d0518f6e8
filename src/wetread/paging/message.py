"""What a page says: enough to act on, nothing that names a patient."""

from datetime import datetime

from wetread.domain.alarm import Alarm
from wetread.domain.critical import CriticalResult, CriticalState
from wetread.domain.page import Page, PageMessage
from wetread.domain.priority import Priority

__all__ = ["alarm_message", "critical_message"]


def critical_message(result: CriticalResult, page: Page, link_base: str, now: datetime) -> PageMessage:
    """The policy's message, how long it has been waiting, which notice this is, and the way to the study."""
    waited_min = max(0, int((now - result.opened_at).total_seconds() // 60))
    lines = [
        result.message or result.reason,
        f"AI suggestion, not confirmed by a person. Site {result.site}, priority {result.priority.value}.",
        _still_to_do(result, waited_min),
        f"Notice {page.step + 1}. Study {result.study_key}",
    ]
    return PageMessage(
        title=f"Critical result, {result.priority.value}, {result.site}",
        body="\n".join(lines),
        link=f"{link_base}/studies/{result.study_key}",
        priority=result.priority,
        site=result.site,
        study_key=result.study_key,
        step=page.step,
        sent_at=now,
    )


def _still_to_do(result: CriticalResult, waited_min: int) -> str:
    if result.state is CriticalState.ACKNOWLEDGED:
        return f"Acknowledged, but nobody has been told yet: {waited_min} min since it was found."
    return f"Not acknowledged: {waited_min} min since it was found." if waited_min else "Please acknowledge."


def alarm_message(alarm: Alarm, page: Page, link_base: str, now: datetime) -> PageMessage:
    where = f" at {alarm.site}" if alarm.site else ""
    return PageMessage(
        title=f"wetread alarm{where}: {alarm.kind.value.replace('_', ' ')}",
        body=f"{alarm.message}\nSince {alarm.raised_at:%Y-%m-%d %H:%M} UTC. Notice {page.step + 1}.",
        link=f"{link_base}/alarms",
        priority=Priority.ASAP,
        site=alarm.site,
        study_key=None,
        step=page.step,
        sent_at=now,
    )
