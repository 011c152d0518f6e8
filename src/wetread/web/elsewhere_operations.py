"""What the pages ask about who signs in elsewhere: which ways in there are, a second component that is proved there, and the way out."""

from typing import cast

from starlette.responses import Response

from wetread.web.elsewhere_routes import keep_out
from wetread.web.json_answer import json_answer
from wetread.web.operations import Access, Call, Operation, act_digest
from wetread.web.problems import Refusal

__all__ = ["ELSEWHERE_OPERATIONS", "get_ways_in", "leave", "prove_again"]


def get_ways_in(call: Call) -> Response:
    services = call.house.services
    provider, local = services.provider, services.settings.local_accounts
    return json_answer({"provider": provider.name if provider else "", "password": local is None or len(local) > 0})


def prove_again(call: Call) -> Response:
    """What is to be confirmed comes as it will be sent: its method and path, its body. What it says back as `confirmation` goes where a password would."""
    sent = call.data
    target, body = (sent.get("target"), sent.get("body")) if isinstance(sent, dict) else (None, None)
    if not (isinstance(target, str) and isinstance(body, dict) and call.signed_in.elsewhere):
        raise Refusal(422, "nothing_to_confirm", "say what is to be confirmed, from a session that began elsewhere")
    act = act_digest(target, cast(dict[str, object], body))
    out = call.house.doorkeeper.elsewhere.send_to_confirm(call.origin, call.signed_in.token_sha256, act)
    answer = json_answer({"confirmation": out.secret, "number": out.number, "url": out.sent.url})
    return keep_out(answer, call.house, out.sent.sealed)


def leave(call: Call) -> Response:
    """Ends this session; `url` is where the provider's own ends, "" where there is no such place."""
    url = call.house.doorkeeper.elsewhere.farewell(call.signed_in.token_sha256, f"{call.origin}/login")
    call.house.doorkeeper.log_out(call.signed_in)
    answer = json_answer({"url": url}, headers={"Clear-Site-Data": '"cache", "storage"'})
    call.house.doorkeeper.take(answer)
    return answer


ELSEWHERE_OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/api/sign-in", "ways_in", "Which ways in there are.", get_ways_in, "provider's name; whether with a password", access=Access.PUBLIC),
    Operation("POST", "/api/confirmation", "prove_again", "Begin to prove again who one is, at the provider, for one act.", prove_again, "confirmation, number, url", access=Access.PERSON, takes=("application/json",)),
    Operation("POST", "/api/logout/elsewhere", "leave", "End this session; says where the provider's own ends.", leave, "url", access=Access.PERSON),
)  # fmt: skip
