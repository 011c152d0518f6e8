"""One round of live monitoring: read the log, freeze what is new, measure, keep the report, raise and clear the alarms. Once a night is enough; twice changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.quality import QualityReference, QualityReport
from wetread.monitoring.adjudicated import rounds_since
from wetread.monitoring.alarms import clear_alarm, raise_alarm
from wetread.monitoring.blind_truths import (
    own_frozen_with,
    own_verdicts,
    pooled,
    round_verdicts,
    stated_budgets,
    whole_rounds,
)
from wetread.monitoring.cells import QualityLimits, first_day_read, quality_report
from wetread.monitoring.columns import cell_columns
from wetread.monitoring.films import NOT_KEPT, OpenCases, film_drifts, films_frozen_with
from wetread.monitoring.logged import PredictionLog
from wetread.monitoring.night import DONE
from wetread.monitoring.prediction_log import PredictionRow
from wetread.monitoring.quality_rules import KINDS, is_over, night_share, quality_verdicts
from wetread.monitoring.reference import frozen_with
from wetread.monitoring.reliability import reliability_of
from wetread.monitoring.tags import TaggedStudies, tag_drifts, tagged_studies, tags_frozen_with
from wetread.ports.database import Database, UnitOfWork

__all__ = ["QualityWatch"]


@dataclass(frozen=True, slots=True)
class QualityWatch:
    """`log` opens the prediction log anew for each round. `false_alarms_per_year`: of each kind, at a site.
    `cases` opens the store of films' vectors, None where the site keeps none."""

    database: Database
    log: Callable[[], PredictionLog]
    limits: QualityLimits
    false_alarms_per_year: float
    cases: OpenCases | None = None

    def measure(self, now: datetime, *, refreeze: bool = False) -> tuple[QualityReport, QualityReference]:
        """Without changing anything. `refreeze`: as if nothing had been frozen yet."""
        first, log, rows = self._read(now)
        return self._measured(now, first, log, rows, refreeze=refreeze)

    def _read(self, now: datetime) -> tuple[date, PredictionLog, tuple[PredictionRow, ...]]:
        first, log = first_day_read(now.date(), self.limits), self.log()
        return first, log, tuple(log.rows(datetime.combine(first, time(), UTC)))

    def _measured(
        self, now: datetime, first: date, log: PredictionLog, rows: tuple[PredictionRow, ...], *, refreeze: bool
    ) -> tuple[QualityReport, QualityReference]:
        cells, tagged = cell_columns(rows, self.limits.unmentioned_as), tagged_studies(rows)
        with self.database.begin(write=False) as unit:
            kept = QualityReference() if refreeze else unit.quality_reference()
            rounds, unfinished = rounds_since(unit, first)
            whole = whole_rounds(unit)
        enough = self.limits.reference_studies
        together = pooled(cells)
        reference = own_frozen_with(
            tags_frozen_with(frozen_with(kept, cells, enough), tagged, enough), together, enough
        )
        report = quality_report(cells, reference, self.limits, now, sorted(log.left_out.items()), rounds)
        tags = tag_drifts(tagged, reference, report.since, now.date())
        in_use = stated_budgets(rows, (each.key for each in report.cells))
        here = {key: columns for key, columns in together.items() if key in in_use}
        blind = (
            *round_verdicts(whole, in_use, self.false_alarms_per_year),
            *own_verdicts(here, reference, enough, report.since, self.false_alarms_per_year, self.limits.days),
        )
        return self._with_films(replace(report, tags=tags, unfinished=unfinished, blind=blind), reference, tagged)

    def _with_films(
        self, report: QualityReport, reference: QualityReference, tagged: tuple[TaggedStudies, ...]
    ) -> tuple[QualityReport, QualityReference]:
        """A store that is away leaves the look of the films unsaid, not the night unmeasured."""
        if self.cases is None:
            return replace(report, films_unsaid=NOT_KEPT), reference
        alpha = night_share(self.false_alarms_per_year)
        try:
            store = self.cases()
            reference = films_frozen_with(reference, tagged, store, self.limits.reference_studies)
            films = film_drifts(tagged, reference, store, report.since, alpha)
        except (TransientError, PermanentError) as error:
            why = f"the store of films' vectors could not be read ({error.code}): whether their look changed is not measured"
            return replace(report, films_unsaid=why), reference
        return replace(report, films=films), reference

    def run_once(self, now: datetime, *, refreeze: bool = False) -> QualityReport:
        """Measure, keep, ring; idempotent. Raises TransientError when the database is away."""
        first, log, rows = self._read(now)
        report, reference = self._measured(now, first, log, rows, refreeze=refreeze)
        counted = reliability_of(rows, now, first.isoformat(), self.limits.unmentioned_as)
        with self.database.begin() as unit:
            unit.save_quality(report)
            unit.save_quality_reference(reference)
            unit.save_reliability(counted)
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
