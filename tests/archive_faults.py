"""Between us and a real archive: an HTTP front that counts what is asked, and answers as archives do on bad days."""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import urllib3

__all__ = ["Front", "front_of"]

_REFUSALS = {"busy": 503, "slow down": 429, "gone": 404, "failed": 500}


@dataclass
class Front:
    """`faults`: for each end of a path, what becomes of the next requests of it: busy, slow down, gone, failed, or cut (half of the body, then hung up). `down`: every connection is hung up on. `before` is told of each path first."""

    url: str = ""
    down: bool = False
    faults: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))
    asked: list[str] = field(default_factory=list)
    most_at_once: int = 0
    before: Callable[[str], None] = lambda path: None

    def retrieved(self) -> list[str]:
        """SOP Instance UIDs, as often as they were asked for."""
        return [path.rpartition("/")[2] for path in self.asked if "?" not in path and "/instances/" in path]

    def fault_of(self, path: str) -> str:
        waiting = next((faults for end, faults in self.faults.items() if path.endswith(end) and faults), None)
        return waiting.popleft() if waiting else ""


@contextmanager
def front_of(behind: str) -> Iterator[Front]:
    front, pool, at_once, lock = Front(), urllib3.PoolManager(maxsize=8), [0], threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if front.down:
                self.close_connection = True
                return
            front.before(self.path)
            with lock:
                front.asked.append(self.path)
                at_once[0] += 1
                front.most_at_once = max(front.most_at_once, at_once[0])
            try:
                self.answer(front.fault_of(self.path))
            finally:
                with lock:
                    at_once[0] -= 1

        def answer(self, fault: str) -> None:
            if fault in _REFUSALS:
                self.send_response(_REFUSALS[fault])
                self.send_header("Retry-After", "1")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            headers = {"Accept": self.headers["Accept"]}
            answer = pool.request("GET", behind + self.path, headers=headers, redirect=False)
            self.send_response(answer.status)
            for name, value in {"Content-Type": answer.headers.get("Content-Type", "")}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.data)))
            self.end_headers()
            self.wfile.write(answer.data[: len(answer.data) // 2] if fault == "cut" else answer.data)
            self.close_connection = fault == "cut"

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    front.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield front
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        pool.clear()
