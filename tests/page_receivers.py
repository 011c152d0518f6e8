"""Real receivers of pages, each noting what it was given: an SMTP server (aiosmtpd) and an HTTP endpoint."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from neighbours.process import free_port

__all__ = ["Ledger", "http_receiver", "smtp_receiver"]


@dataclass
class Ledger:
    """What came in: (key, recipient, text), repeats included. `refuse` answers that many calls with 'not now'."""

    port: int
    entries: list[tuple[str, str, str]] = field(default_factory=list)
    refuse: int = 0

    def note(self, key: str, recipient: str, text: str) -> None:
        self.entries.append((key, recipient, text))

    def told(self, words: str) -> bool:
        """Whether a page says so, wherever its lines break."""
        return any(words in text.replace("\n", " ") for _, _, text in self.entries)


class _Mailbox:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self._ledger.refuse > 0:
            self._ledger.refuse -= 1
            return "451 not now"
        message = message_from_bytes(envelope.content, policy=default)
        self._ledger.note(str(message["Message-ID"]), envelope.rcpt_tos[0], message.get_content())
        return "250 taken"


@contextmanager
def smtp_receiver() -> Iterator[Ledger]:
    ledger = Ledger(free_port())
    controller = Controller(_Mailbox(ledger), hostname="127.0.0.1", port=ledger.port, ready_timeout=60)
    controller.start()
    try:
        yield ledger
    finally:
        controller.stop()


@contextmanager
def http_receiver() -> Iterator[Ledger]:
    ledger = Ledger(0)

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            busy = ledger.refuse > 0
            ledger.refuse -= busy
            if not busy:
                ledger.note(self.headers["Idempotency-Key"], json.loads(body)["data"]["to"], body.decode())
            self.send_response(503 if busy else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    ledger.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield ledger
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
