"""One transaction on one connection: what every group of rows stands on, and the audit chain that ends each of them."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Executable, Table, insert, select, update
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as insert_or

from wetread.domain.acting_from import located
from wetread.domain.audit import AuditEvent, AuditRecord, record_hash
from wetread.domain.errors import PermanentError, WetreadError
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import studies_of
from wetread.ports.dispatcher import Wake
from wetread.storage import schema
from wetread.storage.codec import aware_utc, decode
from wetread.storage.engine import begin, translated

__all__ = ["Row", "Transaction", "audit_record", "batches", "replacing"]

Row = Mapping[str, Any]
_Item = TypeVar("_Item")
_T = TypeVar("_T")

_BATCH = 500  # below every engine's limit of parameters in one statement

_HEAD = select(schema.audit_head.c.sequence, schema.audit_head.c.hash)
_LOCK_HEAD = _HEAD.with_for_update()
_MOVE_HEAD = update(schema.audit_head)
_APPEND = insert(schema.audit)
_NAME = insert(schema.audit_studies)
_scan_json = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # no type published


class Transaction:
    """Reads and writes until `commit`; afterwards it is closed.

    A writing transaction holds the head of the audit chain from the start (on PostgreSQL a row lock, on SQLite the write lock itself): writers follow one another, so no
    two of them can deadlock or decide on what the other is changing. Every write ends in that chain anyway, hence nothing is lost by queueing sooner.
    """

    def __init__(self, connection: Connection, *, write: bool) -> None:
        self._connection = connection
        self._writes = write
        self._refusal: WetreadError | None = None
        self._appended: list[AuditRecord] = []
        self.due: list[Wake] = []
        """Jobs that this transaction makes claimable: nobody is told before it is committed."""
        self.committed = False
        with translated():
            begin(connection, write=write)
        self._head: tuple[int, str] | None = None
        if write:
            self._lock()

    def _lock(self) -> None:
        row = self._read(_LOCK_HEAD).one_or_none()
        if row is None:
            raise PermanentError("the audit log has no head: restore the database", code="audit_broken")
        self._head = (row.sequence, row.hash)

    def _read(self, statement: Executable, parameters: Row | None = None) -> CursorResult[Any]:
        if self._refusal:
            raise self._refusal
        with translated():
            return self._connection.execute(statement, parameters)

    def _one(self, cls: type[_T], query: Executable, parameters: Row | None = None) -> _T | None:
        """Of a query for one row's `body`, if it is there."""
        body = self._read(query, parameters).scalar_one_or_none()
        return None if body is None else decode(cls, body)

    def _all(self, cls: type[_T], query: Executable, parameters: Row | None = None) -> tuple[_T, ...]:
        """Of a query whose rows have a `body`."""
        return tuple(decode(cls, body) for body in self._read(query, parameters).scalars("body"))

    def _of_keys(self, statement: Executable, keys: Collection[str]) -> Iterator[Any]:
        """The rows of a query for `keys`, asked in pieces that fit a statement."""
        for batch in batches(list(keys)):
            yield from self._read(statement, {"keys": batch})

    def _write(self, statement: Executable, parameters: Row | Sequence[Row] | None = None) -> CursorResult[Any]:
        if not self._writes:
            raise PermanentError("this unit of work only reads", code="read_only")
        if self._refusal:
            raise self._refusal
        with translated():
            return self._connection.execute(statement, parameters)

    def _refuse(self, error: WetreadError) -> WetreadError:
        """From now on this transaction answers everything, commit included, with `error`."""
        self._refusal = error
        return error

    def audit(self, event: AuditEvent, now: datetime) -> AuditRecord:
        if self._head is None or self._refusal:
            raise self._refusal or PermanentError("this unit of work only reads", code="read_only")
        event = located(event)
        sequence, previous, recorded_at = self._head[0] + 1, self._head[1], aware_utc(now)
        record = AuditRecord(
            sequence, recorded_at, event, previous, record_hash(sequence, recorded_at, event, previous)
        )
        self._head = (sequence, record.hash)
        self._appended.append(record)
        return record

    def commit(self) -> None:
        if self._appended and self._head:
            self._write(_APPEND, [_audit_row(record) for record in self._appended])
            if named := [row for record in self._appended for row in _named_rows(record)]:
                self._write(_NAME, named)
            self._write(_MOVE_HEAD, {"sequence": self._head[0], "hash": self._head[1]})
        if self._refusal:
            raise self._refusal
        with translated():
            self._connection.commit()
        self.committed = True
        self._refuse(PermanentError("this unit of work is already committed", code="unit_closed"))


def batches(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """In pieces that fit one statement."""
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))


def replacing(table: Table) -> Insert:
    """Inserts a row with all of its columns, or puts it in the place of the one with its primary key."""
    values, keys = insert_or(table), [each.name for each in table.primary_key]
    held = {each.name: each for each in values.excluded if each.name not in keys}
    return values.on_conflict_do_update(index_elements=keys, set_=held)


def _audit_row(record: AuditRecord) -> Row:
    event = record.event
    return {
        "sequence": record.sequence,
        "recorded_at": record.recorded_at,
        "action": event.action,
        "actor_id": event.actor_id,
        "outcome": event.outcome,
        "study_key": event.study_key,
        "detail": json.dumps(event.detail, separators=(",", ":")),
        "previous_hash": record.previous_hash,
        "hash": record.hash,
    }


def _named_rows(record: AuditRecord) -> list[Row]:
    """Of a record that names more than one study."""
    if record.event.study_key is not None:
        return []
    return [{"study_key": key, "sequence": record.sequence} for key in dict.fromkeys(studies_of(record.event))]


def audit_record(row: Any) -> AuditRecord:
    """The record as its row (all columns of the table, in its order) says it, true or not: `verify_chain` decides."""
    sequence, recorded_at, action, actor_id, outcome, study_key, detail, previous_hash, digest = row
    facts = tuple([(name, value) for name, value in _facts(detail)]) if detail != "[]" else ()
    event = AuditEvent(action, actor_id, outcome, None if study_key is None else StudyKey(study_key), facts)
    return AuditRecord(sequence, recorded_at, event, previous_hash, digest)


def _facts(detail: str) -> list[list[str]]:
    """Half the time of `JSONDecoder.decode`, and no space around what was written. Raises ValueError."""
    try:
        value, end = _scan_json(detail, 0)
    except StopIteration:
        end = -1
    if end != len(detail):
        raise ValueError("a record's facts are no JSON")
    return cast(list[list[str]], value)
