"""A record server that misbehaves as told, on a free loopback port; it remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from record_world import SYSTEMS, a_fhir_record, a_number, admit

from wetread.domain.drafting_context import RecordKind
from wetread.fhir.patient_record import RecordLimits
from wetread.ports.patient_record import RecordAnswer, RecordQuery
from wetread.testing.memory_vault import MemoryVault

Reply = tuple[int, dict[str, str], bytes]
Route = Callable[["Asked"], Reply | None]
LIMITS = RecordLimits(
    deadline_s=120, answer_bytes=100_000, total_bytes=300_000, document_bytes=1000, documents=3, pages=3
)
EVERYTHING = RecordQuery(frozenset(RecordKind))
CONDITIONS = RecordQuery(frozenset({RecordKind.CONDITION}))
FHIR = {"Content-Type": "application/fhir+json"}


@dataclass(frozen=True)
class Asked:
    """One request. `handler` is for routes that write to the socket themselves, and then answer None."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    handler: BaseHTTPRequestHandler


@dataclass
class HostileServer:
    """`routes` by the first word of the path ("Patient", "Condition", ...); what has none is an empty searchset, Patient finds `patient/1`."""

    port: int
    routes: dict[str, Route] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, asked: Asked) -> Reply | None:
        self.asked.append(asked)
        kind = asked.path.lstrip("/").split("/")[0].split("?")[0]
        route = self.routes.get(kind)
        if route is not None:
            return route(asked)
        return page(a_patient(asked)) if kind == "Patient" else page()


def a_patient(asked: Asked, **changes: Any) -> dict[str, object]:
    """The patient whose number was searched for."""
    (token,) = parse_qs(asked.body)["identifier"]
    named = [{"system": SYSTEMS["HOSPITAL"], "value": token.partition("|")[2]}]
    return {"resourceType": "Patient", "id": "1", "identifier": named, **changes}


def page(*resources: dict[str, object], following: str = "", **changes: Any) -> Reply:
    """A searchset as a server sends it."""
    bundle: dict[str, object] = {"resourceType": "Bundle", "type": "searchset"}
    if resources:
        bundle["entry"] = [{"resource": each, "search": {"mode": "match"}} for each in resources]
    if following:
        bundle["link"] = [{"relation": "next", "url": following}]
    return 200, FHIR, json.dumps({**bundle, **changes}).encode()


def a_condition(logical_id: str = "c1", owner: str = "Patient/1", **changes: Any) -> dict[str, object]:
    code = {"text": f"condition {logical_id}"}
    return {"resourceType": "Condition", "id": logical_id, "subject": {"reference": owner}, "code": code, **changes}


def read(
    server: HostileServer, query: RecordQuery = CONDITIONS, limits: RecordLimits = LIMITS, **identity: str
) -> RecordAnswer:
    """What the server gives for a new patient."""
    vault = MemoryVault()
    return a_fhir_record(server.url, vault, limits=limits).entries(admit(vault, a_number(), **identity), query)


def texts(answer: RecordAnswer) -> list[str]:
    return [each.text for each in answer.entries]


@contextmanager
def hostile_server() -> Iterator[HostileServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            reply = state.answer(Asked(self.command, self.path, dict(self.headers.items()), body, self))
            if reply is None:
                self.close_connection = True
                return
            status, headers, content = reply
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = HostileServer(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
