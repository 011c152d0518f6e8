"""What the critical queue keeps, in the same transaction as everything else: results, pages, alarms, hand-overs and signs of life."""

from datetime import datetime
from typing import Protocol

from wetread.domain.alarm import Alarm
from wetread.domain.critical import CriticalResult
from wetread.domain.identifiers import StudyKey
from wetread.domain.page import Page
from wetread.domain.roster import RosterOverride

__all__ = ["CriticalStore"]


class CriticalStore(Protocol):
    """Part of every unit of work."""

    # critical results
    def save_critical(self, result: CriticalResult, *, expected_etag: int | None) -> CriticalResult:
        """Insert (expected_etag None) or update; returns it with its new etag (first is 1).

        Raises StaleVersion when the etag is not the current one, and PermanentError(code='critical_open') when the study has another result that is not closed.
        """
        ...

    def critical(self, critical_key: str) -> CriticalResult | None: ...
    def critical_of(self, study_key: StudyKey) -> CriticalResult | None:
        """The study's newest result (by opened_at)."""
        ...

    def criticals(self, *, closed: bool = False, limit: int = 500) -> tuple[CriticalResult, ...]:
        """All that are not closed, oldest first; or with `closed` the closed ones, newest first."""
        ...

    def due_criticals(self, now: datetime) -> tuple[CriticalResult, ...]:
        """Those that are `due(now)`, oldest due first."""
        ...

    # pages
    def queue_page(self, page: Page) -> bool:
        """False when a page with this key exists already."""
        ...

    def save_page(self, page: Page) -> None:
        """Update by key, fenced: raises TransientError(code='lease_lost') when `attempt` is not the current one or the page is not QUEUED any more; then nothing of this transaction may be committed."""
        ...

    def pages(self, subject: str) -> tuple[Page, ...]:
        """Oldest first (queued_at, then key)."""
        ...

    # alarms
    def save_alarm(self, alarm: Alarm) -> None:
        """Insert or replace by key."""
        ...

    def alarm(self, alarm_key: str) -> Alarm | None: ...
    def alarms(self, *, cleared: bool = False, limit: int = 500) -> tuple[Alarm, ...]:
        """The open ones, newest first; with `cleared` those that are over."""
        ...

    # hand-overs
    def save_override(self, override: RosterOverride) -> None:
        """Insert or replace by override_id."""
        ...

    def remove_override(self, override_id: str) -> bool: ...
    def overrides(self, *, ends_after: datetime) -> tuple[RosterOverride, ...]:
        """Those that are not over at that time, by starts_at."""
        ...

    # signs of life and clocks
    def beat(self, name: str, now: datetime) -> None:
        """Remember that `name` was alive at `now`, whatever was remembered before."""
        ...

    def last_beat(self, name: str) -> datetime | None: ...
    def pull_forward(self, now: datetime, *, beyond: datetime) -> int:
        """After the clock went back: every open job and queued page that would wait past `beyond` is due at `now` (leases included; the fencing token keeps their holders honest). Returns how many."""
        ...
