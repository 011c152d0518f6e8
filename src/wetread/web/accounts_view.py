"""Accounts and sessions over HTTP. The desk decides; every act asks for the administrator's own password again."""

from typing import cast

from starlette.responses import Response

from wetread.domain.errors import PermanentError
from wetread.domain.role import SYSTEMS, Actor, Role
from wetread.domain.second_factor import SecondFactor
from wetread.governance.account_desk import AccountDesk
from wetread.governance.external_accounts import RESERVED
from wetread.ports.database import Session
from wetread.ports.identity_store import ExternalIdentity
from wetread.web.accounts import MIN_PASSWORD_LENGTH, hash_password
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.reading_json import Json
from wetread.web.schema import Schema, array, boolean, choice, record, text

__all__ = [
    "ADD_BODY",
    "DISABLE_BODY",
    "LINK_BODY",
    "PASSWORD_BODY",
    "RESET_BODY",
    "REVOKE_BODY",
    "ROLE_BODY",
    "SITES_BODY",
    "add_account",
    "end_session",
    "end_sessions",
    "get_accounts",
    "link_account",
    "reset_second_factor",
    "session_json",
    "set_disabled",
    "set_password",
    "set_role",
    "set_sites",
    "unlink_account",
]

_NAME = text(64, min_length=1, pattern=r"[a-z0-9][a-z0-9._@-]*")
_OWN = text(256, min_length=1)
_NEW = text(256, min_length=1)
_SHORT = 16
_SITES = array(text(64, min_length=1), 50)
ADD_BODY: Schema = record(
    {"actor_id": _NAME, "role": choice(*Role), "display_name": text(100), "new_password": _NEW, "password": _OWN},
    {"sites": _SITES},
)
ROLE_BODY: Schema = record({"role": choice(*Role), "password": _OWN})
SITES_BODY: Schema = record({"sites": _SITES, "password": _OWN})
DISABLE_BODY: Schema = record({"disabled": boolean(), "password": _OWN})
PASSWORD_BODY: Schema = record({"new_password": _NEW, "password": _OWN})
LINK_BODY: Schema = record({"subject": text(255, min_length=1), "password": _OWN})
RESET_BODY: Schema = record({"password": _OWN})
REVOKE_BODY: Schema = record({"session": text(_SHORT, min_length=_SHORT, pattern="[0-9a-f]+")})


def get_accounts(call: Call) -> Response:
    """`session` names a session without giving it away: the beginning of what is stored of it."""
    actor = call.signed_in.actor
    sessions = _desk(call).sessions(actor)
    with call.house.services.database.begin(write=False) as unit:
        accounts = unit.accounts()
        factors = {each.actor_id: each for each in unit.second_factors()}
        linked = {each.actor_id: each.subject for each in unit.external_identities()}
    provider = call.house.services.provider
    rows = [
        {
            "actor_id": each.actor.actor_id,
            "display_name": each.actor.display_name,
            "role": each.actor.role.value,
            "disabled": each.disabled,
            "sites": list(each.actor.sites),
            "subject": linked.get(each.actor.actor_id, ""),
            **_factor_json(factors.get(each.actor.actor_id)),
            "me": each.actor.actor_id == actor.actor_id,
        }
        for each in accounts
    ]
    return json_answer(
        {
            "accounts": rows,
            "sessions": [session_json(call, each) for each in sessions],
            "roles": [each.value for each in Role],
            "provider": provider.name if provider else "",
            "systems": sorted(SYSTEMS),
            "min_password_length": MIN_PASSWORD_LENGTH,
        }
    )


def _factor_json(factor: SecondFactor | None) -> Json:
    on = factor is not None and factor.confirmed_at is not None
    return {"second_factor": on, "reset_asked_by": factor.reset_asked_by if factor else ""}


def add_account(call: Call) -> Response:
    call.confirm()
    actor_id = call.text("actor_id")
    if actor_id in RESERVED:
        raise PermanentError(f"the name {actor_id} has another meaning in the audit log: take another", code="reserved")
    sites = tuple(sorted(set(cast(list[str], call.body.get("sites", [])))))
    new = Actor(actor_id, Role(call.text("role")), call.text("display_name").strip() or actor_id, sites)
    _desk(call).add(call.signed_in.actor, new, call.text("new_password"))
    return get_accounts(call)


def set_role(call: Call) -> Response:
    call.confirm()
    _desk(call).set_role(call.signed_in.actor, call.path["actor_id"], Role(call.text("role")))
    return get_accounts(call)


def set_sites(call: Call) -> Response:
    call.confirm()
    _desk(call).set_sites(call.signed_in.actor, call.path["actor_id"], cast(list[str], call.body["sites"]))
    return get_accounts(call)


def set_disabled(call: Call) -> Response:
    call.confirm()
    disabled = cast(bool, call.body["disabled"])
    _desk(call).set_disabled(call.signed_in.actor, call.path["actor_id"], disabled=disabled)
    return get_accounts(call)


def set_password(call: Call) -> Response:
    call.confirm()
    _desk(call).set_password(call.signed_in.actor, call.path["actor_id"], call.text("new_password"))
    return Response(status_code=204)


def link_account(call: Call) -> Response:
    """To a person of the identity provider that the settings name."""
    call.confirm()
    actor_id, issuer = call.path["actor_id"], call.house.doorkeeper.elsewhere.provider.issuer
    _desk(call).link(call.signed_in.actor, actor_id, ExternalIdentity(issuer, call.text("subject"), actor_id))
    return get_accounts(call)


def unlink_account(call: Call) -> Response:
    call.confirm()
    _desk(call).unlink(call.signed_in.actor, call.path["actor_id"])
    return get_accounts(call)


def reset_second_factor(call: Call) -> Response:
    """`done` is False where another administrator has to ask for it, too: that person may sign."""
    call.confirm()
    done = call.house.doorkeeper.second_factors.reset(call.signed_in.actor, call.path["actor_id"])
    return json_answer({"done": done})


def end_session(call: Call) -> Response:
    desk, actor, wanted = _desk(call), call.signed_in.actor, call.text("session")
    named = [each for each in desk.sessions(actor) if each.token_sha256.startswith(wanted)]
    if len(named) != 1:
        raise PermanentError("that session has ended already", code="no_session")
    desk.end_session(actor, named[0].token_sha256)
    return Response(status_code=204)


def end_sessions(call: Call) -> Response:
    """Everywhere that this person is signed in, and their tokens."""
    _desk(call).end_sessions(call.signed_in.actor, call.path["actor_id"])
    return get_accounts(call)


def session_json(call: Call, session: Session) -> Json:
    return {
        "session": session.token_sha256[:_SHORT],
        "actor_id": session.actor_id,
        "expires_at": session.expires_at.isoformat(),
        "begun_at": session.begun_at.isoformat() if session.begun_at else "",
        "address": session.address,
        "client": session.client,
        "this": session.token_sha256 == call.signed_in.token_sha256,
    }


def _desk(call: Call) -> AccountDesk:
    services = call.house.services

    def hashed(password: str) -> str:
        return hash_password(password, salt=services.new_secret().encode()[:32])

    return AccountDesk(services.database, services.clock, hashed)
