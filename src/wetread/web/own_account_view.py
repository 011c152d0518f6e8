"""One's own account: where one is signed in, and ending that elsewhere."""

from starlette.responses import Response

from wetread.domain.emergency import EmergencyReason
from wetread.domain.role import PERMITTED
from wetread.web.accounts_view import REVOKE_BODY, session_json
from wetread.web.emergencies_view import emergency_json
from wetread.web.json_answer import json_answer
from wetread.web.operations import Access, Call, Operation

__all__ = ["OWN_ACCOUNT_OPERATIONS"]


def get_own_account(call: Call) -> Response:
    actor = call.signed_in.actor
    sessions, now = call.house.doorkeeper.sessions.of(actor.actor_id), call.house.services.clock.now()
    with call.house.services.database.begin(write=False) as unit:
        mine = [each for each in unit.emergencies() if each.actor_id == actor.actor_id]
    open_to_me = [each for each in mine if each.holds(now)]
    return json_answer(
        {
            "actor_id": actor.actor_id,
            "display_name": actor.display_name,
            "role": actor.role.value,
            "acts": sorted(PERMITTED[actor.role]),
            "sites": list(actor.sites),
            "emergencies": [emergency_json(each) for each in open_to_me],
            "emergency_reasons": list(EmergencyReason),
            "sessions": [session_json(call, each) for each in sessions],
        }
    )


def end_own_session(call: Call) -> Response:
    _end(call, call.text("session"))
    return get_own_account(call)


def end_other_sessions(call: Call) -> Response:
    _end(call, "")
    return get_own_account(call)


def _end(call: Call, named: str) -> None:
    me = call.signed_in
    call.house.doorkeeper.sessions.end_own(me.actor.actor_id, named, but=me.token_sha256)


_OWN = "/api/account"
OWN_ACCOUNT_OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", _OWN, "own_account", "One's own account, and where one is signed in.", get_own_account, "account, sessions", access=Access.PERSON),
    Operation("POST", f"{_OWN}/sessions/end", "end_own_session", "End another session or token of one's own. Audited.", end_own_session, "as `own_account`", access=Access.PERSON, body=REVOKE_BODY),
    Operation("POST", f"{_OWN}/sessions/end-others", "end_other_sessions", "End all sessions and tokens of one's own but this one. Audited.", end_other_sessions, "as `own_account`", access=Access.PERSON),
)  # fmt: skip
