"""The dead man's switch: runs in another process than the sweep, and calls for help when the sweep shows no sign of life.

It asks only whether the sign still changes, by its own steady clock, so that no wall clock can fool it; and it sends by itself, because whoever would
send for it is what has stopped. What watches this one is outside: the ping that a live sweep sends (setting deadman_ping_url).
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from wetread.domain.alarm import AlarmKind
from wetread.domain.errors import WetreadError
from wetread.domain.page import PageMessage, idempotency_key
from wetread.domain.priority import Priority
from wetread.domain.roster import Responder
from wetread.monitoring.alarms import Silence, clear_alarm, raise_alarm
from wetread.paging.responders import Responders
from wetread.paging.sweep import BEAT
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.notifier import Notifier
from wetread.triage.roster_book import RosterBook

__all__ = ["DeadMan"]

_LOG = logging.getLogger(__name__)
_KEY = "escalation_stopped"
_AGAIN_S = 3600.0


@dataclass(slots=True)
class DeadMan:
    """`after_s` without a new sign of life is death; it rings then, and hourly while it lasts."""

    database: Database
    book: RosterBook
    notifiers: Mapping[str, Notifier]
    clock: Clock
    after_s: float
    link_base: str
    steady: Callable[[], float] = time.monotonic
    _seen: datetime | None = None
    _changed_at: float | None = None
    _rung_at: float | None = None
    _people: tuple[Responder, ...] = field(default=())

    def run(self, stop: threading.Event, *, every_s: float = 5.0) -> None:
        while not stop.wait(every_s):
            self.look()

    def look(self) -> bool:
        """One look; True when it rang. A database that does not answer is no sign of life either."""
        beat = self._last_beat()
        now_s = self.steady()
        if self._changed_at is None or (beat is not None and beat != self._seen):
            self._alive(beat, now_s)
            return False
        silent_s = now_s - self._changed_at
        if silent_s < self.after_s or (self._rung_at is not None and now_s - self._rung_at < _AGAIN_S):
            return False
        self._rung_at = now_s
        self._ring(silent_s)
        return True

    def _last_beat(self) -> datetime | None:
        """The newest sign; the people to call are noted while the database still answers."""
        try:
            now = self.clock.now()
            with self.database.begin(write=False) as unit:
                self._people = Responders.read(self.book, unit, now).technical("", now)
                return unit.last_beat(BEAT)
        except WetreadError as error:
            _LOG.warning("deadman_cannot_look code=%s", error.code)
            return None

    def _alive(self, beat: datetime | None, now_s: float) -> None:
        rang, self._rung_at = self._rung_at is not None, None
        self._seen, self._changed_at = beat, now_s
        if rang:
            _LOG.warning("escalation_is_back")
            self._note(None)

    def _ring(self, silent_s: float) -> None:
        text = f"critical results are not being escalated: no sign of life for {silent_s:.0f} s. Watch the worklist and restart wetread's pager"
        _LOG.error("escalation_stopped silent_s=%.0f people=%d", silent_s, len(self._people))
        self._note(Silence(AlarmKind.ESCALATION_STOPPED, _KEY, "", text, pages=False))
        message = PageMessage(
            "wetread alarm: escalation has stopped", text, f"{self.link_base}/alarms", Priority.STAT, "", None, 0, self.clock.now()
        )  # fmt: skip
        for person in self._people:
            self._call(person, message)

    def _call(self, person: Responder, message: PageMessage) -> None:
        """The first channel that takes it. Two watchers that ring for the same death send the same key."""
        for contact in person.contacts:
            notifier = self.notifiers.get(contact.channel)
            if notifier is None:
                continue
            try:
                notifier.send(
                    message,
                    contact.address,
                    idempotency_key(f"{_KEY}/{self._seen}/{person.person_id}", contact.channel),
                )
            except WetreadError as error:
                _LOG.error("deadman_channel_failed channel=%s code=%s", contact.channel, error.code)
            else:
                return
        _LOG.error("deadman_nobody_heard person=%s", person.person_id)

    def _note(self, silence: Silence | None) -> None:
        """Show it on the screens too, as far as the database can."""
        try:
            with self.database.begin() as unit:
                now = self.clock.now()
                if silence is None:
                    clear_alarm(unit, _KEY, now)
                else:
                    raise_alarm(unit, silence, now)
                unit.commit()
        except WetreadError as error:
            _LOG.warning("deadman_cannot_note code=%s", error.code)
