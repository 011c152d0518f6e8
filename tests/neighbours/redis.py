"""A private Redis for the tests: a free port, nothing on disk, gone when the tests are."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from neighbours.process import free_port, listens, running

__all__ = ["RedisServer", "running_redis"]


@dataclass(frozen=True, slots=True)
class RedisServer:
    process: "subprocess.Popen[bytes]"
    port: int

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


@contextmanager
def running_redis(folder: Path, *options: str, port: int = 0, plain: bool = True) -> Iterator[RedisServer]:
    """Debian's redis-server; with `plain` False the port is for `options` (TLS) to open, as {port} in them."""
    port = port or free_port()
    chosen: Sequence[str] = [each.format(port=port) for each in options]
    where = ["--bind", "127.0.0.1", "--port", str(port if plain else 0), "--dir", str(folder)]
    command = ["setpriv", "--pdeathsig", "KILL", "redis-server", *where, "--save", "", *chosen]
    with running(command, folder / "redis.log", partial(listens, port)) as process:
        yield RedisServer(process, port)
