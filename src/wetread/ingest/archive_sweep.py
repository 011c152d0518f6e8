"""The reconciling sweep: what does an archive have of the last days that is not here? Day by day, each kept when it is done, so that a sweep goes on where it was stopped.

Where the archive has a change feed, what only the sweep found is a fault of the feed and is said. Where it has none, the sweep is how films come.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from wetread.domain.archive import ArchivedInstance, ArchivedStudy, StudyQuery
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import WetreadError
from wetread.domain.local_day import days_anywhere
from wetread.ingest.archive_feed import ArchiveFeed, FeedRound, Intake, keep_aside
from wetread.ingest.fault_points import reach

__all__ = ["ArchiveSweep", "SweptDay", "swept_days"]

_MOST_STUDIES = 2000


def swept_days(now: datetime, days: int) -> tuple[date, date]:
    """The first and the last day of a sweep of the last `days`, 1 or more, wherever the archive stands."""
    first, last = days_anywhere(now)
    return first - timedelta(days=days - 1), last


@dataclass(frozen=True, slots=True)
class SweptDay:
    """One day of an archive: how many studies it lists, what of them is wanted and not here, and whether the list was whole."""

    day: date
    studies: int
    missing: tuple[ArchivedInstance, ...]
    complete: bool


class ArchiveSweep:
    """`feeds`: the archive also has a change feed, which is read to its end before anything counts as missed."""

    def __init__(self, intake: Intake, feed: ArchiveFeed, *, days: int, feeds: bool) -> None:
        self._intake, self._feed, self._days, self._feeds = intake, feed, days, feeds
        self._database = intake.holdings.database

    def step(self) -> bool:
        """The next day of a sweep; True when it was the last. Raises what the archive raises; that day is then looked at again."""
        state = self._feed.state()
        first, last = swept_days(self._intake.clock.now(), self._days)
        day = max(date.fromisoformat(state.sweep_day), first) if state.sweep_day else first
        try:
            swept, found = self._sweep(day)
        except WetreadError as error:
            self._feed.failed(error)
            raise
        reach("sweep_before_commit")
        self._keep(swept, found, last=day >= last)
        return day >= last

    def look(self, day: date) -> SweptDay:
        """Without bringing anything in."""
        studies: dict[str, ArchivedStudy] = {}
        complete = True
        for modality in sorted(self._intake.wanted.modalities) or [""]:
            listed = self._intake.archive.studies(
                StudyQuery(taken_from=day, taken_until=day, modality=modality), _MOST_STUDIES
            )
            complete &= listed.complete
            studies |= {each.study_instance_uid: each for each in listed.studies}
        aside = self._aside()
        missing = [
            each
            for study in studies.values()
            for each in self._missing(study)
            if self._intake.name_of(each) not in aside
        ]
        return SweptDay(day, len(studies), tuple(missing), complete)

    def _missing(self, study: ArchivedStudy) -> tuple[ArchivedInstance, ...]:
        """A study of which as much is here as the archive says it has costs no further question."""
        intake = self._intake
        here = intake.holdings.number_of(study.study_instance_uid)
        if 0 < study.number_of_instances <= here:
            return ()
        listed = intake.archive.instances(study.study_instance_uid)
        self._feed.alive()
        today, _ = days_anywhere(intake.clock.now())
        return intake.holdings.missing(each for each in listed if not intake.wanted.unwanted(each, today))

    def _sweep(self, day: date) -> tuple[SweptDay, FeedRound]:
        swept, found = self.look(day), FeedRound()
        if swept.missing and self._feeds:
            while self._feed.poll().more:
                pass
        still = self._intake.holdings.missing(swept.missing)
        for each in still:
            self._intake.bring(each, found)
            self._feed.alive()
        return replace(swept, missing=still), found

    def _keep(self, swept: SweptDay, found: FeedRound, *, last: bool) -> None:
        now, name = self._intake.clock.now(), self._intake.archive.name
        with self._database.begin() as unit:
            state = unit.feed(name).answered(now)
            missed = state.sweep_missed + (found.counts["taken"] if self._feeds else 0)
            incomplete = state.sweep_incomplete + (not swept.complete)
            if last:
                facts = (("missed", str(missed)), ("incomplete_days", str(incomplete)))
                outcome = "missed" if missed else "incomplete" if incomplete else "success"
                unit.audit(AuditEvent("archive.sweep", self._intake.sender, outcome=outcome, detail=facts), now)
                state = replace(state, missed=missed, incomplete=incomplete, swept_at=now)
                unit.save_feed(replace(state, sweep_day="", sweep_missed=0, sweep_incomplete=0))
            else:
                tomorrow = (swept.day + timedelta(days=1)).isoformat()
                unit.save_feed(replace(state, sweep_day=tomorrow, sweep_missed=missed, sweep_incomplete=incomplete))
            keep_aside(unit, found, self._intake)
            unit.commit()

    def _aside(self) -> frozenset[str]:
        with self._database.begin(write=False) as unit:
            return frozenset(each.name for each in unit.put_asides(self._intake.archive.name))
