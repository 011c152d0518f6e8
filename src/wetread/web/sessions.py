"""Signing in and out, and what the page must know about who is signed in."""

from starlette.requests import cookie_parser
from starlette.responses import Response

from wetread.domain.finding import VOCABULARY
from wetread.domain.report import Section
from wetread.domain.role import PERMITTED, Actor
from wetread.signoff.signing import RejectReason
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.schema import Schema, record, text
from wetread.web.session_book import Came

__all__ = ["LOGIN_BODY", "came_of", "get_session", "log_in", "log_out"]

LOGIN_BODY: Schema = record(
    {"actor_id": text(64, min_length=1), "password": text(256, min_length=1)}, {"code": text(32)}
)


def log_in(call: Call) -> Response:
    token, actor = call.house.doorkeeper.log_in(
        call.text("actor_id"), call.text("password"), came_of(call), call.text("code")
    )
    call.new_secrets.append(token)
    return json_answer(_session(call, actor))


def came_of(call: Call) -> Came:
    secret = cookie_parser(call.headers.get("cookie", "")).get(call.house.doorkeeper.cookie_name, "")
    return Came(call.address, call.headers.get("user-agent", ""), secret)


def log_out(call: Call) -> Response:
    call.house.doorkeeper.log_out(call.signed_in)
    answer = Response(status_code=204, headers={"Clear-Site-Data": '"cache", "storage"'})
    call.house.doorkeeper.take(answer)
    return answer


def get_session(call: Call) -> Response:
    return json_answer(_session(call, call.signed_in.actor))


def _session(call: Call, actor: Actor) -> dict[str, object]:
    doorkeeper, me = call.house.doorkeeper, call.principal
    owes = doorkeeper.owes(me) if me else doorkeeper.second_factors.owed_by(actor)
    settings, provider = call.house.services.settings, call.house.services.provider
    return {
        "actor_id": actor.actor_id,
        "display_name": actor.display_name or actor.actor_id,
        "role": actor.role.value,
        "provider": provider.name if provider and call.principal and call.principal.elsewhere else "",
        "acts": sorted(act.value for act in PERMITTED[actor.role]),
        "idle_s": settings.idle_s,
        "owes_second_factor": owes,
        "demo": settings.demo,
        "dictation": settings.dictation,
        "version": settings.version,
        "sections": [section.value for section in Section],
        "findings": [
            {"name": each.name.value, "display": each.display, "lateralised": each.lateralised}
            for each in VOCABULARY.values()
        ],
        "reject_reasons": [reason.value for reason in RejectReason],
        "now": call.house.services.clock.now().isoformat(),
    }
