"""One port for everything: a store request's socket goes to a thread that reads it in large pieces, any other connection goes to uvicorn, socket and all.

The event loop only peeks: not a byte is taken before it is clear who will answer, so nothing has to be handed over but the socket. After a store request the connection
comes back to the loop and its next request is peeked at again; a connection that went to uvicorn stays there, where `stow_asgi` takes store requests too. A connection
costs a thread only while a body is being received: idle and slow ones wait in the loop, where waiting is cheap.
"""

import asyncio
import logging
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

import uvicorn
from starlette.responses import Response
from starlette.types import Scope

from wetread.web.guard import check_head
from wetread.web.problems import Refusal, problem_from
from wetread.web.proxies import TrustedProxies, peer_of
from wetread.web.stow import StowDoor, StowRequest
from wetread.web.stow_http import MAX_HEAD_BYTES, Head, Pace, SocketBody, parse_head, take_head

__all__ = ["FrontServer", "ListenerLimits"]

_log = logging.getLogger(__name__)

_BACKLOG = 512
_LINGER_BYTES, _LINGER_S = 1 << 20, 2.0
_ACCEPT_PAUSE_S = 0.2
_UNREAD_MS = 30_000
"""An event channel whose peer takes nothing for so long is reset: closing it would wait for the peer."""
_HEAD_END = b"\r\n\r\n"
_BUSY = Refusal(503, "busy", "too many store requests at once: send again later", {"Retry-After": "5"})


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """`threads` store requests are received at once and `queued` may wait for a thread; the rest is answered 503. Of more than `max_waiting` silent connections the oldest go."""

    threads: int = 16
    queued: int = 64
    max_waiting: int = 1024
    head_s: float = 10.0
    keep_alive_s: float = 20.0
    drain_s: float = 25.0
    pace: Pace = field(default_factory=Pace)


