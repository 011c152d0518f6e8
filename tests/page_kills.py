"""A house with one critical result, a real mail server and a real webhook receiver, whose pager is killed: what the fault tests and the soak run share."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from migrated import data_folder
from paging_world import PATH, PEOPLE, roster_text

from tests.page_receivers import Ledger
from wetread.domain.critical import CriticalResult, CriticalState
from wetread.domain.priority import Priority
from wetread.storage.database import SqlDatabase
from wetread.testing.builders import STUDY_KEY, a_decision, a_study
from wetread.triage.escalation import open_critical

__all__ = ["JUMPS_S", "POINTS", "Outcome", "PagingHouse", "Plan", "random_moment"]

POINTS = ("escalate_before_commit", "escalate_after_commit", "page_claimed", "page_sent", "page_noted")
JUMPS_S = (3600, -3600, 259_200, -259_200)
_NOTICE = re.compile(r"Notice (\d+)\.")
_COMMAND = [sys.executable, "-P", str(Path(__file__).with_name("pager_with_a_clock.py"))]
_SETTINGS = """
[notification_channels.hook]
kind = "webhook"
url = "http://127.0.0.1:{http}/pages"
allow_http = true
secret = "{secret}"
timeout_s = 60

[notification_channels.email]
kind = "email"
host = "127.0.0.1"
port = {smtp}
security = "none"
sender = "wetread@hospital.example"
timeout_s = 60
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """A page as a receiver took it; `notice` counts the steps from 1."""

    channel: str
    key: str
    recipient: str
    notice: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes wrong in one trial. The pager dies at `fault`, or `die_after_s` after its start; its clock jumps by `jump_s`, `jump_after_s` after the start or, None, while it is dead.

    `gap`: the first duty has nobody. `beside`: a second pager works beside the one that dies.
    """

    fault: str = ""
    die_after_s: float = 0.0
    jump_s: int = 0
    jump_after_s: float | None = None
    gap: bool = False
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one trial ended in: whether the pager died, the state of the result, and every page that was taken, repeats counted."""

    died: bool
    state: CriticalState
    pages: Counter[Heard]
    seconds: float

    def by(self, channel: str) -> list[Heard]:
        return [page for page in self.pages if page.channel == channel]

    @property
    def told(self) -> int:
        """Different pages."""
        return len(self.pages)

    @property
    def repeats(self) -> int:
        """Pages that came again with their key: their receiver can know them."""
        return sum(self.pages.values()) - len(self.pages)

    @property
    def doubled(self) -> int:
        """Pages beyond one to a person by one channel in one step."""
        return len(self.pages) - len({(page.channel, page.recipient, page.notice) for page in self.pages})


@dataclass
class PagingHouse:
    """`template` is made once; every trial works on a copy of it."""

    folder: Path
    http: Ledger
    smtp: Ledger

    def __post_init__(self) -> None:
        template = self.folder / "template"
        data_folder(template)
        (template / "vault" / "pseudonym.key").write_bytes(
            bytes(range(32))
        )  # rows without a key are a loss, and nothing starts
        (template / "roster.yaml").write_text(roster_text(channels=("hook", "email")))
        secret = "whsec_" + b64encode(b"k" * 32).decode()
        settings = _SETTINGS.format(http=self.http.port, smtp=self.smtp.port, secret=secret)
        (template / "settings.toml").write_text(settings)

    def trial(self, name: str, plan: Plan) -> Outcome:
        """Open a result, let the pager die once, start it again, and wait until somebody was told."""
        house, started = self._copy(name), time.monotonic()
        if plan.gap:
            held = {duty: who for duty, who in PEOPLE.items() if duty != "primary"}
            (house / "roster.yaml").write_text(roster_text(held, channels=("hook", "email")))
        http, smtp = len(self.http.entries), len(self.smtp.entries)
        database = SqlDatabase(f"sqlite:///{house}/wetread.db")
        opened = _open(database)
        with _pagers(house, plan) as first:
            died = _runs_until_it_dies(first, house, plan)
            if plan.jump_s:
                _set_clock(house, plan.jump_s)
            with _pager(house):
                state = _wait_until_told(database, opened)
        database.close()
        pages = Counter([*_heard(self.http, http, "hook"), *_heard(self.smtp, smtp, "email")])
        shutil.rmtree(house)
        return Outcome(died, state, pages, time.monotonic() - started)

    def _copy(self, name: str) -> Path:
        return Path(shutil.copytree(self.folder / "template", self.folder / name))


def _heard(ledger: Ledger, start: int, channel: str) -> Iterator[Heard]:
    """Pages about the critical result; one about an alarm says so in other words."""
    for key, recipient, text in ledger.entries[start:]:
        if f"Study {STUDY_KEY}" in text and (notice := _NOTICE.search(text)):
            yield Heard(channel, key, recipient, int(notice[1]))


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
        "WETREAD_LEASE_S": "5",
        "WETREAD_SITE": "north",
    }
    return {**inherited, **own, **({"WETREAD_FAULT": fault} if fault else {})}


def _set_clock(house: Path, offset_s: int) -> None:
    """The wall clock of the pagers of this house, against ours."""
    (house / "clock.new").write_text(str(offset_s))
    (house / "clock.new").rename(house / "clock")


@contextmanager
def _pager(house: Path, fault: str = "") -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(_COMMAND, env=_environment(house, fault), stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        finally:
            process.kill()


@contextmanager
def _pagers(house: Path, plan: Plan) -> Iterator["subprocess.Popen[bytes]"]:
    """The one that is to die, and, where the plan says so, one beside it."""
    _set_clock(house, 0)
    with ExitStack() as running:
        if plan.beside:
            running.enter_context(_pager(house))
        yield running.enter_context(_pager(house, plan.fault))


def _runs_until_it_dies(process: "subprocess.Popen[bytes]", house: Path, plan: Plan) -> bool:
    """True when it died by the fault or by our hand. Beside another it may never come to its fault's point: then it is killed too."""
    started = time.monotonic()
    limit_s = plan.die_after_s or (8.0 if plan.beside else 180.0)
    try:
        if plan.jump_s and plan.jump_after_s is not None:
            process.wait(min(plan.jump_after_s, limit_s))
    except subprocess.TimeoutExpired:
        _set_clock(house, plan.jump_s)
    try:
        return process.wait(max(0.0, limit_s - (time.monotonic() - started))) == -signal.SIGKILL
    except subprocess.TimeoutExpired:
        return plan.die_after_s > 0 or plan.beside
    finally:
        process.kill()
        process.wait()


def _wait_until_told(database: SqlDatabase, opened: CriticalResult, *, limit_s: float = 180.0) -> CriticalState:
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
