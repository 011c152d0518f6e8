"""What the service runs with, and whether what it talks to answers. Settings are shown, never changed: they come from a file and the environment at start."""

import time
from dataclasses import asdict, dataclass

from starlette.responses import Response

from wetread.domain.audit import AuditEvent, AuditQuery
from wetread.domain.capability import Capability, Verdict
from wetread.domain.errors import WetreadError
from wetread.ports.database import Database
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.services import Connection

__all__ = ["get_settings", "test_connection"]

_ACTION = "connection.test"
_LOOKED_BACK = 500
"""Tests in the audit log that are looked through for each connection's last one."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """`code` is "success" or says what kind of failure; `steps` where the test has them."""

    said: str
    code: str = "success"
    steps: tuple[Capability, ...] = ()


def get_settings(call: Call) -> Response:
    shown, last = call.house.services.administration, _last_tests(call.house.services.database)
    rows = [
        {"name": name, "value": value, "source": source, "description": description}
        for name, value, source, description in shown.settings
    ]
    connections = [
        {"name": each.name, "kind": each.kind, "where": each.where, "last": last.get(each.name)}
        for each in shown.connections
    ]
    return json_answer({"settings": rows, "connections": connections})


def test_connection(call: Call) -> Response:
    """Asks now, and says how long it took. Nothing about a patient is sent, nor anything that would page somebody."""
    services = call.house.services
    wanted = next((each for each in services.administration.connections if each.name == call.path["name"]), None)
    if wanted is None:
        raise Refusal(404, "no_connection", "no such connection is configured")
    start = time.monotonic()
    tried = _try(wanted)
    took_ms = round((time.monotonic() - start) * 1000)
    facts = (("connection", wanted.name), ("took_ms", str(took_ms)), ("said", tried.said))
    call.house.audit(AuditEvent(_ACTION, call.signed_in.actor.actor_id, outcome=tried.code, detail=facts))
    answer = _told(wanted.name, tried.code, tried.said, took_ms, services.clock.now().isoformat())
    return json_answer(
        {**answer, "steps": [{**asdict(each), "verdict": each.verdict.name.lower()} for each in tried.steps]}
    )


def _try(connection: Connection) -> _Tried:
    try:
        found = connection.test()
    except WetreadError as error:
        return _Tried(str(error), error.code)
    if isinstance(found, str):
        return _Tried(found)
    wrong = next((each for each in found if each.verdict is Verdict.NO), None)
    if wrong:
        return _Tried(f"{wrong.name}: {wrong.note}", "step_failed", tuple(found))
    return _Tried("all that is used of it works", steps=tuple(found))


def _last_tests(database: Database) -> dict[str, dict[str, object]]:
    """As the audit log has them, by the connection's name."""
    found: dict[str, dict[str, object]] = {}
    for record in database.search_audit(AuditQuery(action=_ACTION, limit=_LOOKED_BACK)):
        facts = dict(record.event.detail)
        name, when = facts.get("connection", ""), record.recorded_at.isoformat()
        if name not in found:
            found[name] = _told(name, record.event.outcome, facts.get("said", ""), int(facts.get("took_ms", "0")), when)
    return found


def _told(name: str, code: str, said: str, took_ms: int, tried_at: str) -> dict[str, object]:
    answers = code == "success"
    return {"name": name, "answers": answers, "said": said or code, "took_ms": took_ms, "tried_at": tried_at}
