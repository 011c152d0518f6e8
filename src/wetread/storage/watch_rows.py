"""Counts and newest rows for the watch over silent failures (`ports.watch_store`); they walk the index on `studies.received_at`, never the whole table."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, bindparam, func, literal, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from wetread.domain.analysis import ModelIdentity
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.job import JobKind, JobState
from wetread.domain.report import Signature
from wetread.domain.study_state import StudyState
from wetread.ports.watch_store import ArrivalCount, FiredRule, OpenDelivery, RecentRead, Score, Scores, WaitingStudy
from wetread.storage import schema
from wetread.storage.codec import decode
from wetread.storage.reports import added_to
from wetread.storage.studies import IS_OURS
from wetread.storage.transaction import Transaction

__all__ = ["WatchRows"]


class _hour_of(GenericFunction[str]):  # noqa: N801 - an SQL function
    """The UTC hour of a time as 'YYYY-MM-DD HH'."""

    type = Text()
    inherit_cache = True


class _modality_in(GenericFunction[str]):  # noqa: N801 - an SQL function
    """`modality` of an instance's traits."""

    type = Text()
    inherit_cache = True


@compiles(_hour_of, "sqlite")
def _(element: _hour_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"substr({compiler.process(element.clauses, **options)}, 1, 13)"


@compiles(_hour_of, "postgresql")
def _(element: _hour_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"to_char({compiler.process(element.clauses, **options)} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')"


@compiles(_modality_in, "sqlite")
def _(element: _modality_in, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_extract({compiler.process(element.clauses, **options)}, '$.modality')"


@compiles(_modality_in, "postgresql")
def _(element: _modality_in, compiler: SQLCompiler, **options: Any) -> str:
    return f"(CAST({compiler.process(element.clauses, **options)} AS json) ->> 'modality')"


_STUDIES, _INSTANCES, _JOBS = schema.studies.c, schema.instances.c, schema.jobs.c
_HOUR, _MODALITY = _hour_of(_STUDIES.received_at), _modality_in(_INSTANCES.traits)
_LAST_AT = func.max(_STUDIES.received_at).label("last_at")
_ARRIVALS = (
    select(_HOUR.label("hour"), _STUDIES.site, literal("").label("modality"), func.count().label("studies"), _LAST_AT)
    .where(_STUDIES.received_at >= bindparam("since"), IS_OURS)
    .group_by("hour", _STUDIES.site)
)
_ARRIVALS_BY_MODALITY = (
    select(
        _HOUR.label("hour"),
        _STUDIES.site,
        _MODALITY.label("modality"),
        func.count(_STUDIES.study_key.distinct()).label("studies"),
        _LAST_AT,
    )
    .join(schema.instances, _INSTANCES.study_key == _STUDIES.study_key)
    .where(_STUDIES.received_at >= bindparam("since"), _MODALITY != "", IS_OURS)
    .group_by("hour", _STUDIES.site, "modality")
)
_NEWEST_IMAGE_AT = func.coalesce(func.max(_INSTANCES.received_at), _STUDIES.received_at)
_WAITING = (
    select(_STUDIES.study_key, _STUDIES.site, _STUDIES.state, _NEWEST_IMAGE_AT.label("since"))
    .outerjoin(schema.instances, _INSTANCES.study_key == _STUDIES.study_key)
    .where(_STUDIES.state.in_(bindparam("states", expanding=True)))
    .group_by(_STUDIES.study_key)
    .having(bindparam("before") > _NEWEST_IMAGE_AT)
    .order_by("since", _STUDIES.study_key)
    .limit(bindparam("most"))
)
_OPEN_DELIVERY = _JOBS.state.in_([JobState.READY.value, JobState.LEASED.value])
_VERSION = schema.reports.c.version.cast(Text) + literal(":")
_DELIVERIES = (
    select(_JOBS.study_key, _STUDIES.site, _JOBS.detail, schema.reports.c.signature, schema.reports.c.addenda)
    .join(schema.studies, _STUDIES.study_key == _JOBS.study_key)
    .join(
        schema.reports,
        and_(schema.reports.c.study_key == _JOBS.study_key, _JOBS.detail.startswith(_VERSION)),
    )
    .where(_OPEN_DELIVERY, _JOBS.kind == JobKind.DELIVER.value, schema.reports.c.signature.is_not(None))
    .order_by(_JOBS.job_id)
    .limit(bindparam("most"))
)
_DEAD = (
    select(_STUDIES.site, _JOBS.kind, func.count().label("dead"))
    .join(schema.studies, _STUDIES.study_key == _JOBS.study_key)
    .where(_JOBS.state == JobState.DEAD.value)
    .group_by(_STUDIES.site, _JOBS.kind)
)


def _of_now(table: Any) -> ColumnElement[bool]:
    """The row that belongs to the study as it is now."""
    return and_(table.c.study_key == _STUDIES.study_key, table.c.revision == _STUDIES.revision)


_NEWEST = (_STUDIES.received_at.desc(), _STUDIES.study_key.desc())
_DECISIONS = (
    select(_STUDIES.received_at, _STUDIES.site, schema.decisions.c.body)
    .join(schema.decisions, _of_now(schema.decisions))
    .order_by(*_NEWEST)
    .limit(bindparam("most"))
)
_UNREAD = [each.value for each in (StudyState.RECEIVED, StudyState.ADMITTED, StudyState.REJECTED, StudyState.FETCHED)]
_READS = (
    select(_STUDIES.study_key, _STUDIES.site, _STUDIES.received_at, _STUDIES.reason, schema.analyses.c.body)
    .outerjoin(schema.analyses, _of_now(schema.analyses))
    .where(_STUDIES.state.not_in(_UNREAD), or_(schema.analyses.c.body.is_not(None), _STUDIES.reason != ""))
    .order_by(*_NEWEST)
    .limit(bindparam("most"))
)
_TRAITS = select(_INSTANCES.instance_key, _INSTANCES.traits).where(
    _INSTANCES.instance_key.in_(bindparam("keys", expanding=True))
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """What is read of a decision's body; so below of an analysis' and of an instance's."""

    rule_id: str
    policy_version: str


@dataclass(frozen=True, slots=True)
class _Read:
    instance_key: InstanceKey
    model: ModelIdentity
    findings: tuple[Score, ...]
    input_sha256: str


@dataclass(frozen=True, slots=True)
class _Device:
    manufacturer: str
    manufacturer_model_name: str


class WatchRows(Transaction):
    def arrivals(self, since: datetime) -> tuple[ArrivalCount, ...]:
        counts = (
            ArrivalCount(_hour(row.hour), row.site, row.modality, row.studies, row.last_at)
            for query in (_ARRIVALS, _ARRIVALS_BY_MODALITY)
            for row in self._read(query, {"since": since})
        )
        return tuple(sorted(counts, key=lambda each: (each.hour, each.site, each.modality)))

    def waiting_studies(
        self, before: datetime, states: frozenset[StudyState], limit: int = 1000
    ) -> tuple[WaitingStudy, ...]:
        rows = self._read(_WAITING, {"before": before, "states": sorted(states), "most": limit})
        return tuple(WaitingStudy(StudyKey(row[0]), row.site, StudyState(row.state), row.since) for row in rows)

    def open_deliveries(self, limit: int = 1000) -> tuple[OpenDelivery, ...]:
        return tuple(
            OpenDelivery(StudyKey(row.study_key), row.site, row.detail.partition(":")[2], _last_signed(row))
            for row in self._read(_DELIVERIES, {"most": limit})
        )

    def dead_jobs(self) -> tuple[tuple[str, JobKind, int], ...]:
        return tuple(sorted((row.site, JobKind(row.kind), row.dead) for row in self._read(_DEAD)))

    def recent_decisions(self, limit: int) -> tuple[FiredRule, ...]:
        rows = self._read(_DECISIONS, {"most": limit})
        rules = ((row, decode(_Rule, row.body)) for row in rows)
        return tuple(FiredRule(row.received_at, row.site, rule.policy_version, rule.rule_id) for row, rule in rules)

    def recent_reads(self, limit: int) -> tuple[RecentRead, ...]:
        rows = self._read(_READS, {"most": limit}).all()
        reads = [None if row.body is None else decode(_Read, row.body) for row in rows]
        devices = self._devices([each.instance_key for each in reads if each])
        return tuple(
            RecentRead(
                StudyKey(row.study_key),
                row.site,
                row.received_at,
                devices.get(read.instance_key, "") if read else "",
                Scores(read.model, read.findings, read.input_sha256) if read else None,
                "" if read else row.reason,
            )
            for row, read in zip(rows, reads, strict=True)
        )

    def _devices(self, keys: list[InstanceKey]) -> dict[str, str]:
        said = ((row.instance_key, decode(_Device, row.traits)) for row in self._read(_TRAITS, {"keys": keys}))
        return {key: f"{each.manufacturer} {each.manufacturer_model_name}".strip() for key, each in said}


def _hour(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00").replace(tzinfo=UTC)


def _last_signed(row: Any) -> datetime:
    signatures = (decode(Signature, row.signature), *(each.signature for each in added_to(row)))
    return max(each.signed_at for each in signatures)
