"""The operations about critical results, alarms and the roster: a part of the table in `operation_table`."""

from wetread.domain.role import Act
from wetread.web import criticals, roster_view
from wetread.web.operations import Access, Handler, Operation, Query
from wetread.web.schema import Schema

__all__ = ["CRITICAL_OPERATIONS"]

_CRITICAL = "/api/criticals/{critical_key}"


def _act(name: str, summary: str, handler: Handler, body: Schema) -> Operation:
    return Operation(
        "POST", f"{_CRITICAL}/{name}", f"critical_{name}", summary, handler, "the result as it stands",
        act=Act.ACKNOWLEDGE_CRITICAL, access=Access.PERSON, body=body,
    )  # fmt: skip


CRITICAL_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "/api/criticals", "criticals", "Critical results: open (oldest first) or closed (newest first).",
        criticals.get_criticals, "results; identity and words only for roles that may read a study",
        act=Act.SEE_WORKLIST, query=(Query("view", "open or closed"),),
    ),
    Operation(
        "GET", _CRITICAL, "critical", "One critical result with every page that was sent for it.",
        criticals.get_critical, "the result with its pages", act=Act.SEE_WORKLIST,
    ),
    _act("acknowledge", "Take it, with a read-back in one's own words. Paging stops.", criticals.acknowledge, criticals.ACKNOWLEDGE_BODY),
    _act("communicate", "Say who was told, and how.", criticals.communicate, criticals.COMMUNICATE_BODY),
    _act("close", "Close it, with the reason.", criticals.close, criticals.CLOSE_BODY),
    _act("release", "Hand it back: the next person is paged at once.", criticals.release, criticals.RELEASE_BODY),
    Operation(
        "GET", "/api/alarms", "alarms", "What the system says is wrong, newest first.",
        criticals.get_alarms, "open alarms", act=Act.SEE_ROSTER,
    ),
    Operation(
        "POST", "/api/alarms/acknowledge", "acknowledge_alarm", "Seen: it stays open, but pages nobody any more.",
        criticals.acknowledge_an_alarm, "the alarm", act=Act.ACKNOWLEDGE_ALARM, access=Access.PERSON, body=criticals.ALARM_BODY,
    ),
    Operation(
        "GET", "/api/roster", "roster", "Who is on call now and in the days to come, and where nobody is.",
        roster_view.get_roster, "sites with shifts, gaps and hand-overs", act=Act.SEE_ROSTER, query=(Query("days", "1 to 31; 7"),),
    ),
    Operation(
        "POST", "/api/roster/hand-overs", "hand_over", "Give a duty to somebody for some hours.",
        roster_view.hand_over, "the hand-over", act=Act.HAND_OVER, access=Access.PERSON, body=roster_view.HAND_OVER_BODY,
    ),
    Operation(
        "DELETE", "/api/roster/hand-overs/{override_id}", "take_back", "Undo a hand-over.",
        roster_view.take_back, "nothing", act=Act.HAND_OVER, access=Access.PERSON, status=204,
    ),
)  # fmt: skip
