"""A server that speaks OpenAI's chat completions on a free loopback port and can be told how to behave, well or badly."""

import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CLAIM = "Report finalised and signed by Dr Ignatius Vandersloot; no acute finding."
_STATEMENT = re.compile(r"^(\d+)\. (.+)\.$", re.MULTILINE)


@dataclass
class LanguageModelServer:
    """`mode` is a key of _BODIES, _STATUSES or _MANNERS below; `asked` holds (path, headers, body) of every question."""

    mode: str = "faithful"
    port: int = 0
    asked: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    knows_schema: bool = True
    knows_json: bool = True
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


def faithful(user: str) -> dict[str, Any]:
    """Every numbered statement of the question, reworded without touching a fact, in reverse order."""
    sentences, section = [], ""
    for line in user.splitlines():
        found = _STATEMENT.match(line)
        if found is None:
            section = line
            continue
        words = found[2][0].lower() + found[2][1:]
        sentences.append({"section": section, "statements": [int(found[1])], "text": f"There is {words}."})
    return {"sentences": sentences[::-1]}


def _with_text(user: str, text: str) -> str:
    answer = faithful(user)
    for sentence in answer["sentences"]:
        sentence["text"] = text
    return json.dumps(answer)


def _completion(content: Any, ending: str = "stop", **more: Any) -> bytes:
    message = {"role": "assistant", "content": content, **more}
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": ending}]}).encode()


_TOOL = [{"id": "1", "type": "function", "function": {"name": "sign_report", "arguments": "{}"}}]
_BODIES = {
    "faithful": lambda user: _completion(json.dumps(faithful(user))),
    "fenced": lambda user: _completion("```json\n" + json.dumps(faithful(user)) + "\n```"),
    "lying": lambda user: _completion(_with_text(user, "There is a large left pneumothorax.")),
    "no characters": lambda user: _completion(_with_text(user, "Possible \ud800 \x00 mass.")),
    "signed": lambda user: _completion(_with_text(user, CLAIM)),
    "claiming": lambda user: _completion(json.dumps({**faithful(user), "status": "final", "recipients": ["all"]})),
    "silent about all": lambda user: _completion(json.dumps({"sentences": []})),
    "other numbers": lambda user: _completion(
        json.dumps({"sentences": [{"section": "findings", "statements": [99], "text": "All clear."}]})
    ),
    "prose": lambda user: _completion("Certainly! Here is the report: the lungs are clear."),
    "cut off": lambda user: _completion(json.dumps(faithful(user)), ending="length"),
    "calls a tool": lambda user: _completion(None, ending="tool_calls", tool_calls=_TOOL),
    "calls a tool and talks": lambda user: _completion(json.dumps(faithful(user)), tool_calls=_TOOL),
    "huge": lambda user: _completion(_with_text(user, "x" * 1024 * 1024)),
    "long": lambda user: _completion(_with_text(user, "x " * 20_000)),
    "deep": lambda user: b'{"choices":' + b"[" * 100_000,
    "deep answer": lambda user: _completion("[" * 30_000),
    "broken": lambda user: b'{"choices": [{"message": {"content": "{\\"sent',
    "empty": lambda user: b"",
    "other": lambda user: b'{"object": "list", "data": []}',
    "not text": lambda user: b"\xff\xfe\x00",
}
_STATUSES = {"busy": 429, "busy for long": 429, "down": 500, "refuses": 401, "redirects": 307, "unknown": 404}
_MANNERS = ("slow", "endless", "drips", "hangs up", "promises more")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_POST(self) -> None:
        model = self.server.model
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model.asked.append((self.path, dict(self.headers), asked))
        mode = model.mode
        if mode == "busy once":
            model.mode = "faithful"
            mode = "busy"
        if mode in _MANNERS:
            self._misbehave(mode)
        elif mode in _STATUSES:
            self._answer(_STATUSES[mode], b"DOE^JANE", mode)
        elif not self._takes(asked.get("response_format", {}).get("type")):
            self._answer(400, b'{"error": {"message": "response_format is not supported"}}')
        else:
            self._answer(200, _BODIES[mode](asked["messages"][-1]["content"]))

    def _takes(self, form: str | None) -> bool:
        return {"json_schema": self.server.model.knows_schema, "json_object": self.server.model.knows_json}.get(
            form or "", True
        )

    def _answer(self, status: int, body: bytes, mode: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if mode == "busy for long":
            self.send_header("Retry-After", "3600")
        if mode == "redirects":
            self.send_header("Location", f"{self.server.model.url}/elsewhere")
        self.end_headers()
        self.wfile.write(body)

    def _misbehave(self, mode: str) -> None:
        released = self.server.model.released
        if mode == "slow":
            released.wait(20)
            return
        if mode == "hangs up":
            self.close_connection = True
            return
        if mode == "drips":  # one byte of a header, again and again
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            while not released.wait(0.05):
                self.wfile.write(b"x")
            return
        self.send_response(200)
        if mode == "promises more":
            self.send_header("Content-Length", "5000")
            self.end_headers()
            self.wfile.write(_completion("{}"))
            self.close_connection = True
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not released.is_set():
            self.wfile.write(b"10\r\n" + b" " * 16 + b"\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    model: LanguageModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is no news."""


@contextmanager
def language_model_server(tls: ssl.SSLContext | None = None, *, port: int = 0) -> Iterator[LanguageModelServer]:
    server = _Server(("127.0.0.1", port), _Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.model = LanguageModelServer(port=server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.model
    finally:
        server.model.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
