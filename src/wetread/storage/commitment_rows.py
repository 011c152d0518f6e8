"""Rows of what receivers were asked to answer for, and of the reports that we owe."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, delete, func, select

from wetread.domain.commitment import Commitment, OwedReport, OwedState, OwedTotal
from wetread.storage.codec import encode
from wetread.storage.commitment_schema import commitments, owed_reports
from wetread.storage.schema import IS_DUE_ONCE
from wetread.storage.transaction import Transaction, batches, replacing

__all__ = ["DUE_REPORT", "CommitmentRows"]

_COLUMNS = commitments.c
_SAVE = replacing(commitments)
_READ = select(_COLUMNS.body).where(_COLUMNS.transaction_uid == bindparam("of"))
_LAST = (
    select(_COLUMNS.body)
    .where(_COLUMNS.sink == bindparam("of_sink"), _COLUMNS.sent == bindparam("of_sent"))
    .order_by(_COLUMNS.asked_at.desc(), _COLUMNS.transaction_uid.desc())
    .limit(1)
)
_OWED = owed_reports.c
_SAVE_OWED = replacing(owed_reports)
_READ_OWED = select(_OWED.body).where(_OWED.request_key == bindparam("of"))
DUE_REPORT = (
    select(_OWED.body)
    .where(IS_DUE_ONCE, _OWED.due_at <= bindparam("now"))
    .order_by(_OWED.due_at, _OWED.request_key)
    .limit(1)
)
_IN_STATE = (
    select(_OWED.body)
    .where(_OWED.state == bindparam("of_state"))
    .order_by(_OWED.ae_title, _OWED.asked_at, _OWED.request_key)
)
_TOTALS = (
    select(_OWED.ae_title, _OWED.state, func.count().label("reports"), func.min(_OWED.asked_at).label("since"))
    .where(_OWED.state.in_([OwedState.OWED.value, OwedState.ASIDE.value]))
    .group_by(_OWED.ae_title, _OWED.state)
    .order_by(_OWED.ae_title, _OWED.state)
)
_NEWEST_IN_STATE = (
    select(_OWED.body)
    .where(_OWED.state == bindparam("of_state"), _OWED.ae_title == bindparam("of_title"))
    .order_by(_OWED.asked_at.desc(), _OWED.request_key.desc())
    .limit(1)
)
_COUNT_OWED = select(func.count()).where(_OWED.state == OwedState.OWED.value, _OWED.ae_title == bindparam("of_title"))
_ENDED = select(_OWED.body).where(_OWED.ended_at < bindparam("before")).order_by(_OWED.ended_at, _OWED.request_key)


class CommitmentRows(Transaction):
    def save_commitment(self, commitment: Commitment) -> None:
        row = {"transaction_uid": commitment.transaction_uid, "sink": commitment.sink, "sent": commitment.of}
        self._write(_SAVE, {**row, "asked_at": commitment.asked_at, "body": encode(commitment)})

    def commitment(self, transaction_uid: str) -> Commitment | None:
        return self._one(Commitment, _READ, {"of": transaction_uid})

    def last_commitment(self, sink: str, of: str) -> Commitment | None:
        return self._one(Commitment, _LAST, {"of_sink": sink, "of_sent": of})

    def save_owed_report(self, report: OwedReport) -> None:
        names = ("request_key", "ae_title", "asked_at", "due_at", "ended_at")
        row = {name: getattr(report, name) for name in names}
        self._write(_SAVE_OWED, {**row, "state": report.state.value, "body": encode(report)})

    def owed_report(self, request_key: str) -> OwedReport | None:
        return self._one(OwedReport, _READ_OWED, {"of": request_key})

    def due_owed_report(self, now: datetime, *, but_not: Collection[str] = ()) -> OwedReport | None:
        statement = DUE_REPORT.where(_OWED.ae_title.not_in(list(but_not))) if but_not else DUE_REPORT
        return self._one(OwedReport, statement, {"now": now})

    def owed_reports(self, state: OwedState, *, of: Collection[str] = (), limit: int = 1000) -> tuple[OwedReport, ...]:
        statement = _IN_STATE.where(_OWED.ae_title.in_(list(of))) if of else _IN_STATE
        return self._all(OwedReport, statement.limit(limit), {"of_state": state.value})

    def owed_totals(self) -> tuple[OwedTotal, ...]:
        return tuple(
            OwedTotal(row.ae_title, OwedState(row.state), row.reports, row.since, self._newest(row.ae_title, row.state))
            for row in self._read(_TOTALS, {}).all()
        )

    def _newest(self, ae_title: str, state: str) -> str:
        found = self._one(OwedReport, _NEWEST_IN_STATE, {"of_state": state, "of_title": ae_title})
        return found.problem if found else ""

    def count_owed(self, ae_title: str) -> int:
        return int(self._read(_COUNT_OWED, {"of_title": ae_title}).scalar_one())

    def ended_owed_reports(self, before: datetime, *, limit: int = 500) -> tuple[OwedReport, ...]:
        return self._all(OwedReport, _ENDED.limit(limit), {"before": before})

    def forget_owed_reports(self, request_keys: Collection[str]) -> None:
        for batch in batches(list(request_keys)):
            self._write(delete(owed_reports).where(_OWED.request_key.in_(batch)))
