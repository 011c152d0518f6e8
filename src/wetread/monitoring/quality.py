"""One round of live monitoring: read the log, freeze what is new, measure, keep the report, raise and clear the alarms. Once a night is enough; twice changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from wetread.domain.alarm import AlarmKind
from wetread.domain.quality import QualityReference, QualityReport
from wetread.monitoring.alarms import Silence, clear_alarm, raise_alarm
from wetread.monitoring.cells import QualityLimits, first_day_read, quality_report
from wetread.monitoring.columns import cell_columns
from wetread.monitoring.logged import PredictionLog
from wetread.monitoring.quality_rules import KINDS, is_over, quality_verdicts
from wetread.monitoring.reference import frozen_with
from wetread.ports.database import Database, UnitOfWork

__all__ = ["QualityWatch", "begin_night", "unfinished_night"]

_BEGAN, _DONE = "quality_began", "quality_done"
_AGAIN_AFTER = timedelta(hours=6)
_FINISHED_WITHIN = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class QualityWatch:
    """`log` opens the prediction log anew for each round. `false_alarms_per_year`: of each kind, at a site."""

    database: Database
    log: Callable[[], PredictionLog]
    limits: QualityLimits
    false_alarms_per_year: float

    def measure(self, now: datetime, *, refreeze: bool = False) -> tuple[QualityReport, QualityReference]:
        """Without changing anything. `refreeze`: as if nothing had been frozen yet."""
        first, log = first_day_read(now.date(), self.limits), self.log()
        cells = cell_columns(log.rows(datetime.combine(first, time(), UTC)), self.limits.unmentioned_as)
        with self.database.begin(write=False) as unit:
            kept = QualityReference() if refreeze else unit.quality_reference()
        reference = frozen_with(kept, cells, self.limits.reference_studies)
        return quality_report(cells, reference, self.limits, now, sorted(log.left_out.items())), reference

    def run_once(self, now: datetime, *, refreeze: bool = False) -> QualityReport:
        """Measure, keep, ring; idempotent. Raises TransientError when the database is away."""
        report, reference = self.measure(now, refreeze=refreeze)
        with self.database.begin() as unit:
            unit.save_quality(report)
            unit.save_quality_reference(reference)
            _settle(unit, report, reference, self.false_alarms_per_year, now)
            unit.beat(_DONE, now)
            unit.commit()
        return report


def _settle(
    unit: UnitOfWork, report: QualityReport, reference: QualityReference, false_alarms_per_year: float, now: datetime
) -> None:
    verdicts = quality_verdicts(report, reference, false_alarms_per_year)
    for silence in verdicts.silences:
        raise_alarm(unit, silence, now)
    for alarm in unit.alarms(limit=100_000):
        if alarm.kind in KINDS and is_over(alarm, verdicts):
            clear_alarm(unit, alarm.alarm_key, now)


def begin_night(database: Database, now: datetime, zone: tzinfo, hour: int) -> bool:
    """True for the one process that is to make today's round: from `hour` o'clock local time on, once anything was signed; again after six hours when it did not end."""
    here = now.astimezone(zone)
    with database.begin(write=False) as unit:
        done = unit.last_beat(_DONE)
        if here.hour < hour or (done is not None and done.astimezone(zone).date() >= here.date()):
            return False
        if not unit.signed_studies(limit=1):
            return False
    with database.begin() as unit:
        began = unit.last_beat(_BEGAN)
        if began is not None and now - began < _AGAIN_AFTER:
            return False
        unit.beat(_BEGAN, now)
        unit.commit()
    return True


def unfinished_night(unit: UnitOfWork, now: datetime) -> tuple[Silence, ...]:
    """An alarm when the last round began and did not end: then nobody measures."""
    began, done = unit.last_beat(_BEGAN), unit.last_beat(_DONE)
    if began is None or now - began < _FINISHED_WITHIN or (done is not None and done >= began):
        return ()
    message = (
        f"live monitoring began at {began:%Y-%m-%d %H:%M} UTC and did not end: quality is not measured; "
        "run `wetread monitor run` and report what it says"
    )
    return (Silence(AlarmKind.WATCH_FAILED, f"{AlarmKind.WATCH_FAILED.value}/quality", "", message, pages=True),)
