"""What the watch over silent failures asks (`ports.watch_store`), in memory."""

from collections import Counter, defaultdict
from datetime import datetime
from operator import attrgetter

from wetread.domain.job import JobKind, JobState
from wetread.domain.study import Study
from wetread.domain.study_state import StudyState
from wetread.ports.watch_store import (
    ArrivalCount,
    FiredRule,
    OpenDelivery,
    RecentRead,
    Score,
    ScoreLimit,
    Scores,
    WaitingStudy,
)
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryWatchStore"]

_UNREAD = {StudyState.RECEIVED, StudyState.ADMITTED, StudyState.REJECTED, StudyState.FETCHED}


class MemoryWatchStore(MemoryTransaction):
    def arrivals(self, since: datetime) -> tuple[ArrivalCount, ...]:
        came: dict[tuple[datetime, str, str], set[tuple[datetime, str]]] = defaultdict(set)
        recent = {
            key: each
            for key, each in self._visible.studies.items()
            if each.received_at >= since and each.state is not StudyState.FETCHED
        }
        held = [(each.study_key, each.traits.modality) for each in self._visible.instances.values()]
        for study_key, modality in [*((key, "") for key in recent), *held]:
            if study := recent.get(study_key):
                hour = study.received_at.replace(minute=0, second=0, microsecond=0)
                came[hour, study.traits.site, modality].add((study.received_at, study_key))
        return tuple(ArrivalCount(*key, len(studies), max(studies)[0]) for key, studies in sorted(came.items()))

    def waiting_studies(
        self, before: datetime, states: frozenset[StudyState], limit: int = 1000
    ) -> tuple[WaitingStudy, ...]:
        waiting = [self._waiting(each) for each in self._visible.studies.values() if each.state in states]
        late = [each for each in waiting if each.since < before]
        return tuple(sorted(late, key=attrgetter("since", "study_key"))[:limit])

    def _waiting(self, study: Study) -> WaitingStudy:
        came = [each.received_at for each in self._visible.instances.values() if each.study_key == study.study_key]
        return WaitingStudy(study.study_key, study.traits.site, study.state, max(came, default=study.received_at))

    def open_deliveries(self, limit: int = 1000) -> tuple[OpenDelivery, ...]:
        found = []
        for row in sorted(self._visible.jobs.values(), key=lambda each: each.job.job_id):
            version, _, sink = row.job.detail.partition(":")
            if row.job.kind is JobKind.DELIVER and row.state in (JobState.READY, JobState.LEASED):
                report = self._visible.reports.get((row.job.study_key, int(version)))
                if report and report.signed_at:
                    site = self._visible.studies[row.job.study_key].traits.site
                    found.append(OpenDelivery(row.job.study_key, site, sink, report.signed_at))
        return tuple(found[:limit])

    def dead_jobs(self) -> tuple[tuple[str, JobKind, int], ...]:
        dead = [each.job for each in self._visible.jobs.values() if each.state is JobState.DEAD]
        counts = Counter((self._visible.studies[job.study_key].traits.site, job.kind) for job in dead)
        return tuple((site, kind, n) for (site, kind), n in sorted(counts.items()))

    def recent_decisions(self, limit: int) -> tuple[FiredRule, ...]:
        current = (
            (each, self._visible.decisions.get((each.study_key, each.revision))) for each in self._newest_first()
        )
        fired = [
            FiredRule(study.received_at, study.traits.site, decision.policy_version, decision.rule_id)
            for study, decision in current
            if decision
        ]
        return tuple(fired[:limit])

    def recent_reads(self, limit: int) -> tuple[RecentRead, ...]:
        reads = (self._read_of(each) for each in self._newest_first() if each.state not in _UNREAD)
        return tuple([each for each in reads if each][:limit])

    def _newest_first(self) -> list[Study]:
        return sorted(self._visible.studies.values(), key=attrgetter("received_at", "study_key"), reverse=True)

    def _read_of(self, study: Study) -> RecentRead | None:
        analysis = self._visible.analyses.get((study.study_key, study.revision))
        site, received_at = study.traits.site, study.received_at
        if analysis is None:
            return RecentRead(study.study_key, site, received_at, "", None, study.reason) if study.reason else None
        film = self._visible.instances.get(analysis.instance_key)
        device = f"{film.traits.manufacturer} {film.traits.manufacturer_model_name}".strip() if film else ""
        scores = tuple(
            Score(f.name, f.raw_score, f.probability, ScoreLimit(f.operating_point.threshold))
            for f in analysis.findings
        )
        read = Scores(analysis.model, scores, analysis.input_sha256)
        return RecentRead(study.study_key, site, received_at, device, read)
