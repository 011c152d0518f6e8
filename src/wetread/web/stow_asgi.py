"""The store transaction for requests that reach us through an ASGI server: the same door, its body carried from the event loop to a thread."""

import asyncio
from concurrent.futures import TimeoutError as FutureTimeout

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from wetread.web.stow import StowDoor, StowRequest
from wetread.web.stow_http import Pace, PaceMeter, too_slow

__all__ = ["stow_routes"]

_AT_ONCE = 8


def stow_routes(door: StowDoor, pace: Pace | None = None) -> list[Route]:
    """Routes for `create_app(services, more_routes)`."""
    endpoint = _Endpoint(door, pace or Pace())
    return [
        Route(f"{door.prefix}/studies", endpoint, methods=["POST"]),
        Route(f"{door.prefix}/studies/{{study_uid}}", endpoint, methods=["POST"]),
    ]


class _Endpoint:
    """An ASGI application (Starlette calls instances of classes as such)."""

    def __init__(self, door: StowDoor, pace: Pace) -> None:
        self._door = door
        self._pace = pace
        self._at_once = CapacityLimiter(_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        body = _AsgiBody(receive, asyncio.get_running_loop(), self._pace)
        peer_ip = request.client.host if request.client else ""
        stored = StowRequest(request.url.path, dict(request.headers), peer_ip, body)
        try:
            answer = await to_thread.run_sync(self._door.handle, stored, limiter=self._at_once)
        except ConnectionError:
            return
        if not body.exhausted:
            answer.headers["connection"] = "close"
        await answer(scope, receive, send)


class _AsgiBody:
    """`stow.Body` over ASGI's receive channel, called from a thread."""

    def __init__(self, receive: Receive, loop: asyncio.AbstractEventLoop, pace: Pace) -> None:
        self._receive = receive
        self._loop = loop
        self._idle_s = pace.idle_s
        self._meter = PaceMeter(pace)
        self._rest = memoryview(b"")
        self.exhausted = False

    def readinto(self, buffer: memoryview) -> int:
        while not self._rest and not self.exhausted:
            self._next_message()
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size

    async def _message(self) -> Message:
        return await self._receive()

    def _next_message(self) -> None:
        future = asyncio.run_coroutine_threadsafe(self._message(), self._loop)
        try:
            message = future.result(self._idle_s)
        except FutureTimeout:
            future.cancel()
            raise too_slow() from None
        if message["type"] == "http.disconnect":
            raise ConnectionError("the connection ended within a body")
        self._rest = memoryview(message.get("body", b""))
        self._meter.count(len(self._rest))
        self.exhausted = not message.get("more_body", False)