class FrontServer(uvicorn.Server):
    """`run()` it like any uvicorn server: the same settings, signals and shutdown. With TLS everything goes to uvicorn (a TLS socket cannot be peeked at)."""

    def __init__(
        self,
        config: uvicorn.Config,
        stow: StowDoor,
        allowed_hosts: frozenset[str],
        limits: ListenerLimits | None = None,
        proxies: TrustedProxies | None = None,
    ) -> None:
        super().__init__(config)
        self._limits = limits or ListenerLimits()
        self._clerk = _StoreClerk(stow, allowed_hosts, self._limits.pace, proxies or TrustedProxies())
        self._store_line = re.compile(
            rb"POST " + re.escape(stow.prefix.encode()) + rb"/studies(?:/[^/? ]+)?(?:\?[^ ]*)? HTTP/1\.[01]\r\n"
        )
        self._pool = ThreadPoolExecutor(self._limits.threads, thread_name_prefix="stow")
        self._waiting: dict[asyncio.Task[None], None] = {}
        self._storing: set[asyncio.Task[None]] = set()
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that is listened on; known once `started` is true."""
        if self._listener is None:
            raise RuntimeError("the server is not started")
        return int(self._listener.getsockname()[1])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        family = socket.AF_INET6 if ":" in self.config.host else socket.AF_INET
        listener = socket.create_server((self.config.host, self.config.port), family=family, backlog=_BACKLOG)
        listener.setblocking(False)
        self._listener = listener
        await super().startup(sockets=[])  # none of its own
        self._accepting = asyncio.create_task(self._accept(listener))
        host = f"[{self.config.host}]" if family == socket.AF_INET6 else self.config.host
        _log.info("HTTP door open at http%s://%s:%d/", "s" if self.config.is_ssl else "", host, self.port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, let store requests under way finish, then uvicorn's own end."""
        if self._accepting is not None:
            self._accepting.cancel()
        if self._listener is not None:
            self._listener.close()
        for task in self._waiting:
            task.cancel()
        if self._storing:
            await asyncio.wait(self._storing, timeout=self._limits.drain_s)
        for task in self._storing:
            task.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)
        await super().shutdown(sockets=[])

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, address = await loop.sock_accept(listener)
            except OSError as error:
                _log.error("cannot accept a connection: %s", error.strerror)
                await asyncio.sleep(_ACCEPT_PAUSE_S)
                continue
            if len(self._waiting) >= self._limits.max_waiting:
                next(iter(self._waiting)).cancel()
            task = asyncio.create_task(self._converse(sock, str(address[0])))
            self._waiting[task] = None
            task.add_done_callback(lambda done: self._waiting.pop(done, None))
            await asyncio.sleep(0)  # it has begun before anybody cancels it: only then does it close its socket

    async def _converse(self, sock: socket.socket, peer_ip: str) -> None:
        """One connection, request by request, until it closes or belongs to uvicorn."""
        ours = True
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.config.is_ssl or await self._store_until_another(sock, peer_ip):
                await self._hand_over(sock)
                ours = False
        except OSError as error:
            _log.debug("a connection ended: %s", type(error).__name__)
        finally:
            if ours:
                _close(sock)

    async def _store_until_another(self, sock: socket.socket, peer_ip: str) -> bool:
        """Answer store requests; True when another request waits, False when the conversation is over."""
        wait_s = self._limits.head_s
        while head := await _peek_head(sock, wait_s):
            if not self._store_line.match(head):
                if b"websocket" in head.lower():
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MS)
                return True
            if not await self._store(sock, peer_ip):
                await _linger(sock)
                return False
            wait_s = self._limits.keep_alive_s
        return False

    async def _store(self, sock: socket.socket, peer_ip: str) -> bool:
        """Have one request answered in a thread; True when the connection may go on."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task is None or len(self._storing) >= self._limits.threads + self._limits.queued:
            await loop.sock_sendall(sock, _wire(problem_from(_BUSY), keep_alive=False))
            return False
        self._storing.add(task)
        self._waiting.pop(task, None)
        try:
            return await loop.run_in_executor(self._pool, self._clerk.serve, sock, peer_ip)
        finally:
            self._waiting[task] = None
            self._storing.discard(task)
            sock.setblocking(False)

    async def _hand_over(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
                config=self.config, server_state=self.server_state, app_state=self.lifespan.state, _loop=loop
            )
            return made

        await loop.connect_accepted_socket(protocol, sock, ssl=self.config.ssl)


class _StoreClerk:
    """Serves one store request on a blocking socket, in whatever thread."""

    def __init__(self, stow: StowDoor, allowed_hosts: frozenset[str], pace: Pace, proxies: TrustedProxies) -> None:
        self._stow, self._proxies = stow, proxies
        self._allowed_hosts = allowed_hosts
        self._pace = pace

    def serve(self, sock: socket.socket, peer_ip: str) -> bool:
        """True when the connection may carry another request. Raises OSError when the peer is gone or too slow to be answered."""
        sock.settimeout(self._pace.idle_s)
        try:
            head = parse_head(take_head(sock))
            scope = _scope(head, peer_ip)
            check_head(scope, self._allowed_hosts, self._proxies)
        except Refusal as refusal:
            sock.sendall(_wire(problem_from(refusal), keep_alive=False))
            return False
        body = SocketBody(sock, head, self._pace)
        answer = self._stow.handle(StowRequest(head.path, head.headers, peer_of(self._proxies.seen_from(scope)), body))
        keep_alive = head.keeps_alive and body.exhausted
        sock.sendall(_wire(answer, keep_alive=keep_alive))
        return keep_alive


def _scope(head: Head, peer_ip: str) -> Scope:
    fields = [(name.encode(), value.encode("latin-1")) for name, value in head.fields]
    line = {"type": "http", "method": head.method, "path": head.path, "raw_path": head.path.encode()}
    return {**line, "headers": fields, "client": (peer_ip, 0)}


def _wire(answer: Response, *, keep_alive: bool) -> bytes:
    fields = [
        *answer.raw_headers,
        (b"date", formatdate(usegmt=True).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"keep-alive" if keep_alive else b"close"),
    ]
    status = HTTPStatus(answer.status_code)
    lines = [b"HTTP/1.1 %d %s" % (status.value, status.phrase.encode()), *(b"%s: %s" % each for each in fields)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + bytes(answer.body)


async def _peek_head(sock: socket.socket, wait_s: float) -> bytes:
    """A whole head, or as much as we look at, without taking it; empty when the peer left or did not finish one in time."""
    try:
        async with asyncio.timeout(wait_s):
            pause_s = 0.005
            while seen := await _peek(sock):
                if _HEAD_END in seen or len(seen) == MAX_HEAD_BYTES or not seen[:1].isalpha():
                    return seen
                await asyncio.sleep(pause_s)  # what was peeked at stays readable, so there is no event to wait for
                pause_s = min(2 * pause_s, 0.5)
    except TimeoutError:
        _log.info("a connection was closed: no request within %s s", wait_s)
    return b""


async def _peek(sock: socket.socket) -> bytes:
    """What can be read, or will be; mostly a connection brings its request, so nobody has to be asked to wake us."""
    while True:
        with suppress(BlockingIOError):
            return sock.recv(MAX_HEAD_BYTES, socket.MSG_PEEK)
        await _readable(sock.fileno())


async def _readable(descriptor: int) -> None:
    """Of a number: for a socket object, asyncio would write out its repr (three system calls) to say that it is new."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)


async def _linger(sock: socket.socket) -> None:
    """Let the peer read the answer before the connection is reset by what it still sends."""
    loop, left = asyncio.get_running_loop(), _LINGER_BYTES
    sock.shutdown(socket.SHUT_WR)
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            while left > 0 and (data := await loop.sock_recv(sock, 1 << 16)):
                left -= len(data)


def _close(sock: socket.socket) -> None:
    """Also wakes a thread that still waits for this socket."""
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
