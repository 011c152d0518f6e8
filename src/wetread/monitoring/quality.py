"""One round of live monitoring: read the log, freeze what is new, measure, keep the report, raise and clear the alarms. Once a night is enough; twice changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

from wetread.domain.quality import QualityReference, QualityReport
from wetread.monitoring.adjudicated import rounds_since
from wetread.monitoring.alarms import clear_alarm, raise_alarm
from wetread.monitoring.cells import QualityLimits, first_day_read, quality_report
from wetread.monitoring.columns import cell_columns
from wetread.monitoring.logged import PredictionLog
from wetread.monitoring.night import DONE
from wetread.monitoring.quality_rules import KINDS, is_over, quality_verdicts
from wetread.monitoring.reference import frozen_with
from wetread.monitoring.tags import tag_drifts, tagged_studies, tags_frozen_with
from wetread.ports.database import Database, UnitOfWork

__all__ = ["QualityWatch"]


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
        rows = tuple(log.rows(datetime.combine(first, time(), UTC)))
        cells, tagged = cell_columns(rows, self.limits.unmentioned_as), tagged_studies(rows)
        with self.database.begin(write=False) as unit:
            kept = QualityReference() if refreeze else unit.quality_reference()
            rounds, unfinished = rounds_since(unit, first)
        enough = self.limits.reference_studies
        reference = tags_frozen_with(frozen_with(kept, cells, enough), tagged, enough)
        report = quality_report(cells, reference, self.limits, now, sorted(log.left_out.items()), rounds)
        tags = tag_drifts(tagged, reference, report.since, now.date())
        return replace(report, tags=tags, unfinished=unfinished), reference

    def run_once(self, now: datetime, *, refreeze: bool = False) -> QualityReport:
        """Measure, keep, ring; idempotent. Raises TransientError when the database is away."""
        report, reference = self.measure(now, refreeze=refreeze)
        with self.database.begin() as unit:
            unit.save_quality(report)
            unit.save_quality_reference(reference)
            _settle(unit, report, reference, self.false_alarms_per_year, now)
            unit.beat(DONE, now)
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
