"""One round of the watch over silent failures: read what the database counts, judge it, raise and clear the alarms."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from wetread.domain.alarm import AlarmKind
from wetread.domain.errors import TransientError
from wetread.monitoring.alarms import Silence, settle
from wetread.monitoring.archives import archives_stand
from wetread.monitoring.backups import BACKUP, backup_missing
from wetread.monitoring.certificates import certificates_end
from wetread.monitoring.neighbours import Neighbour, neighbours_stand
from wetread.monitoring.night import unfinished_night
from wetread.monitoring.rules import rule_notes, rule_silences
from wetread.monitoring.scores import equal_scores, score_notes
from wetread.monitoring.silence import LOOK_BACK, YOUNG_DAYS, Judgement, Verdict, judge, silences
from wetread.monitoring.standstill import (
    UNMOVED,
    commitments_untold,
    critical_overdue,
    dead_letters,
    nothing_moves,
    nothing_routed,
    nothing_scored,
    patients_in_doubt,
)
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.watch_store import ArrivalCount

__all__ = ["BEAT", "Limits", "Round", "Watch", "WatchedPolicy"]

_LOG = logging.getLogger(__name__)
_K = AlarmKind

BEAT = "silence_watch"
"""The name under which each round shows that it was made."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """When something counts as silent. The false alarms aimed at are those of each statistical check (arrivals, rules), per site and week."""

    false_alarms_per_week: float = 1.0 / 52
    waiting: timedelta = timedelta(minutes=30)
    acknowledging: timedelta = timedelta(minutes=60)
    in_a_row: int = 20
    always_after: int = 100
    archive_silent: timedelta = timedelta(minutes=15)
    decisions: int = 2000
    reads: int = 200
    backup: timedelta = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class WatchedPolicy:
    """The policy in force: its version and the rules that can fire here."""

    version: str
    rule_ids: tuple[str, ...]


@dataclass(slots=True)
class Round:
    """What one round found. `kinds` are the alarms it could judge; `notes` say what is not watched yet, or is only worth knowing."""

    silences: list[Silence] = field(default_factory=list)
    kinds: frozenset[AlarmKind] = frozenset({_K.WATCH_FAILED})
    notes: list[str] = field(default_factory=list)
    sources: tuple[Judgement, ...] = ()


class Watch:
    """`zone_of` gives a site's time zone; `policy` the policy in force; `archives`, `neighbours` and the ends of our `certificates` are those of the settings. Keeps the hourly counts of arrivals between rounds, so that a round reads the newest hours only."""

    def __init__(
        self,
        database: Database,
        zone_of: Callable[[str], tzinfo],
        policy: Callable[[], WatchedPolicy],
        limits: Limits | None = None,
        archives: Sequence[str] = (),
        neighbours: Sequence[Neighbour] = (),
        certificates: Callable[[], Iterable[tuple[str, datetime]]] = tuple,
    ) -> None:
        self._neighbours, self._certificates = neighbours, certificates
        self._archives = archives
        self._database = database
        self._zone_of = zone_of
        self._policy = policy
        self._limits = limits or Limits()
        self._arrivals: dict[tuple[datetime, str, str], ArrivalCount] = {}
        self._looked_at: datetime | None = None

    def run_once(self, now: datetime) -> Round:
        """Look, then make the open alarms what was found. Idempotent; raises TransientError when the database is away."""
        found = self.look(now)
        with self._database.begin() as unit:
            settle(unit, found.silences, found.kinds, now)
            unit.beat(BEAT, now)
            unit.commit()
        return found

    def look(self, now: datetime, *, ahead: bool = False) -> Round:
        """Judge without changing anything; `ahead` also says when each source's silence would be noticed.

        A check that breaks is itself an alarm, leaves the alarms of its kinds as they are and never keeps the others from looking.
        """
        found = Round()
        with self._database.begin(write=False) as unit:
            for name, kinds, check in self._checks(ahead=ahead):
                try:
                    found.silences += check(unit, now, found)
                    found.kinds |= kinds
                except TransientError:
                    raise
                except Exception as error:  # noqa: BLE001 - a bug in one check must be seen and must not blind the others
                    _LOG.error("watch_failed check=%s error=%s", name, type(error).__name__)
                    found.silences.append(_failed(name, error))
        return found

    def _checks(self, *, ahead: bool) -> tuple["_Check", ...]:
        def arriving(unit: UnitOfWork, now: datetime, found: Round) -> Sequence[Silence]:
            return self._arriving(unit, now, found, ahead=ahead)

        return (
            ("critical results", frozenset({_K.CRITICAL_OVERDUE}), _criticals),
            ("patients in doubt", frozenset({_K.PATIENT_IN_DOUBT}), _doubts),
            ("arrivals", frozenset({_K.NOTHING_ARRIVES}), arriving),
            ("routing", frozenset({_K.NOTHING_ROUTED, _K.DEAD_LETTERS}), self._routed),
            ("archives", frozenset({_K.ARCHIVE_STANDS, _K.ARCHIVE_MISSED}), self._other_archives),
            ("neighbours", frozenset({_K.NEIGHBOUR_STANDS}), self._other_neighbours),
            ("commitments", frozenset({_K.COMMITMENT_UNTOLD}), _untold),
            ("reading", frozenset({_K.NOTHING_READ, _K.SCORES_ALL_EQUAL}), self._read),
            ("backups", frozenset({_K.BACKUP_MISSING}), self._backups),
            ("certificates", frozenset({_K.CERTIFICATE_ENDS}), self._end_of_certificates),
            ("live monitoring", frozenset(), _quality),
            ("rules", frozenset({_K.RULE_NEVER_FIRES, _K.RULE_ALWAYS_FIRES}), self._rules),
        )

    def _arriving(self, unit: UnitOfWork, now: datetime, found: Round, *, ahead: bool) -> Sequence[Silence]:
        self._refresh(unit, now)
        found.sources = judge(
            self._arrivals.values(),
            now,
            self._zone_of,
            false_alarms_per_week=self._limits.false_alarms_per_week,
            look_ahead=ahead,
        )
        found.notes += [_young(each) for each in found.sources if each.verdict is Verdict.YOUNG]
        if not found.sources:
            found.notes.append("arrivals are not yet judged: nothing has ever arrived")
        return silences(found.sources, now)

    def _refresh(self, unit: UnitOfWork, now: datetime) -> None:
        """Read the hours that may have changed since the last round; all of them at first, and after the clock went back."""
        oldest = since = _hour(now - LOOK_BACK)
        if self._looked_at is not None and oldest < self._looked_at <= now:
            since = _hour(self._looked_at) - _HOUR
        kept = {key: each for key, each in self._arrivals.items() if oldest <= each.hour < since}
        self._arrivals = kept | {(each.hour, each.site, each.modality): each for each in unit.arrivals(since)}
        self._looked_at = now

    def _read(self, unit: UnitOfWork, now: datetime, found: Round) -> Sequence[Silence]:
        reads = unit.recent_reads(self._limits.reads)
        found.notes += score_notes(reads)
        waiting = unit.waiting_studies(now - self._limits.waiting, UNMOVED)
        n = self._limits.in_a_row
        return (*nothing_moves(waiting, now), *nothing_scored(reads, in_a_row=n), *equal_scores(reads, in_a_row=n))

    def _routed(self, unit: UnitOfWork, now: datetime, _: Round) -> Sequence[Silence]:
        late = nothing_routed(unit.open_deliveries(), now, within=self._limits.acknowledging)
        return (*late, *dead_letters(unit.dead_jobs()))

    def _other_archives(self, unit: UnitOfWork, now: datetime, _: Round) -> Sequence[Silence]:
        return archives_stand(unit, self._archives, now, within=self._limits.archive_silent)

    def _other_neighbours(self, unit: UnitOfWork, now: datetime, _: Round) -> Sequence[Silence]:
        return neighbours_stand(unit, self._neighbours, now, within=self._limits.archive_silent)

    def _backups(self, unit: UnitOfWork, now: datetime, found: Round) -> Sequence[Silence]:
        last = unit.last_beat(BACKUP)
        if last is None:
            found.notes.append("backups are not watched: none was made by `wetread backup`")
        return backup_missing(last, now, self._limits.backup) if self._limits.backup else ()

    def _end_of_certificates(self, _: UnitOfWork, now: datetime, __: Round) -> Sequence[Silence]:
        return certificates_end(self._certificates(), now)

    def _rules(self, unit: UnitOfWork, _: datetime, found: Round) -> Sequence[Silence]:
        fired, policy = unit.recent_decisions(self._limits.decisions), self._policy()
        found.notes += rule_notes(fired, policy.version, policy.rule_ids)
        return rule_silences(
            fired,
            policy.version,
            policy.rule_ids,
            false_alarms_per_week=self._limits.false_alarms_per_week,
            always_after=self._limits.always_after,
        )


