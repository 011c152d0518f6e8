"""A network that misbehaves: a TCP proxy in a thread of its own that delays, drips, cuts off, resets or swallows what passes."""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

__all__ = ["Network", "network"]

_PIECE_BYTES = 65_536


@dataclass
class Network:
    """What happens to connections through `port`, new ones and those that are open; changed while it runs.

    `down`: nobody is let in. `delay_s` before each piece. `bytes_per_s`: no faster, 0 without bound. `reset_after`: a connection is reset when so many bytes of it went up.
    `cut_after`: it is closed then, without an error. `deaf`: what goes up arrives, what comes down never does (half open). `lost`: that share of connections is dropped at once.
    """

    port: int = 0
    down: bool = False
    delay_s: float = 0.0
    bytes_per_s: float = 0.0
    reset_after: int = 0
    cut_after: int = 0
    deaf: bool = False
    lost: float = 0.0
    connections: int = field(default=0)

    def suffer(self, fault: Mapping[str, object]) -> None:
        """What a fault says, by the names of the fields."""
        for name, value in fault.items():
            setattr(self, name, value)

    def heal(self) -> None:
        self.down, self.deaf = False, False
        self.delay_s = self.bytes_per_s = self.lost = 0.0
        self.reset_after = self.cut_after = 0


class _Proxy:
    def __init__(self, network: Network, target: int) -> None:
        self._network, self._target = network, target

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        network = self._network
        network.connections += 1
        if network.down or random.random() < network.lost:
            _reset(writer)
            return
        try:
            there, up = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            _reset(writer)
            return
        try:
            with suppress(OSError):
                await asyncio.gather(self._up(reader, up, writer), self._down(there, writer))
        finally:
            up.transport.abort()
            writer.close()

    async def _up(self, source: asyncio.StreamReader, up: asyncio.StreamWriter, client: asyncio.StreamWriter) -> None:
        network, passed = self._network, 0
        while piece := await source.read(_PIECE_BYTES):
            for part in _parts(piece, network):
                await _wait(network, len(part))
                passed += len(part)
                if network.reset_after and passed >= network.reset_after:
                    up.transport.abort()
                    _reset(client)
                    return
                if network.cut_after and passed >= network.cut_after:
                    up.close()
                    client.close()
                    return
                up.write(part)
                await up.drain()
        if up.can_write_eof():
            up.write_eof()

    async def _down(self, source: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        network = self._network
        while piece := await source.read(_PIECE_BYTES):
            if network.deaf:
                continue
            for part in _parts(piece, network):
                await _wait(network, len(part))
                client.write(part)
                await client.drain()
        client.close()


def _parts(piece: bytes, network: Network) -> Iterator[bytes]:
    size = max(1, int(network.bytes_per_s / 10)) if network.bytes_per_s else len(piece)
    return (piece[at : at + size] for at in range(0, len(piece), size))


async def _wait(network: Network, count: int) -> None:
    await asyncio.sleep(network.delay_s + (count / network.bytes_per_s if network.bytes_per_s else 0.0))


def _reset(writer: asyncio.StreamWriter) -> None:
    """RST, not FIN: SO_LINGER with no time (socket(7))."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextmanager
def network(target: int) -> Iterator[Network]:
    """A network before the server at `target` of this machine."""
    made, ready = Network(), threading.Event()
    ending: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        end = asyncio.Event()
        server = await asyncio.start_server(_Proxy(made, target).serve, "127.0.0.1", 0)
        made.port = server.sockets[0].getsockname()[1]
        ending.append((asyncio.get_running_loop(), end))
        ready.set()
        await end.wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield made
    finally:
        for loop, end in ending:
            loop.call_soon_threadsafe(end.set)
        thread.join(10)
