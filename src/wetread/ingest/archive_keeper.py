"""What a process does for one archive, turn by turn: ask what it can do once a week, read its feed to the end, sweep now and then; and leave it alone while it does not answer."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from wetread.domain.acting_from import acting_from
from wetread.domain.archive_feed import ArchiveProbe, FeedState
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import WetreadError
from wetread.domain.resting import Resting
from wetread.ingest.archive_feed import ArchiveFeed
from wetread.ingest.archive_sweep import ArchiveSweep
from wetread.ports.archive import Archive
from wetread.ports.archive_store import ARCHIVE_BEAT
from wetread.ports.clock import Clock
from wetread.ports.database import Database

__all__ = ["ArchiveKeeper", "Rhythm", "probe_archive"]

_LOG = logging.getLogger(__name__)
_PROBED_FOR = timedelta(days=7)
_BEAT_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often. `poll_s` 0: there is no feed. `sweep_days` is what a sweep looks back; `sweeps` false: there is none."""

    poll_s: float
    sweep_every_s: float
    sweeps: bool = True


class ArchiveKeeper:
    """One per archive, on one thread. `address`: where it is, for the audit."""

    def __init__(
        self,
        archive: Archive,
        feed: ArchiveFeed,
        sweep: ArchiveSweep,
        database: Database,
        clock: Clock,
        rhythm: Rhythm,
        now_s: Callable[[], float] = time.monotonic,
        address: Callable[[], str] = lambda: "",
    ) -> None:
        self._archive, self._feed, self._sweep = archive, feed, sweep
        self._database, self._clock, self._rhythm = database, clock, rhythm
        self._now_s, self._resting = now_s, Resting(now_s)
        self._polled_s: float | None = None
        self._beat_s: float | None = None
        self._address = address
        feed.alive = self._show_life

    def is_resting(self) -> bool:
        return self._resting.rests

    def turn(self) -> bool:
        """Do what is due; True when something was. Never raises for what an archive does."""
        self._show_life()
        if self._resting.rests:
            return False
        try:
            with acting_from(self._address()):
                probe, state = self._kept()
                worked = self._probe_if_due(probe) or self._poll_if_due(state) or self._sweep_if_due(state)
        except WetreadError as error:
            _LOG.warning("archive_waits archive=%s code=%s", self._archive.name, error.code)
            self._resting.failed()
            self._polled_s = self._now_s()
            return False
        if worked:
            self._resting.answered()
        return worked

    def _show_life(self) -> None:
        """For the watch over silence, and no oftener than it needs."""
        now_s = self._now_s()
        if self._beat_s is not None and now_s - self._beat_s < _BEAT_EVERY_S:
            return
        with self._database.begin() as unit:
            unit.beat(f"{ARCHIVE_BEAT}{self._archive.name}", self._clock.now())
            unit.commit()
        self._beat_s = now_s

    def _probe_if_due(self, last: ArchiveProbe | None) -> bool:
        if last is not None and self._clock.now() - last.probed_at < _PROBED_FOR:
            return False
        try:
            probe_archive(self._archive, self._database, self._clock)
        except WetreadError as error:
            self._feed.failed(error)
            raise
        return True

    def _poll_if_due(self, state: FeedState) -> bool:
        rhythm = self._rhythm
        due = self._polled_s is None or self._now_s() - self._polled_s >= rhythm.poll_s or _is_hinted(state)
        if not rhythm.poll_s or not due:
            return False
        self._hint_taken(state)
        more = self._feed.poll().more
        self._polled_s = None if more else self._now_s()
        return True

    def _sweep_if_due(self, state: FeedState) -> bool:
        every = timedelta(seconds=self._rhythm.sweep_every_s)
        due = state.swept_at is None or self._clock.now() - state.swept_at >= every
        hinted = not self._rhythm.poll_s and _is_hinted(state)
        if not self._rhythm.sweeps or not (due or state.sweep_day or hinted):
            return False
        if hinted:
            self._hint_taken(state)
        self._sweep.step()
        return True

    def _hint_taken(self, state: FeedState) -> None:
        """Before the archive is asked: a hint that comes meanwhile is another."""
        if not _is_hinted(state):
            return
        with self._database.begin() as unit:
            unit.save_feed(replace(unit.feed(self._archive.name), hinted_at=None))
            unit.commit()

    def _kept(self) -> tuple[ArchiveProbe | None, FeedState]:
        """One look for the whole turn: nothing of it changes before something was due."""
        with self._database.begin(write=False) as unit:
            return unit.probe(self._archive.name), unit.feed(self._archive.name)


def probe_archive(archive: Archive, database: Database, clock: Clock) -> ArchiveProbe:
    """Asks who the archive is and what it can do, and keeps it with the time. Raises what the archive raises."""
    who, found = archive.identity(), tuple(archive.capabilities())
    probe = ArchiveProbe(archive.name, who.product, who.version, clock.now(), found)
    with database.begin() as unit:
        unit.save_probe(probe)
        unit.audit(AuditEvent("archive.probe", f"archive:{archive.name}"), probe.probed_at)
        unit.commit()
    return probe


def _is_hinted(state: FeedState) -> bool:
    return state.hinted_at is not None
