"""A house with one critical result, a real mail server and a real webhook receiver, whose pager is killed: what the fault tests and the soak run share."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from paging_world import PATH, roster_text

from tests.page_receivers import Ledger
from wetread.domain.critical import CriticalResult, CriticalState
from wetread.domain.priority import Priority
from wetread.storage.database import SqlDatabase
from wetread.storage.migrate import upgrade
from wetread.testing.builders import STUDY_KEY, a_decision, a_study
from wetread.triage.escalation import open_critical

__all__ = ["POINTS", "Outcome", "PagingHouse", "random_moment"]

POINTS = ("escalate_before_commit", "escalate_after_commit", "page_claimed", "page_sent", "page_noted")
_COMMAND = [sys.executable, "-P", "-m", "wetread", "pager"]
_SETTINGS = """
[notification_channels.hook]
kind = "webhook"
url = "http://127.0.0.1:{http}/pages"
allow_http = true
secret = "{secret}"
timeout_s = 3

[notification_channels.email]
kind = "email"
host = "127.0.0.1"
port = {smtp}
security = "none"
sender = "wetread@hospital.example"
timeout_s = 3
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one trial ended in: pages by channel and key, and the state of the result."""

    died: bool
    state: CriticalState
    hooks: Counter[str]
    mails: Counter[str]
    seconds: float

    @property
    def told(self) -> int:
        return len(self.hooks) + len(self.mails)


@dataclass
class PagingHouse:
    """`template` is made once; every trial works on a copy of it."""

    folder: Path
    http: Ledger
    smtp: Ledger

    def __post_init__(self) -> None:
        template = self.folder / "template"
        (template / "vault").mkdir(parents=True)
        upgrade(f"sqlite:///{template}/wetread.db", "work")
        upgrade(f"sqlite:///{template}/vault/vault.db", "vault")
        (template / "roster.yaml").write_text(roster_text(channels=("hook", "email")))
        secret = "whsec_" + b64encode(b"k" * 32).decode()
        settings = _SETTINGS.format(http=self.http.port, smtp=self.smtp.port, secret=secret)
        (template / "settings.toml").write_text(settings)

    def trial(self, name: str, fault: str = "", *, die_after_s: float = 0.0) -> Outcome:
        """Open a result, let the pager die once, start it again, and wait until somebody was told."""
        house, started = self._copy(name), time.monotonic()
        http, smtp = len(self.http.entries), len(self.smtp.entries)
        database = SqlDatabase(f"sqlite:///{house}/wetread.db")
        opened = _open(database)
        died = _run_until_it_dies(house, fault, die_after_s)
        second = subprocess.Popen(_COMMAND, env=_environment(house), stderr=subprocess.DEVNULL)
        try:
            state = _wait_until_told(database, opened)
        finally:
            second.send_signal(signal.SIGTERM)
            second.wait(20)
            database.close()
        hooks, mails = _of_the_result(self.http, http), _of_the_result(self.smtp, smtp)
        shutil.rmtree(house)
        return Outcome(died, state, hooks, mails, time.monotonic() - started)

    def _copy(self, name: str) -> Path:
        return Path(shutil.copytree(self.folder / "template", self.folder / name))


def _of_the_result(ledger: Ledger, start: int) -> Counter[str]:
    """Pages about the critical result, by key; a page about an alarm names no study."""
    return Counter(key for key, _, text in ledger.entries[start:] if STUDY_KEY in text)


def _open(database: SqlDatabase) -> CriticalResult:
    study = a_study()
    decision = a_decision(
        priority=Priority.STAT, critical=True, escalation_path="default", message="Suspected pneumothorax"
    )
    with database.begin() as unit:
        unit.save_study(study)
        saved = unit.save_critical(open_critical(study, decision, PATH, datetime.now(UTC)), expected_etag=None)
        unit.commit()
    return saved


def _environment(house: Path, fault: str = "") -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WETREAD_")}
    own = {
        "WETREAD_DATA_DIR": str(house),
        "WETREAD_CONFIG": str(house / "settings.toml"),
        "WETREAD_ROSTER_FILE": str(house / "roster.yaml"),
        "WETREAD_LEASE_S": "1",
        "WETREAD_SITE": "north",
    }
    return {**inherited, **own, **({"WETREAD_FAULT": fault} if fault else {})}


def _run_until_it_dies(house: Path, fault: str, die_after_s: float) -> bool:
    """True when it died by the fault or by our hand; a point that is never reached would hang here, so there is a limit."""
    process = subprocess.Popen(_COMMAND, env=_environment(house, fault), stderr=subprocess.DEVNULL)
    try:
        return process.wait(die_after_s or 30) == -signal.SIGKILL
    except subprocess.TimeoutExpired:
        return die_after_s > 0
    finally:
        process.kill()
        process.wait()


def _wait_until_told(database: SqlDatabase, opened: CriticalResult, *, limit_s: float = 60.0) -> CriticalState:
    deadline = time.monotonic() + limit_s
    state = opened.state
    while time.monotonic() < deadline and state is CriticalState.OPEN:
        time.sleep(0.05)
        with database.begin(write=False) as unit:
            result = unit.critical(opened.critical_key)
        state = result.state if result else state
    return state


def random_moment(seed: int) -> float:
    """Some time in the life of a pager that has just started: imports, first sweep, first page, and after."""
    return random.Random(seed).uniform(0.2, 4.0)
