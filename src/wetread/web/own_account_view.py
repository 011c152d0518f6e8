"""One's own account: where one is signed in, and ending that elsewhere."""

from starlette.responses import Response

from wetread.domain.emergency import EmergencyReason
from wetread.domain.role import PERMITTED
from wetread.web.accounts_view import REVOKE_BODY, session_json
from wetread.web.emergencies_view import emergency_json
from wetread.web.json_answer import json_answer
from wetread.web.operations import Access, Call, Operation
from wetread.web.reading_json import Json
from wetread.web.schema import Schema, record, text
from wetread.web.totp import otpauth_uri, readable_seed

BEGIN_BODY: Schema = record({"password": text(256, min_length=1)}, {"code": text(32)})
CODE_BODY: Schema = record({"code": text(32, min_length=1)})
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
            "second_factor": _second_factor(call),
            "emergencies": [emergency_json(each) for each in open_to_me],
            "emergency_reasons": list(EmergencyReason),
            "sessions": [session_json(call, each) for each in sessions],
        }
    )


def begin_second_factor(call: Call) -> Response:
    """The seed, once, as a picture and as text. Where an authenticator is set up already, a code of it (or a recovery code) is needed for another."""
    call.confirm()
    me, factors = call.signed_in.actor, call.house.doorkeeper.second_factors
    call.house.doorkeeper.second_component(call.signed_in, call.text("code"), call.address)
    seed = factors.begin(me)
    uri = otpauth_uri(seed, me.actor_id, "wetread")
    return json_answer({"seed": readable_seed(seed), "uri": uri, "qr": list(call.house.services.qr_modules(uri))})


def confirm_second_factor(call: Call) -> Response:
    codes = call.house.doorkeeper.second_factors.confirm(call.signed_in.actor, call.text("code"))
    call.proved.append(call.signed_in.token_sha256)
    return json_answer({"recovery_codes": list(codes)})


def _second_factor(call: Call) -> Json:
    me, doorkeeper = call.signed_in.actor, call.house.doorkeeper
    with call.house.services.database.begin(write=False) as unit:
        held = unit.second_factor(me.actor_id)
    on = held is not None and held.confirmed_at is not None
    return {
        "on": on,
        "since": held.confirmed_at.isoformat() if held and held.confirmed_at else "",
        "codes_left": len(held.codes) if held else 0,
        "required": me.role in doorkeeper.second_factors.roles and not call.signed_in.elsewhere,
    }


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
    Operation("GET", _OWN, "own_account", "One's own account, and where one is signed in.", get_own_account, "account, sessions", access=Access.PERSON, before_second_factor=True),
    Operation("POST", f"{_OWN}/second-factor", "begin_second_factor", "A seed for an authenticator, shown once; asks for the password. Audited.", begin_second_factor, "seed, otpauth URI, QR code", access=Access.PERSON, body=BEGIN_BODY, before_second_factor=True),
    Operation("POST", f"{_OWN}/second-factor/confirm", "confirm_second_factor", "From now on it is asked for. Audited.", confirm_second_factor, "recovery codes, shown once", access=Access.PERSON, body=CODE_BODY, before_second_factor=True),
    Operation("POST", f"{_OWN}/sessions/end", "end_own_session", "End another session or token of one's own. Audited.", end_own_session, "as `own_account`", access=Access.PERSON, body=REVOKE_BODY),
    Operation("POST", f"{_OWN}/sessions/end-others", "end_other_sessions", "End all sessions and tokens of one's own but this one. Audited.", end_other_sessions, "as `own_account`", access=Access.PERSON),
)  # fmt: skip
