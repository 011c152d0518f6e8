"""Signs of life: the sweep and the sender each show one. Watchers ask only whether they still change, by a steady clock of their own, so that no wall clock can fool them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from wetread.domain.errors import TransientError
from wetread.ports.clock import Clock
from wetread.ports.database import Database

__all__ = ["BEAT_EVERY", "CLOCK", "SENDING", "SIGNS", "SWEEP", "Gone", "Pulse", "SignsSeen", "Vital"]

SWEEP = "escalation"
"""What is due was done."""
SENDING = "sending"
"""A hand was free for a page, and the outbox was asked for one."""
SIGNS = {SWEEP: "critical results are not being escalated", SENDING: "pages are not being sent"}
"""Each sign, and what it means that it is gone."""
CLOCK = "pager_clock"
"""The time by which the pagers of this database have written: marked before the work, so that no row is younger than its mark by more than a moment."""
BEAT_EVERY = timedelta(seconds=5)


@dataclass(slots=True)
class Pulse:
    """Writes one sign, now and then."""

    name: str
    database: Database
    clock: Clock
    _shown_at: datetime | None = None

    def show(self) -> None:
        now = self.clock.now()
        if self._shown_at is not None and abs(now - self._shown_at) < BEAT_EVERY:
            return
        with self.database.begin() as unit:
            unit.beat(self.name, now)
            unit.commit()
        self._shown_at = now


@dataclass(frozen=True, slots=True)
class Gone:
    """A sign that has not changed for `silent_s`; `last` is what it showed, None when it was never seen."""

    name: str
    last: datetime | None
    silent_s: float


@dataclass(slots=True)
class SignsSeen:
    """When each sign last changed. One that is never seen counts from the first look."""

    _last: dict[str, datetime | None] = field(default_factory=dict)
    _changed_s: dict[str, float] = field(default_factory=dict)

    def note(self, beats: Mapping[str, datetime | None], now_s: float) -> None:
        for name in SIGNS:
            beat = beats.get(name)
            if name not in self._changed_s or (beat is not None and beat != self._last[name]):
                self._last[name], self._changed_s[name] = beat, now_s

    def gone(self, after_s: float, now_s: float) -> tuple[Gone, ...]:
        silent = ((name, now_s - changed_s) for name, changed_s in self._changed_s.items())
        return tuple(Gone(name, self._last[name], silent_s) for name, silent_s in silent if silent_s >= after_s)


@dataclass(slots=True)
class Vital:
    """What this process has done lately: it tells the outside that it lives only while it does."""

    steady: Callable[[], float] = time.monotonic
    _done_s: dict[str, float] = field(default_factory=dict)

    def note(self, name: str) -> None:
        self._done_s[name] = self.steady()

    def require(self, within_s: float) -> None:
        """Raises TransientError(code='not_alive') when a part has done nothing for that long, or never."""
        now_s = self.steady()
        for name, meaning in SIGNS.items():
            if now_s - self._done_s.get(name, float("-inf")) > within_s:
                raise TransientError(f"{meaning}: the outside is not told that all is well", code="not_alive")
