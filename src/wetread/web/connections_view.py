"""What the service runs with, and whether what it talks to answers. Settings are shown, never changed: they come from a file and the environment at start."""

import time

from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import WetreadError
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.problems import Refusal

__all__ = ["get_settings", "test_connection"]


def get_settings(call: Call) -> Response:
    shown = call.house.services.administration
    rows = [
        {"name": name, "value": value, "source": source, "description": description}
        for name, value, source, description in shown.settings
    ]
    connections = [{"name": each.name, "kind": each.kind, "where": each.where} for each in shown.connections]
    return json_answer({"settings": rows, "connections": connections})


def test_connection(call: Call) -> Response:
    """Asks now, and says how long it took. Nothing about a patient is sent, nor anything that would page somebody."""
    services = call.house.services
    wanted = next((each for each in services.administration.connections if each.name == call.path["name"]), None)
    if wanted is None:
        raise Refusal(404, "no_connection", "no such connection is configured")
    start = time.monotonic()
    try:
        answers, said, code = True, wanted.test(), "success"
    except WetreadError as error:
        answers, said, code = False, str(error), error.code
    took_ms = round((time.monotonic() - start) * 1000)
    facts = (("connection", wanted.name), ("took_ms", str(took_ms)))
    call.house.audit(AuditEvent("connection.test", call.signed_in.actor.actor_id, outcome=code, detail=facts))
    tried_at = services.clock.now().isoformat()
    return json_answer(
        {"name": wanted.name, "answers": answers, "said": said, "took_ms": took_ms, "tried_at": tried_at}
    )
