"""A private PostgreSQL cluster (Debian's, >= 15) for the tests: own folder, own socket, gone when the tests are, even when they are killed."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

__all__ = ["PostgresServer", "running_postgres"]

_INSTALLED = Path("/usr/lib/postgresql")


@dataclass
class PostgresServer:
    """`folder` holds the data and the socket."""

    folder: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, template: str = "template1") -> str:
        """A new database, a copy of `template`; returns its name."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, database: str) -> None:
        self.execute(f"DROP DATABASE {database} WITH (FORCE)")


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start a cluster with fsync on; stop it and remove its folder at the end."""
    folder = Path(tempfile.mkdtemp(prefix="wetread-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        _run(
            "initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--pgdata", folder / "data"
        )
        with _server(folder):
            yield PostgresServer(folder)
    finally:
        shutil.rmtree(folder)


@contextmanager
def _server(folder: Path) -> Iterator[None]:
    log = folder / "log"
    options = ["-D", folder / "data", "-k", folder, "-c", "listen_addresses=", "-c", "max_connections=120"]
    # setpriv --pdeathsig: a killed test run takes its server along instead of leaving an orphan
    command = ["setpriv", "--pdeathsig", "INT", _binary("postgres"), *options]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output, **_as_postgres()) as server:
        try:
            _wait_until_ready(server, folder, log)
            yield
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing in there is worth a checkpoint
            server.wait(timeout=60)


def _wait_until_ready(server: "subprocess.Popen[bytes]", folder: Path, log: Path) -> None:
    ready = [_binary("pg_isready"), "--quiet", "--host", str(folder), "--timeout", "1"]
    while subprocess.run(ready, check=False).returncode != 0:
        if server.poll() is not None:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")


def _run(program: str, *arguments: str | Path) -> None:
    subprocess.run([_binary(program), *arguments], check=True, stdout=subprocess.DEVNULL, **_as_postgres())


def _binary(program: str) -> str:
    versions = sorted((int(path.name) for path in _INSTALLED.glob("[0-9]*") if path.name.isdecimal()), reverse=True)
    if not versions or versions[0] < 15:
        raise RuntimeError("PostgreSQL >= 15 is not installed: apt-get install postgresql-15")
    return str(_INSTALLED / str(versions[0]) / "bin" / program)


def _as_postgres() -> dict[str, object]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": "/"}
