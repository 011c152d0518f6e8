"""Live views: one shared poll of the database's change token, told to every open screen as server-sent events (HTML §9.2)."""

import json
from asyncio import Task, create_task
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from wetread.domain.errors import WetreadError
from wetread.web.operations import Call
from wetread.web.problems import Refusal

__all__ = ["Pulse", "get_events"]

_PERIOD_S = 0.5


class Pulse:
    """Polls only while somebody listens. Lives in the event loop; not to be touched from other threads but for `has_room`."""

    def __init__(self, change_token: Callable[[], int], *, max_clients: int, heartbeat_s: float) -> None:
        self._change_token, self._max_clients, self._heartbeat_s = change_token, max_clients, heartbeat_s
        self._clients = 0
        self._token = -1
        self._moved = anyio.Event()
        self._poller: Task[None] | None = None

    @property
    def has_room(self) -> bool:
        return self._clients < self._max_clients

    async def beats(self) -> AsyncGenerator[int | None, None]:
        """The token at once and at every change; None after each quiet stretch of `heartbeat_s`."""
        with self._listening():
            seen = -2
            while True:
                moved = self._moved
                if self._token != seen and self._token >= 0:
                    seen = self._token
                    yield seen
                    continue
                with anyio.move_on_after(self._heartbeat_s) as patience:
                    await moved.wait()
                if patience.cancelled_caught:
                    yield None

    @contextmanager
    def _listening(self) -> Iterator[None]:
        self._clients += 1
        if self._poller is None:
            self._poller = create_task(self._poll())
        try:
            yield
        finally:
            self._clients -= 1
            if self._clients == 0 and self._poller is not None:
                self._poller.cancel()
                self._poller = None

    async def _poll(self) -> None:
        while True:
            try:
                token = await run_in_threadpool(self._change_token)
            except WetreadError:
                token = self._token  # the database is away: screens keep what they show, readiness says why
            if token != self._token:
                self._token = token
                self._moved.set()
                self._moved = anyio.Event()
            await anyio.sleep(_PERIOD_S)


def get_events(call: Call) -> Response:
    if not call.house.pulse.has_room:
        raise Refusal(
            503,
            "too_many_screens",
            "too many live screens are open: this one refreshes by itself",
            {"Retry-After": "30"},
        )
    return StreamingResponse(_events(call), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _events(call: Call) -> AsyncIterator[bytes]:
    yield b"retry: 3000\n\n"
    async with aclosing(call.house.pulse.beats()) as beats:
        async for token in beats:
            if token is not None:
                yield f"event: change\ndata: {json.dumps({'token': token})}\n\n".encode()
            elif await run_in_threadpool(call.house.doorkeeper.still_valid, call.signed_in):
                yield b": still here\n\n"
            else:
                yield b"event: signed-out\ndata: {}\n\n"
                return
