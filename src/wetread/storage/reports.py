"""Rows of reports and deliveries. A signed version is written once: here by the WHERE clause, in the database by a trigger."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.delivery import Delivery, DeliveryState
from wetread.domain.errors import PermanentError, StaleVersion
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import REPORTED, Addendum, Report, ReportContent, ReportStatus, Signature
from wetread.domain.sentence_act import SentenceAct
from wetread.domain.study_state import StudyState
from wetread.storage import schema
from wetread.storage.codec import decode, encode
from wetread.storage.transaction import Row, Transaction

__all__ = ["ReportRows", "added_to"]

_REPORTS, _DELIVERIES = schema.reports.c, schema.deliveries.c
_FIRST = (
    insert(schema.reports)
    .on_conflict_do_nothing(index_elements=["study_key", "version"])
    .execution_options(preserve_rowcount=True)
)
_UPDATE = update(schema.reports).where(
    _REPORTS.study_key == bindparam("key"),
    _REPORTS.version == bindparam("number"),
    _REPORTS.etag == bindparam("expected_etag"),
    _REPORTS.signature.is_(None),
)
_FINAL = tuple(sorted(each.value for each in REPORTED))
_NEWER = schema.reports.alias("newer")
_AWAITING = (
    select(_REPORTS.study_key)
    .join(schema.studies, schema.studies.c.study_key == _REPORTS.study_key)
    .where(
        schema.studies.c.state == StudyState.IN_READING.value,  # few: the index of states finds them
        _REPORTS.status == ReportStatus.PRELIMINARY.value,
        ~exists().where(_NEWER.c.study_key == _REPORTS.study_key, _NEWER.c.version > _REPORTS.version),
    )
    .order_by(_REPORTS.study_key)
)
_DELIVERY = insert(schema.deliveries)
_SAVE_DELIVERY = _DELIVERY.on_conflict_do_update(
    index_elements=["study_key", "report_version", "sink"],
    set_={name: _DELIVERY.excluded[name] for name in ("state", "attempts", "receipt", "updated_at")},
    where=_DELIVERIES.state != DeliveryState.ACKNOWLEDGED.value,
)


@dataclass(frozen=True, slots=True)
class _Addenda:
    """As they travel: the codec writes dataclasses."""

    addenda: tuple[Addendum, ...]


@dataclass(frozen=True, slots=True)
class _Judged:
    judged: tuple[SentenceAct, ...]


def added_to(row: Any) -> tuple[Addendum, ...]:
    """The addenda of a row of reports."""
    return () if row.addenda is None else decode(_Addenda, row.addenda).addenda


class ReportRows(Transaction):
    def save_report(self, report: Report, *, expected_etag: int | None) -> Report:
        etag = 1 if expected_etag is None else expected_etag + 1
        row = _report_row(report) | {"etag": etag}
        saved = self._insert_report(row) if expected_etag is None else self._update_report(row, expected_etag)
        if not saved:
            raise self._why_refused(report, expected_etag)
        return replace(report, etag=etag)

    def _insert_report(self, row: Row) -> bool:
        return self._write(_FIRST, row).rowcount == 1

    def _update_report(self, row: Row, expected_etag: int) -> bool:
        mine = {"key": row["study_key"], "number": row["version"], "expected_etag": expected_etag}
        return self._write(_UPDATE, {**row, **mine}).rowcount == 1

    def _why_refused(self, report: Report, expected_etag: int | None) -> PermanentError:
        stored = self.report(report.study_key, report.version)
        if stored and stored.signature and stored.etag == expected_etag:
            return PermanentError("this version is signed: amend it with a new version", code="report_signed")
        return StaleVersion("somebody else changed the report first: load it again")

    def report(self, study_key: StudyKey, version: int | None = None) -> Report | None:
        query = select(schema.reports).where(_REPORTS.study_key == study_key)
        query = query.where(_REPORTS.version == version) if version is not None else query
        row = self._read(query.order_by(_REPORTS.version.desc()).limit(1)).one_or_none()
        return None if row is None else _report(row)

    def reports(self, study_key: StudyKey) -> tuple[Report, ...]:
        query = select(schema.reports).where(_REPORTS.study_key == study_key).order_by(_REPORTS.version)
        return tuple(_report(row) for row in self._read(query))

    def awaiting_cosignature(self) -> tuple[StudyKey, ...]:
        return tuple(StudyKey(each) for each in self._read(_AWAITING).scalars())

    def signed_studies(self, *, after: StudyKey | None = None, limit: int = 500) -> tuple[StudyKey, ...]:
        query = select(_REPORTS.study_key).where(_REPORTS.status.in_(_FINAL)).distinct()
        query = query.where(_REPORTS.study_key > after) if after is not None else query
        return tuple(StudyKey(each) for each in self._read(query.order_by(_REPORTS.study_key).limit(limit)).scalars())

    def save_delivery(self, delivery: Delivery) -> None:
        self._write(_SAVE_DELIVERY, _delivery_row(delivery))

    def deliveries(self, study_key: StudyKey) -> tuple[Delivery, ...]:
        query = select(schema.deliveries).where(_DELIVERIES.study_key == study_key)
        rows = self._read(query.order_by(_DELIVERIES.report_version, _DELIVERIES.sink))
        return tuple(_delivery(row) for row in rows)


def _report_row(report: Report) -> dict[str, Any]:
    return {
        "study_key": report.study_key,
        "version": report.version,
        "status": report.status.value,
        "content": encode(report.content),
        "author_id": report.author_id,
        "signature": None if report.signature is None else encode(report.signature),
        "amendment_reason": report.amendment_reason,
        "judged": encode(_Judged(report.judged)) if report.judged else None,
        "addenda": encode(_Addenda(report.addenda)) if report.addenda else None,
    }


def _report(row: Any) -> Report:
    return Report(
        study_key=StudyKey(row.study_key),
        version=row.version,
        status=ReportStatus(row.status),
        content=decode(ReportContent, row.content),
        author_id=row.author_id,
        etag=row.etag,
        signature=None if row.signature is None else decode(Signature, row.signature),
        amendment_reason=row.amendment_reason,
        addenda=added_to(row),
        judged=() if row.judged is None else decode(_Judged, row.judged).judged,
    )


def _delivery_row(delivery: Delivery) -> Row:
    return {
        "study_key": delivery.study_key,
        "report_version": delivery.report_version,
        "sink": delivery.sink,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "receipt": delivery.receipt,
        "updated_at": delivery.updated_at,
    }


def _delivery(row: Any) -> Delivery:
    return Delivery(
        StudyKey(row.study_key),
        row.report_version,
        row.sink,
        DeliveryState(row.state),
        row.attempts,
        row.receipt,
        row.updated_at,
    )