_Check = tuple[str, frozenset[AlarmKind], Callable[[UnitOfWork, datetime, Round], Sequence[Silence]]]


def _criticals(unit: UnitOfWork, now: datetime, _: Round) -> Sequence[Silence]:
    return critical_overdue(unit.criticals(limit=10_000), now)


def _doubts(unit: UnitOfWork, now: datetime, _: Round) -> Sequence[Silence]:
    return patients_in_doubt(((each, unit.study(each.study_key)) for each in unit.open_holds(10_000)), now)


def _untold(unit: UnitOfWork, _now: datetime, _: Round) -> Sequence[Silence]:
    return commitments_untold(unit.owed_totals())


def _quality(unit: UnitOfWork, now: datetime, _: Round) -> Sequence[Silence]:
    return unfinished_night(unit, now)


def _hour(time: datetime) -> datetime:
    return time.replace(minute=0, second=0, microsecond=0)


def _young(judged: Judgement) -> str:
    source = f"{judged.modality} at site {judged.site}" if judged.modality else f"site {judged.site}"
    few = "too few studies" if judged.days >= YOUNG_DAYS else f"{judged.days} of {YOUNG_DAYS} complete days of history"
    return f"arrivals of {source} are not yet judged: {few}"


def _failed(name: str, error: Exception) -> Silence:
    message = f"the watch over {name} failed ({type(error).__name__}): nobody watches that now; report it with the log line watch_failed"
    return Silence(_K.WATCH_FAILED, f"{_K.WATCH_FAILED.value}/{name}", "", message, pages=True)
