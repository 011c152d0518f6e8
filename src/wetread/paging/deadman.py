"""The dead man's switch: runs in another process than the pager, and calls for help when sweep or sender show no sign of life.

It asks only whether the signs still change, by its own steady clock, so that no wall clock can fool it; and it sends by itself, because whoever would
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
from wetread.domain.roster import Responder, RosterOverride
from wetread.monitoring.alarms import Silence, clear_alarm, raise_alarm
from wetread.paging.responders import Responders
from wetread.paging.signs import SIGNS, Gone, SignsSeen
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.notifier import Notifier
from wetread.triage.roster_book import RosterBook

__all__ = ["DeadMan"]

_LOG = logging.getLogger(__name__)
_KEY = "escalation_stopped"
_AGAIN_S = 3600.0
_PATIENCE_S = 5.0


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
    _seen: SignsSeen = field(default_factory=SignsSeen)
    _rung_at: float | None = None
    _overrides: tuple[RosterOverride, ...] = ()
    _asking: threading.Thread | None = None
    _noting: threading.Thread | None = None

    def run(self, stop: threading.Event, *, every_s: float = 5.0) -> None:
        """Until `stop` is set. Nothing ends it: what is wrong with one look is said, and the next is taken."""
        while not stop.wait(every_s):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - who watches for death must not die of a bug; the text could quote data
                _LOG.error("deadman_look_failed error=%s", type(error).__name__)

    def look(self) -> bool:
        """One look; True when it rang. A database that does not answer is no sign of life either."""
        beats, now_s = self._beats(), self.steady()
        self._seen.note(beats, now_s)
        gone = self._seen.gone(self.after_s, now_s)
        if not gone:
            self._alive()
            return False
        if self._rung_at is not None and now_s - self._rung_at < _AGAIN_S:
            return False
        self._ring(gone)
        self._rung_at = now_s
        return True

    def _beats(self) -> dict[str, datetime | None]:
        """The newest signs. A database that hangs is waited for a moment, once: until it answers, no sign is seen."""
        beats: dict[str, datetime | None] = {}
        if self._asking is None or not self._asking.is_alive():
            self._asking = threading.Thread(target=self._ask, args=(beats,), name="deadman ask", daemon=True)
            self._asking.start()
            self._asking.join(_PATIENCE_S)
        return dict(beats)

    def _ask(self, beats: dict[str, datetime | None]) -> None:
        """The hand-overs in force are noted too, while the database still answers."""
        try:
            with self.database.begin(write=False) as unit:
                self._overrides = unit.overrides(ends_after=self.clock.now())
                beats.update({name: unit.last_beat(name) for name in SIGNS})
        except Exception as error:  # noqa: BLE001 - whatever keeps us from looking, no sign was seen
            _LOG.warning("deadman_cannot_look error=%s", type(error).__name__)

    def _people(self) -> tuple[Responder, ...]:
        """Who is called: by the roster as it is now and the hand-overs that were seen last."""
        roster, problem = self.book.current()
        return Responders(roster, self._overrides, problem).technical("", self.clock.now())

    def _alive(self) -> None:
        rang, self._rung_at = self._rung_at is not None, None
        if rang:
            _LOG.warning("escalation_is_back")
            self._note(None)

    def _ring(self, gone: tuple[Gone, ...]) -> None:
        people = self._people()
        what = "; ".join(f"{SIGNS[each.name]}, no sign of life for {each.silent_s:.0f} s" for each in gone)
        text = f"{what}. Watch the worklist and restart wetread's pager"
        _LOG.error("escalation_stopped signs=%s people=%d", ",".join(each.name for each in gone), len(people))
        message = PageMessage(
            "wetread alarm: escalation has stopped", text, f"{self.link_base}/alarms", Priority.STAT, "", None, 0, self.clock.now()
        )  # fmt: skip
        death = "/".join(f"{each.name}/{each.last}" for each in gone)
        for person in people:
            self._call(person, message, death)
        self._note(Silence(AlarmKind.ESCALATION_STOPPED, _KEY, "", text, pages=False))

    def _call(self, person: Responder, message: PageMessage, death: str) -> None:
        """The first channel that takes it. Two watchers that ring for the same death send the same key."""
        for contact in person.contacts:
            notifier = self.notifiers.get(contact.channel)
            if notifier is None:
                continue
            key = idempotency_key(f"{_KEY}/{death}/{person.person_id}", contact.channel)
            try:
                notifier.send(message, contact.address, key)
            except WetreadError as error:
                _LOG.error("deadman_channel_failed channel=%s code=%s", contact.channel, error.code)
            else:
                return
        _LOG.error("deadman_nobody_heard person=%s", person.person_id)

    def _note(self, silence: Silence | None) -> None:
        """Show it on the screens too, as far as the database can."""
        if self._noting is None or not self._noting.is_alive():
            self._noting = threading.Thread(target=self._save, args=(silence,), name="deadman note", daemon=True)
            self._noting.start()
            self._noting.join(_PATIENCE_S)

    def _save(self, silence: Silence | None) -> None:
        try:
            with self.database.begin() as unit:
                now = self.clock.now()
                if silence is None:
                    clear_alarm(unit, _KEY, now)
                else:
                    raise_alarm(unit, silence, now)
                unit.commit()
        except Exception as error:  # noqa: BLE001 - people have been called by now
            _LOG.warning("deadman_cannot_note error=%s", type(error).__name__)
