"""HL7 v2 by other people's code: node-hl7-server as a listener. Needs `npm ci` in tests/neighbours/node once."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neighbours.process import free_port, listens, running

NODE = Path(__file__).parent / "node"


@dataclass(frozen=True, slots=True)
class Hl7Server:
    """`file` has a JSON line for each message it took, as its own parser reads it; one that came twice is there once."""

    port: int
    file: Path

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text("utf-8").splitlines()]


@contextmanager
def hl7_server(folder: Path, code: str = "AA") -> Iterator[Hl7Server]:
    """It answers every message with `code`."""
    folder.mkdir(parents=True, exist_ok=True)
    server = Hl7Server(free_port(), folder / "messages.jsonl")
    server.file.touch()
    command = ["node", str(NODE / "hl7_server.cjs"), str(server.port), str(server.file), code]
    environment = {"PATH": os.environ["PATH"], "NODE_PATH": str(NODE / "node_modules")}
    with running(command, folder / "hl7.log", lambda: listens(server.port), environment=environment):
        yield server
