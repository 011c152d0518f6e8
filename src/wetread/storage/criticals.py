"""Rows of critical results: at most one per study that is not closed, kept so by the WHERE clause and, in the end, by a unique partial index."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import and_, bindparam, exists, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.critical import CriticalResult, CriticalState
from wetread.domain.errors import PermanentError, StaleVersion
from wetread.domain.identifiers import StudyKey
from wetread.storage import schema
from wetread.storage.codec import column_text, decode, encode
from wetread.storage.transaction import Row, Transaction

__all__ = ["CLOSED", "DUE", "OPEN", "CriticalRows"]

_CRITICALS = schema.critical_results.c
_FIRST = insert(schema.critical_results).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
_UPDATE = update(schema.critical_results).where(
    _CRITICALS.critical_key == bindparam("held_key"), _CRITICALS.etag == bindparam("expected_etag")
)
_OTHER = schema.critical_results.alias("other")
_ANOTHER_IS_OPEN = exists().where(
    _OTHER.c.study_key == bindparam("of_study"),
    _OTHER.c.critical_key != bindparam("held_key"),
    text("other.state <> 'closed'"),
)
_UPDATE_OPEN = _UPDATE.where(~_ANOTHER_IS_OPEN)
_FIND = select(_CRITICALS.body).where(_CRITICALS.critical_key == bindparam("key"))
_NEWEST = [_CRITICALS.opened_at.desc(), _CRITICALS.critical_key.desc()]
_OF_STUDY = select(_CRITICALS.body).where(_CRITICALS.study_key == bindparam("key")).order_by(*_NEWEST).limit(1)
OPEN = (
    select(_CRITICALS.body)
    .where(schema.CRITICAL_IS_OPEN)
    .order_by(_CRITICALS.opened_at, _CRITICALS.critical_key)
    .limit(bindparam("most"))
)
CLOSED = select(_CRITICALS.body).where(schema.CRITICAL_IS_CLOSED).order_by(*_NEWEST).limit(bindparam("most"))
DUE = (
    select(_CRITICALS.body)
    .where(schema.CRITICAL_CAN_BE_DUE)
    .where(
        or_(
            _CRITICALS.next_due_at <= bindparam("now"),
            and_(_CRITICALS.state == CriticalState.OPEN.value, _CRITICALS.next_due_at == _CRITICALS.opened_at),
        )
    )
    .order_by(_CRITICALS.next_due_at, _CRITICALS.critical_key)
)
"""Asked every second: an index holds only those that can be due at all."""


class CriticalRows(Transaction):
    def save_critical(self, result: CriticalResult, *, expected_etag: int | None) -> CriticalResult:
        saved = replace(result, etag=(expected_etag or 0) + 1)
        if not self._put_critical(saved, expected_etag):
            raise self._why_not(result, expected_etag)
        return saved

    def _put_critical(self, saved: CriticalResult, expected_etag: int | None) -> bool:
        row = _row(saved)
        if expected_etag is None:
            return self._write(_FIRST, row).rowcount == 1
        mine = {"held_key": saved.critical_key, "expected_etag": expected_etag}
        if saved.state is CriticalState.CLOSED:
            return self._write(_UPDATE, {**row, **mine}).rowcount == 1
        return self._write(_UPDATE_OPEN, {**row, **mine, "of_study": saved.study_key}).rowcount == 1

    def _why_not(self, result: CriticalResult, expected_etag: int | None) -> PermanentError:
        stored = self.critical(result.critical_key)
        if (stored.etag if stored else None) != expected_etag:
            return StaleVersion("somebody else changed the critical result first: load it again")
        return PermanentError(
            "the study has another critical result that is not closed: close that one", code="critical_open"
        )

    def critical(self, critical_key: str) -> CriticalResult | None:
        return self._one(CriticalResult, _FIND, {"key": critical_key})

    def critical_of(self, study_key: StudyKey) -> CriticalResult | None:
        return self._one(CriticalResult, _OF_STUDY, {"key": study_key})

    def criticals(self, *, closed: bool = False, limit: int = 500) -> tuple[CriticalResult, ...]:
        bodies = self._read(CLOSED if closed else OPEN, {"most": limit}).scalars()
        return tuple(decode(CriticalResult, body) for body in bodies)

    def due_criticals(self, now: datetime) -> tuple[CriticalResult, ...]:
        return self._all(CriticalResult, DUE, {"now": now})


def _row(result: CriticalResult) -> Row:
    return {
        "critical_key": result.critical_key,
        "study_key": result.study_key,
        "site": column_text(result.site),
        "state": result.state.value,
        "opened_at": result.opened_at,
        "next_due_at": result.next_due_at,
        "etag": result.etag,
        "body": encode(result),
    }
