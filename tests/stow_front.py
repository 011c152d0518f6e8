"""Both doors of HTTP on one port, in a thread of the test."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection

import uvicorn
from builders_ingest import House
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from wetread.domain.role import Actor, Role
from wetread.web.proxies import TrustedProxies
from wetread.web.stow import StowDoor
from wetread.web.stow_asgi import stow_routes
from wetread.web.stow_http import Pace
from wetread.web.stow_listener import FrontServer, ListenerLimits

__all__ = ["RELATED", "serving", "store_one", "until"]

RELATED = 'multipart/related; type="application/dicom"; boundary=b'


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"hello {request.client.host if request.client else ''}")


def authorise(headers: Mapping[str, str], peer_ip: str) -> Actor | None:
    return None if headers.get("authorization") == "wrong" else Actor(f"stow@{peer_ip}", Role.SERVICE)


@contextmanager
def serving(house: House, **limits: object) -> Iterator[FrontServer]:
    pace = Pace(**{k: limits.pop(k) for k in ("idle_s",) if k in limits})  # type: ignore[arg-type]
    door = StowDoor(house.reception, authorise, max_body_bytes=64 << 20)
    app = Starlette(routes=[Route("/hello", hello), *stow_routes(door, pace)])
    app.router.redirect_slashes = False
    config = uvicorn.Config(app, host="127.0.0.1", port=0, http="h11", ws="none", lifespan="off", log_config=None)
    proxies = TrustedProxies(limits.pop("trusted", ()))  # type: ignore[arg-type]
    bounds = ListenerLimits(pace=pace, **limits)  # type: ignore[arg-type]
    server = FrontServer(config, door, frozenset({"localhost", "127.0.0.1"}), bounds, proxies)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


def store_one(port: int, content: bytes, timeout_s: float = 60) -> int:
    """The status of a STOW request with this one instance."""
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n--b--"
        connection.request("POST", "/dicom-web/studies", body, {"Content-Type": RELATED})
        return connection.getresponse().status
    finally:
        connection.close()


def until(condition: Callable[[], object], timeout_s: float = 120.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.005)
