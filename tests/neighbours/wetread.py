"""The service itself as its users start it: `wetread serve` on free loopback ports, with a radiologist's account."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from migrated import data_folder
from neighbours.forked_command import run_forked
from neighbours.process import free_port, listens, running

from wetread.demo.client import ReadingRoomClient
from wetread.domain.role import Actor, Role
from wetread.ports.database import Account
from wetread.storage.database import SqlDatabase
from wetread.web.accounts import hash_password
from wetread.web.argon2 import Argon2Cost

ACCOUNT, PASSWORD = "dr-test", "correct horse battery"
DCIODVFY = Path(sys.executable).with_name("dciodvfy")
COMMAND = [sys.executable, "-P", "-m", "wetread"]


@dataclass
class Wetread:
    """A data folder with its settings, its databases up to date; `serving()` may be entered again after a kill."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    dimse_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        if "DATABASE_URL" not in self.settings:
            data_folder(self.folder)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("WETREAD_")}
        own = {
            "DATA_DIR": str(self.folder),
            "PORT": str(self.port),
            "DIMSE_PORT": str(self.dimse_port),
            "DIMSE_CALLERS": "ORTHANC@127.0.0.1,STORESCU@127.0.0.1",
            "QUIET_PERIOD_S": "0.5",
            "LEASE_S": "2",
            **self.settings,
        }
        return {**inherited, **{f"WETREAD_{name}": value for name, value in own.items()}}

    @property
    def dicomweb_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/dicom-web"

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """One command on this data folder."""
        return run_forked(words, self.environment, stdin)

    def add_radiologist(self) -> None:
        """As a database of one's own, which nobody has migrated yet, is used: by the command. Into ours without a process."""
        if "DATABASE_URL" in self.settings:
            words = ("user", "add", ACCOUNT, "--display-name", "Dr Test", "--password-stdin")
            done = self.run(*words, stdin=PASSWORD + "\n")
            assert done.returncode == 0, done.stderr
            return
        known = hash_password(PASSWORD, salt=bytes(16), cost=Argon2Cost(8, 1))
        database = SqlDatabase(f"sqlite:///{self.folder / 'wetread.db'}")
        with database.begin() as unit:
            unit.save_account(Account(Actor(ACCOUNT, Role.RADIOLOGIST, "Dr Test"), known))
            unit.commit()
        database.close()

    @contextmanager
    def serving(self) -> Iterator["Serving"]:
        """The running service with its doors open, signed in. Without workers of its own it counts as started when it lives."""
        client = ReadingRoomClient(self.port)
        answers = partial(client.is_ready, "/healthz" if self.settings.get("WORKERS") == "0" else "/readyz")
        dimse = int(self.environment["WETREAD_DIMSE_PORT"] or 0)

        def started() -> bool:
            return answers() and (not dimse or listens(dimse))

        log = self.folder.parent / f"{self.folder.name}.log"
        with running([*COMMAND, "serve"], log, started, environment=self.environment, timeout_s=240) as process:
            client.log_in(ACCOUNT, PASSWORD)
            yield Serving(process, client, log)


@dataclass
class Serving:
    process: subprocess.Popen[bytes]
    client: ReadingRoomClient
    log: Path
