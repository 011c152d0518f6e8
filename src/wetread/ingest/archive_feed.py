"""An archive's change feed, one bounded batch after the other: what is new and wanted is brought in, then the cursor moves (law 2).

The cursor is committed after the instances it stands for: who is killed in between asks for the same batch again, and what is here already is not fetched a second time. One
instance that cannot be taken is put aside with its reason; an archive that is away stops the feed where it is.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from wetread.domain.archive import ArchivedInstance, Changes, Unretrieved
from wetread.domain.archive_feed import FeedState, PutAside
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError, TransientError, WetreadError
from wetread.domain.local_day import days_anywhere
from wetread.ingest.archive_inbox import ReceptionInbox, is_own
from wetread.ingest.fault_points import reach
from wetread.ingest.reception import OWN_RESULT, Reception
from wetread.ingest.wanted import Holdings, WantedStudies
from wetread.ports.archive import Archive
from wetread.ports.clock import Clock
from wetread.ports.database import UnitOfWork

__all__ = ["ArchiveFeed", "FeedRound", "Intake", "keep_aside"]

_LOG = logging.getLogger(__name__)
_OF_THE_ARCHIVE = frozenset({"not_authorised", "redirected", "tls_failed", "bad_url", "not_orthanc", "no_change_feed"})
_TRIES = 3


@dataclass
class FeedRound:
    """What became of one batch. `more`: the archive has the next at hand."""

    counts: Counter[str] = field(default_factory=Counter)
    aside: list[PutAside] = field(default_factory=list)
    more: bool = False
    restarted: bool = False


class Intake:
    """Brings single instances of one archive in. Counts: taken, known, own, gone, aside, and unwanted ones by reason."""

    def __init__(
        self, archive: Archive, reception: Reception, holdings: Holdings, wanted: WantedStudies, clock: Clock
    ) -> None:
        self.archive, self.holdings, self.wanted, self.clock = archive, holdings, wanted, clock
        self._reception = reception
        self._broke_off: Counter[str] = Counter()

    @property
    def sender(self) -> str:
        return f"archive:{self.archive.name}"

    def name_of(self, instance: ArchivedInstance) -> str:
        """What it is put aside under: the same whether feed or sweep found it."""
        return self.holdings.name_of(instance)

    def take(self, instance: ArchivedInstance, found: FeedRound) -> None:
        """Raises TransientError where the archive, or we ourselves, cannot go on; PermanentError where it is the archive that must be put right."""
        if self.holdings.has(instance):
            found.counts["known"] += 1
        elif reason := self.wanted.unwanted(instance, days_anywhere(self.clock.now())[0]):
            found.counts[f"unwanted_{reason}"] += 1
        else:
            self.bring(instance, found)

    def bring(self, instance: ArchivedInstance, found: FeedRound) -> None:
        """As `take`, whatever is wanted and here."""
        inbox, name = ReceptionInbox(self._reception, self.sender), self.name_of(instance)
        try:
            retrieved = self.archive.retrieve(instance, inbox)
        except TransientError as error:
            if not self._is_to_blame(name, error):
                raise
            self.put_aside(found, Unretrieved(name, error.code, str(error)))
            return
        except PermanentError as error:
            if error.code in _OF_THE_ARCHIVE:
                raise
            self.put_aside(found, Unretrieved(name, error.code, str(error)))
            return
        self._broke_off.pop(name, None)
        found.counts["taken"] += inbox.taken
        for told in retrieved.failed:
            if told.code == "gone":
                found.counts["gone"] += 1
            else:
                self.put_aside(found, replace(told, locator=name))
        for outcome in inbox.turned_away:
            counted = "own" if is_own(outcome) else "aside"
            self.put_aside(found, Unretrieved(name, outcome.code, outcome.message), counted)

    def _is_to_blame(self, name: str, error: TransientError) -> bool:
        """True when it broke off again and again while the archive answers otherwise: then it is this instance, not the archive."""
        if error.code in ("storage_full", "database_busy"):
            return False
        self._broke_off[name] += 1
        if self._broke_off[name] < _TRIES:
            return False
        try:
            self.archive.identity()
        except WetreadError:
            return False
        del self._broke_off[name]
        return True

    def put_aside(self, found: FeedRound, told: Unretrieved, counted: str = "aside") -> None:
        found.counts[counted] += 1
        found.aside.append(PutAside(self.archive.name, told.locator, told.code, told.reason, self.clock.now()))


class ArchiveFeed:
    """One per archive and process: two would ask for the same batch, and store nothing twice. `alive` is called after each instance, also by a sweep."""

    alive: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, intake: Intake, *, batch: int = 100) -> None:
        self._intake = intake
        self._database = intake.holdings.database
        self._batch = batch

    def state(self) -> FeedState:
        with self._database.begin(write=False) as unit:
            return unit.feed(self._intake.archive.name)

    def poll(self) -> FeedRound:
        """One batch. Raises what the archive raises; then its failing is kept, and the cursor stays."""
        state = self.state()
        try:
            changes = self._intake.archive.changes(state.cursor, self._batch)
            found = self._read(changes)
        except WetreadError as error:
            self.failed(error)
            raise
        reach("feed_before_cursor")
        self._keep(changes, found)
        reach("feed_after_cursor")
        return found

    def failed(self, error: WetreadError) -> None:
        """The archive does not answer, or not as it should: since when, and why."""
        name, now = self._intake.archive.name, self._intake.clock.now()
        with self._database.begin() as unit:
            state = unit.feed(name)
            if state.failing_since is None or state.failure != error.code:
                unit.audit(AuditEvent("archive.fail", self._intake.sender, outcome=error.code), now)
            unit.save_feed(replace(state, failing_since=state.failing_since or now, failure=error.code))
            unit.commit()

    def _read(self, changes: Changes) -> FeedRound:
        found = FeedRound(more=changes.more, restarted=changes.restarted)
        found.counts["gone"] += changes.gone
        for told in changes.unusable:
            self._intake.put_aside(found, told)
        for instance in changes.instances:
            self._intake.take(instance, found)
            self.alive()
        return found

    def _keep(self, changes: Changes, found: FeedRound) -> None:
        name, now = self._intake.archive.name, self._intake.clock.now()
        with self._database.begin() as unit:
            unit.save_feed(replace(unit.feed(name).answered(now), cursor=changes.cursor))
            keep_aside(unit, found, self._intake)
            if found.restarted:
                unit.audit(AuditEvent("archive.restart", self._intake.sender, outcome="database_replaced"), now)
                _LOG.warning(
                    "archive_restarted archive=%s: another database answers there, its feed is read anew", name
                )
            unit.commit()


def keep_aside(unit: UnitOfWork, found: FeedRound, intake: Intake) -> None:
    """What was put aside, each with a record of its own; and what was done, where anything was."""
    now = intake.clock.now()
    for each in found.aside:
        unit.put_aside(each)
        if each.code == OWN_RESULT:
            continue
        unit.audit(AuditEvent("archive.put_aside", intake.sender, outcome=each.code), now)
        _LOG.warning("archive_put_aside archive=%s code=%s", each.archive, each.code)
    done = {name: count for name, count in sorted(found.counts.items()) if count and name != "known"}
    if done:
        facts = tuple((name, str(count)) for name, count in done.items())
        unit.audit(AuditEvent("archive.read", intake.sender, detail=facts), now)
