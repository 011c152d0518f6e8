"""A hospital in memory with a roster, channels and a clock that a test may move: what the paging tests stand on."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from wetread.domain.critical import CriticalResult, EscalationPath, EscalationStep
from wetread.domain.errors import TransientError
from wetread.domain.page import Page, PageMessage
from wetread.domain.priority import Priority
from wetread.paging.send import Sender
from wetread.paging.signs import SENDING, Pulse
from wetread.paging.sweep import Sweep
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.notifier import Notifier
from wetread.testing.builders import a_decision, a_study, a_vault_instance
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.memory_vault import MemoryVault
from wetread.testing.notifiers import MemoryNotifier
from wetread.triage.escalation import open_critical
from wetread.triage.roster_book import RosterBook

__all__ = ["PATH", "Killed", "World", "roster_text", "wait_of"]

WAITS = {Priority.STAT: 5, Priority.ASAP: 10, Priority.URGENT: 15, Priority.ROUTINE: 30}
_WAIT = {priority: timedelta(minutes=minutes) for priority, minutes in WAITS.items()}
PATH = EscalationPath(
    "default",
    tuple(EscalationStep(duty, _WAIT) for duty in ("primary", "secondary", "team_lead", "everyone")),
    timedelta(minutes=30),
    timedelta(minutes=60),
)
PEOPLE = {"primary": "ann", "secondary": "ben", "team_lead": "cho", "system": "dev"}


def wait_of(result: CriticalResult) -> timedelta:
    return _WAIT[result.priority]


def roster_text(duties: Mapping[str, str] = PEOPLE, *, channels: tuple[str, ...] = ("sms", "email")) -> str:
    """A roster of site 'north' whose duties are always covered by one person each; leave a duty out for a gap without end."""
    lines = ["roster_version: '1'", "people:"]
    for person in sorted({*PEOPLE.values()}):
        contacts = ", ".join(f"{{channel: {channel}, address: '{person}@{channel}.example'}}" for channel in channels)
        lines += [f"  {person}:", f"    name: {person.title()}", f"    contacts: [{contacts}]"]
    lines += ["sites:", "  north:", "    time_zone: Europe/Berlin", "    team: [ann, ben, cho]", "    duties:"]
    for duty, person in duties.items():
        lines += [f"      {duty}:", "        layers:", f"          - people: [{person}]"]
    return "\n".join(lines) + "\n"


class Killed(BaseException):
    """The process dies here: nothing may catch it."""


@dataclass
class Mortal:
    """A database whose process dies at its n-th commit from now: before it counts, or just after; and that can be `away`."""

    inner: Database
    dies_at: tuple[int, str] | None = None
    commits: int = 0
    away: bool = False

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def claim_page(self, *, now: datetime, lease_s: float) -> Page | None:
        self._ask()
        return self.inner.claim_page(now=now, lease_s=lease_s)

    def _ask(self) -> None:
        if self.away:
            raise TransientError("the database does not answer", code="database_unavailable")

    @contextmanager
    def begin(self, *, write: bool = True) -> Iterator[UnitOfWork]:
        self._ask()
        with self.inner.begin(write=write) as unit:
            yield _Dying(unit, self)  # type: ignore[misc]

    def at_commit(self, commit: Callable[[], None]) -> None:
        self.commits += 1
        due = self.dies_at is not None and self.commits == self.dies_at[0]
        if due and self.dies_at is not None and self.dies_at[1] == "before":
            self.dies_at = None
            raise Killed
        commit()
        if due:
            self.dies_at = None
            raise Killed


class _Dying:
    def __init__(self, unit: UnitOfWork, owner: Mortal) -> None:
        self._unit, self._owner = unit, owner

    def __getattr__(self, name: str) -> object:
        return getattr(self._unit, name)

    def commit(self) -> None:
        self._owner.at_commit(self._unit.commit)


@dataclass
class World:
    """`run(seconds)` is the pager running that long, a round a second apart; `second_s` lets long waits pass quickly."""

    folder: Path
    database: Database = field(default_factory=MemoryDatabase)
    text: str = field(default_factory=roster_text)
    clock: FixedClock = field(default_factory=FixedClock)
    channels: dict[str, MemoryNotifier] = field(
        default_factory=lambda: {"sms": MemoryNotifier("sms"), "email": MemoryNotifier("email")}
    )

    def __post_init__(self) -> None:
        self.write_roster(self.text)
        self.mortal = Mortal(self.database)
        self.vault = MemoryVault()
        self.book = RosterBook(self.folder / "roster.yaml", self.folder / "roster.last-good.yaml")
        self.restart()

    def write_roster(self, text: str) -> None:
        (self.folder / "roster.yaml").write_text(text)

    def restart(self) -> None:
        """A new process on the same database."""
        notifiers: dict[str, Notifier] = dict(self.channels)
        self.sweep = Sweep(self.mortal, self.book, {"default": PATH}, self.clock)  # type: ignore[arg-type]
        self.sender = Sender(
            self.mortal,  # type: ignore[arg-type]
            self.vault,
            self.book,
            {"default": PATH},
            notifiers,
            self.clock,
            "https://read.example",
            30.0,
            Pulse(SENDING, self.mortal, self.clock),  # type: ignore[arg-type]
        )

    def open(self, priority: Priority = Priority.STAT, study_key: str = "") -> CriticalResult:
        """A study with a critical result, opened now."""
        changes = {"study_key": study_key, "instance_key": study_key} if study_key else {}
        instance = a_vault_instance(**changes)
        self.vault.admit([instance])
        study = a_study(study_key=instance.study_key)
        decision = a_decision(
            priority=priority, critical=True, escalation_path="default", message="Suspected pneumothorax"
        )
        result = open_critical(study, decision, PATH, self.clock.now())
        with self.database.begin() as unit:
            unit.save_study(study)
            saved = unit.save_critical(result, expected_etag=None)
            unit.commit()
        return saved

    def round(self) -> None:
        """One sweep, then everything that is queued."""
        self.sweep.run_once()
        while (page := self.sender.claim()) is not None:
            self.sender.send(page)

    def run(self, seconds: float, *, step_s: float = 1.0) -> None:
        passed = 0.0
        while passed < seconds:
            self.round()
            self.clock.advance(step_s)
            passed += step_s

    def critical(self, key: str) -> CriticalResult:
        with self.database.begin(write=False) as unit:
            found = unit.critical(key)
        assert found is not None
        return found

    def alarms(self) -> set[str]:
        with self.database.begin(write=False) as unit:
            return {alarm.alarm_key for alarm in unit.alarms()}

    def heard(self) -> list[tuple[str, str, PageMessage]]:
        """Everything every receiver took: (address, key, message), repeats included, a channel at a time."""
        return [(address, key, message) for each in self.channels.values() for message, address, key in each.sent]
