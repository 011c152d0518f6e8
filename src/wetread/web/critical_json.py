"""Critical results, alarms and the roster as JSON, field by field: no address of anybody, and free text of colleagues only for readers."""

from datetime import datetime

from wetread.domain.alarm import Alarm
from wetread.domain.critical import Acknowledgement, Communication, CriticalResult
from wetread.domain.page import Page
from wetread.domain.roster import RosterGap, RosterOverride
from wetread.triage.roster import RosterShift, describe_gap
from wetread.triage.roster_plan import RosterSite
from wetread.web.reading_json import Json

__all__ = ["alarm_json", "critical_json", "gap_json", "override_json", "page_json", "shift_json"]


def critical_json(result: CriticalResult, now: datetime, *, with_words: bool) -> Json:
    """`with_words` adds what people wrote; without it only that they acted, and when. `earlier` is what they said before a later image brought another finding."""
    return {
        "critical_key": result.critical_key,
        "study_key": result.study_key,
        "site": result.site,
        "priority": result.priority.value,
        "reason": result.reason,
        "state": result.state.value,
        "overdue": result.overdue(now),
        "opened_at": result.opened_at.isoformat(),
        "acknowledge_by": result.acknowledge_by.isoformat(),
        "communicate_by": result.communicate_by.isoformat(),
        "next_due_at": result.next_due_at.isoformat() if result.next_due_at else None,
        "steps_taken": result.step,
        "etag": result.etag,
        "acknowledgement": _acknowledgement(result.acknowledgement, with_words),
        "communication": _communication(result.communication, with_words),
        "closure": _closure(result, with_words),
        "earlier": [
            {
                "acknowledgement": _acknowledgement(said.acknowledgement, with_words),
                "communication": _communication(said.communication, with_words),
            }
            for said in result.earlier
        ],
    }


def _acknowledgement(act: Acknowledgement | None, with_words: bool) -> Json | None:
    if act is None:
        return None
    who = {"actor_id": act.actor_id, "acknowledged_at": act.acknowledged_at.isoformat()}
    return {**who, **({"read_back": act.read_back} if with_words else {})}


def _communication(act: Communication | None, with_words: bool) -> Json | None:
    if act is None:
        return None
    who: Json = {
        "actor_id": act.actor_id,
        "communicated_at": act.communicated_at.isoformat(),
        "how": act.how,
        "read_back_confirmed": act.read_back_confirmed,
    }
    return {**who, **({"to_whom": act.to_whom} if with_words else {})}


def _closure(result: CriticalResult, with_words: bool) -> Json | None:
    act = result.closure
    if act is None:
        return None
    who = {"actor_id": act.actor_id, "closed_at": act.closed_at.isoformat(), "reason": act.reason.value}
    return {**who, **({"note": act.note} if with_words else {})}


def page_json(page: Page) -> Json:
    return {
        "person_id": page.person_id,
        "step": page.step,
        "state": page.state.value,
        "queued_at": page.queued_at.isoformat(),
        "sent_at": page.sent_at.isoformat() if page.sent_at else None,
        "channel": page.channel,
        "failed": list(page.failed),
    }


def alarm_json(alarm: Alarm) -> Json:
    return {
        "alarm_key": alarm.alarm_key,
        "kind": alarm.kind.value,
        "site": alarm.site,
        "message": alarm.message,
        "raised_at": alarm.raised_at.isoformat(),
        "last_seen_at": alarm.last_seen_at.isoformat(),
        "pages": alarm.pages,
        "episode": alarm.episode,
        "seen": alarm.seen,
        "acknowledged_by": alarm.acknowledged_by,
        "acknowledged_at": alarm.acknowledged_at.isoformat() if alarm.acknowledged_at else None,
    }


def shift_json(shift: RosterShift) -> Json:
    return {
        "duty": shift.duty,
        "starts_at": shift.starts_at.isoformat(),
        "ends_at": shift.ends_at.isoformat(),
        "people": [{"person_id": each.person_id, "name": each.display_name} for each in shift.responders],
        "source": shift.source,
    }


def gap_json(gap: RosterGap, site: RosterSite) -> Json:
    return {
        "duty": gap.duty,
        "starts_at": gap.starts_at.isoformat(),
        "ends_at": gap.ends_at.isoformat(),
        "in_words": describe_gap(gap, site.zone),
    }


def override_json(override: RosterOverride) -> Json:
    return {
        "override_id": override.override_id,
        "site": override.site,
        "duty": override.duty,
        "person_id": override.person_id,
        "starts_at": override.starts_at.isoformat(),
        "ends_at": override.ends_at.isoformat(),
        "made_by": override.made_by,
        "reason": override.reason,
    }
