"""The sweep: every second, whatever is due is done: next steps of critical results, pages of alarms, and what a clock that went back left waiting.

Any process may sweep and several may at once: each decision is read, made and written inside one write transaction.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from wetread.domain.alarm import Alarm, AlarmKind
from wetread.domain.audit import AuditEvent
from wetread.domain.critical import CriticalResult, EscalationPath
from wetread.domain.errors import TransientError
from wetread.domain.page import Page, page_key
from wetread.domain.role import SERVICE
from wetread.ingest.fault_points import reach
from wetread.monitoring.alarms import PAGE_EVERY, Silence, clear_alarm, paged, raise_alarm
from wetread.paging.responders import Responders
from wetread.paging.signs import BEAT_EVERY, CLOCK, SWEEP
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.triage.escalation import Escalation, Trouble, escalate, rearm
from wetread.triage.roster_book import RosterBook

__all__ = ["CLOCK_TOLERANCE", "Sweep", "alarm_subject", "gap_key", "path_of"]

_LOG = logging.getLogger(__name__)

CLOCK_TOLERANCE = timedelta(seconds=60)
"""Clocks of one installation differ by less; a beat further in the future than this means that the clock went back."""
_CLOCK_KEY = "clock_went_back"
_BELIEVED_AFTER = timedelta(days=1)
_NEAR = timedelta(minutes=2)
"""Leases and short pauses end within this; pulling those would only take work from its living holders."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """`paths` are the escalation paths of the policy in force."""

    database: Database
    book: RosterBook
    paths: Mapping[str, EscalationPath]
    clock: Clock

    def run_once(self) -> int:
        """Do what is due; returns how many results and alarms were due. One that cannot be moved on (a bug, a bad row) never keeps the others waiting."""
        now = self.clock.now()
        with self.database.begin(write=False) as unit:
            marked, beat = unit.last_beat(CLOCK), unit.last_beat(SWEEP)
        if marked is not None and now < marked - CLOCK_TOLERANCE:
            self._clock_went_back(now, marked)
        elif marked is None or now - marked >= BEAT_EVERY:
            self._mark(now)
        with self.database.begin(write=False) as unit:
            due = [result.critical_key for result in unit.due_criticals(now)]
            ringing = [alarm.alarm_key for alarm in unit.alarms() if _must_ring(alarm, now)]
        for key in due:
            self._guarded(key, partial(self._escalate, key, now), now)
        for key in ringing:
            self._guarded(key, partial(self._ring, key, now), now)
        if beat is None or abs(now - beat) >= BEAT_EVERY:
            self._beat(SWEEP, now)
        return len(due) + len(ringing)

    def _guarded(self, key: str, act: Callable[[], None], now: datetime) -> None:
        try:
            act()
        except TransientError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one result, the others must be escalated, and this one must be seen
            _LOG.error("escalation_failed subject=%s error=%s", key, type(error).__name__)
            self._say(
                Silence(
                    AlarmKind.ESCALATION_STOPPED,
                    _stopped_key(key),
                    "",
                    f"{key} cannot be escalated ({type(error).__name__}): tell the people on call by hand",
                    pages=not key.startswith("escalation_stopped"),
                ),
                now,
            )

    def _say(self, silence: Silence, now: datetime) -> None:
        with self.database.begin() as unit:
            raise_alarm(unit, silence, now)
            unit.commit()

    def _beat(self, name: str, now: datetime) -> None:
        with self.database.begin() as unit:
            unit.beat(name, now)
            unit.commit()

    def _mark(self, now: datetime) -> None:
        """The time, before anything is written by it. A clock that has gone forward for a day is believed again."""
        with self.database.begin() as unit:
            unit.beat(CLOCK, now)
            alarm = unit.alarm(_CLOCK_KEY)
            if alarm is not None and now - alarm.last_seen_at > _BELIEVED_AFTER:
                clear_alarm(unit, _CLOCK_KEY, now)
            unit.commit()

    def _escalate(self, key: str, now: datetime) -> None:
        with self.database.begin() as unit:
            result = unit.critical(key)
            if result is None or not result.due(now):
                return
            responders = Responders.read(self.book, unit, now)
            path = path_of(self.paths, result.path)
            taken = result.acknowledgement
            holder = responders.person(taken.actor_id) if taken else None
            done = escalate(result, path, responders.at(result.site, now), now, holder=holder)
            _write(unit, result, done, responders, now)
            reach("escalate_before_commit")
            unit.commit()
        reach("escalate_after_commit")

    def _ring(self, key: str, now: datetime) -> None:
        """Queue the pages of an alarm. Nobody to page leaves it due: the next sweep tries again."""
        with self.database.begin() as unit:
            alarm = unit.alarm(key)
            if alarm is None or not _must_ring(alarm, now):
                return
            subject = alarm_subject(key)
            step = max((page.step for page in unit.pages(subject)), default=-1) + 1
            people = Responders.read(self.book, unit, now).technical(alarm.site, now)
            for each in people:
                unit.queue_page(
                    Page(
                        page_key(subject, step, each.person_id),
                        subject,
                        None,
                        alarm.site,
                        each.person_id,
                        step,
                        now,
                        now,
                    )
                )
            if people:
                unit.save_alarm(paged(alarm, now))
                unit.audit(
                    AuditEvent("alarm.page", SERVICE.actor_id, detail=(("alarm", key), ("step", str(step)))), now
                )
                unit.commit()

    def _clock_went_back(self, now: datetime, last: datetime) -> None:
        """Everything that waits for a time of the lost future is brought near; nothing is forgotten, at worst something comes early."""
        back_s = (last - now).total_seconds()
        _LOG.error("clock_went_back by_s=%.0f", back_s)
        message = (
            f"the clock went back by {back_s:.0f} s: everything that waited was made due; check time synchronisation"
        )
        with self.database.begin() as unit:
            pulled = unit.pull_forward(now, beyond=now + _NEAR)
            for result in unit.criticals(limit=100_000):
                unit.save_critical(rearm(result, path_of(self.paths, result.path), now), expected_etag=result.etag)
            raise_alarm(unit, Silence(AlarmKind.CLOCK_WENT_BACK, _CLOCK_KEY, "", message, pages=False), now)
            facts = (("back_s", f"{back_s:.0f}"), ("pulled_forward", str(pulled)))
            unit.audit(AuditEvent("clock.went_back", SERVICE.actor_id, detail=facts), now)
            unit.beat(CLOCK, now)
            unit.commit()


def _write(unit: UnitOfWork, before: CriticalResult, done: Escalation, responders: Responders, now: datetime) -> None:
    unit.save_critical(done.result, expected_etag=before.etag)
    for page in done.pages:
        unit.queue_page(page)
    for trouble in done.troubles:
        pages = responders.expected(before.site, trouble.duty)
        raise_alarm(unit, _silence(trouble, before.site, pages=pages), now)
    if done.pages:
        clear_alarm(unit, _nobody_key(before.site), now)
    clear_alarm(unit, _stopped_key(before.critical_key), now)
    facts = (("critical", before.critical_key), ("step", str(done.result.step)), ("paged", str(len(done.pages))))
    unit.audit(AuditEvent("critical.escalate", SERVICE.actor_id, study_key=before.study_key, detail=facts), now)


def _silence(trouble: Trouble, site: str, *, pages: bool) -> Silence:
    key = gap_key(site, trouble.duty) if trouble.kind is AlarmKind.ROSTER_GAP else _nobody_key(site)
    return Silence(trouble.kind, key, site, trouble.message, pages)


def gap_key(site: str, duty: str) -> str:
    """The alarm key of a roster gap, seen ahead or met while escalating."""
    return f"roster_gap:{site}:{duty}"


def _stopped_key(subject: str) -> str:
    return f"escalation_stopped:{subject}"


def _nobody_key(site: str) -> str:
    return f"nobody_to_page:{site}"


def alarm_subject(alarm_key: str) -> str:
    """The subject of an alarm's pages; critical keys never begin so."""
    return f"alarm:{alarm_key}"


def path_of(paths: Mapping[str, EscalationPath], name: str) -> EscalationPath:
    """The named path, or the first one when a newer policy does not have it any more."""
    return paths.get(name) or paths.get("default") or next(iter(paths.values()))


def _must_ring(alarm: Alarm, now: datetime) -> bool:
    """Due, or due so far ahead that the clock must have gone back since."""
    if not alarm.is_open or alarm.next_page_at is None:
        return False
    return alarm.next_page_at <= now or alarm.next_page_at > now + PAGE_EVERY + CLOCK_TOLERANCE
