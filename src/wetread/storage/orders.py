"""What the hospital said, in the vault's database (`ports.order_store`)."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Delete, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.order import Merge, Order, PatientNumber, Person
from wetread.domain.study import PatientIdentity
from wetread.ports.order_store import Answered
from wetread.storage.codec import column_text, decode, encode
from wetread.storage.engine import make_engine, translated, writing
from wetread.storage.transaction import replacing
from wetread.storage.vault_schema import answered_messages, identity_claims, merges, orders, vault_studies

__all__ = ["SqlOrderStore"]

_STUDIES, _ORDERS, _MERGES, _ANSWERED = vault_studies.c, orders.c, merges.c, answered_messages.c
_KEEP = insert(orders)
_KEEP_ORDER = _KEEP.on_conflict_do_update(
    index_elements=["order_key"],
    set_={name: _KEEP.excluded[name] for name in ("accession_number", "said_at", "body")},
    where=_ORDERS.said_at <= _KEEP.excluded.said_at,
).execution_options(preserve_rowcount=True)
_CLAIM = insert(identity_claims).on_conflict_do_nothing(index_elements=["hold_key"])
_REMEMBER_ANSWER = replacing(answered_messages)
_MERGE = insert(merges).on_conflict_do_nothing(index_elements=["merge_key"])
_SAVE_MERGE = update(merges).where(_MERGES.merge_key == bindparam("of"))
_RENUMBER = update(vault_studies).where(_STUDIES.study_key == bindparam("of"))
_NEWEST = select(merges.c.body).order_by(_MERGES.merged_at.desc(), _MERGES.merge_key)


class SqlOrderStore:
    """`url` is the vault's. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._engine = make_engine(url)
        self._turn = Lock()

    def close(self) -> None:
        self._engine.dispose()

    def answered(self, sender: str, control_id: str) -> Answered | None:
        same = (_ANSWERED.sender == column_text(sender)) & (_ANSWERED.control_id == column_text(control_id))
        with translated(), self._engine.connect() as connection:
            row = connection.execute(select(answered_messages).where(same)).one_or_none()
        return (
            None
            if row is None
            else Answered(row.sender, row.control_id, row.digest, row.code, row.error, row.answered_at)
        )

    def remember(self, answer: Answered) -> None:
        row = {name: getattr(answer, name) for name in ("digest", "code", "error", "answered_at")}
        row |= {"sender": column_text(answer.sender), "control_id": column_text(answer.control_id)}
        with self._turn, writing(self._engine) as connection:
            connection.execute(_REMEMBER_ANSWER, row)

    def keep_order(self, order: Order) -> bool:
        row = {
            "order_key": order.order_key,
            "accession_number": column_text(order.accession_number),
            "said_at": order.said_at,
            "body": encode(order),
        }
        with self._turn, writing(self._engine) as connection:
            return connection.execute(_KEEP_ORDER, row).rowcount == 1

    def orders_of(self, accession_number: str) -> tuple[Order, ...]:
        if not accession_number:
            return ()
        query = select(_ORDERS.body).where(_ORDERS.accession_number == column_text(accession_number))
        newest_first = query.order_by(_ORDERS.said_at.desc(), _ORDERS.order_key)
        return tuple(decode(Order, body) for body in self._scalars(newest_first))

    def order(self, order_key: str) -> Order | None:
        found = self._scalars(select(_ORDERS.body).where(_ORDERS.order_key == order_key))
        return decode(Order, found[0]) if found else None

    def orders_before(self, before: datetime, *, after: str = "", limit: int = 500) -> tuple[Order, ...]:
        query = select(_ORDERS.body).where(_ORDERS.said_at < before, _ORDERS.order_key > after)
        return tuple(decode(Order, body) for body in self._scalars(query.order_by(_ORDERS.order_key).limit(limit)))

    def remove_orders(self, order_keys: Collection[str], before: datetime) -> int:
        old = delete(orders).where(_ORDERS.order_key.in_(order_keys), _ORDERS.said_at < before)
        return self._removed(old)

    def forget_answers(self, before: datetime) -> int:
        return self._removed(delete(answered_messages).where(_ANSWERED.answered_at < before))

    def _removed(self, statement: Delete) -> int:
        with self._turn, writing(self._engine) as connection:
            return connection.execute(statement).rowcount

    def keep_claim(self, hold_key: str, person: Person) -> None:
        with self._turn, writing(self._engine) as connection:
            connection.execute(_CLAIM, {"hold_key": hold_key, "body": encode(person)})

    def claim(self, hold_key: str) -> Person | None:
        found = self._scalars(select(identity_claims.c.body).where(identity_claims.c.hold_key == hold_key))
        return decode(Person, found[0]) if found else None

    def merge(self, merge: Merge) -> Merge:
        with self._turn, writing(self._engine) as connection:
            connection.execute(_MERGE, _merge_row(merge))
            kept = _read_merge(connection, merge.merge_key) or merge
            if kept.undone_at is not None:
                return kept
            moving = _under(connection, kept.prior) if kept.prior != kept.surviving else []
            _renumber(connection, moving, kept.surviving)
            done = replace(kept, study_keys=tuple(dict.fromkeys((*kept.study_keys, *(key for key, _ in moving)))))
            connection.execute(_SAVE_MERGE, {"of": done.merge_key, "body": encode(done)})
            return done

    def undo_merge(self, merge_key: str, now: datetime) -> Merge:
        with self._turn, writing(self._engine) as connection:
            kept = _read_merge(connection, merge_key)
            if kept is None:
                raise PermanentError("no such merge of patients", code="no_merge")
            if kept.undone_at is not None:
                raise PermanentError("this merge was undone already", code="merge_undone")
            there = [each for each in _under(connection, kept.surviving) if each[0] in kept.study_keys]
            _renumber(connection, there, kept.prior)
            undone = replace(kept, study_keys=tuple(key for key, _ in there), undone_at=now)
            connection.execute(_SAVE_MERGE, {"of": merge_key, "undone_at": now, "body": encode(undone)})
            return undone

    def merges(self, *, of: PatientNumber | None = None) -> tuple[Merge, ...]:
        query = _NEWEST
        if of is not None:
            number = column_text(of.patient_id), column_text(of.issuer_of_patient_id)
            query = query.where(_MERGES.prior_patient_id == number[0], _MERGES.prior_issuer == number[1])
            query = query.where(_MERGES.undone_at.is_(None))
        return tuple(decode(Merge, body) for body in self._scalars(query))

    def _scalars(self, query: Any) -> list[str]:
        with translated(), self._engine.connect() as connection:
            return list(connection.scalars(query))


def _merge_row(merge: Merge) -> dict[str, object]:
    return {
        "merge_key": merge.merge_key,
        "prior_patient_id": column_text(merge.prior.patient_id),
        "prior_issuer": column_text(merge.prior.issuer_of_patient_id),
        "merged_at": merge.merged_at,
        "undone_at": merge.undone_at,
        "body": encode(merge),
    }


def _read_merge(connection: Connection, merge_key: str) -> Merge | None:
    body = connection.scalars(select(_MERGES.body).where(_MERGES.merge_key == merge_key)).one_or_none()
    return None if body is None else decode(Merge, body)


def _under(connection: Connection, number: PatientNumber) -> list[tuple[StudyKey, PatientIdentity]]:
    """Studies that stand under exactly this number; none for a patient without one."""
    if not number.patient_id:
        return []
    same = (_STUDIES.patient_id == column_text(number.patient_id)) & (
        _STUDIES.issuer_of_patient_id == column_text(number.issuer_of_patient_id)
    )
    rows = connection.execute(select(_STUDIES.study_key, _STUDIES.identity).where(same).order_by(_STUDIES.study_key))
    return [(StudyKey(row.study_key), decode(PatientIdentity, row.identity)) for row in rows]


def _renumber(
    connection: Connection, studies: Iterable[tuple[StudyKey, PatientIdentity]], number: PatientNumber
) -> None:
    for key, identity in studies:
        current = replace(identity, patient_id=number.patient_id, issuer_of_patient_id=number.issuer_of_patient_id)
        connection.execute(
            _RENUMBER,
            {
                "of": key,
                "patient_id": column_text(number.patient_id),
                "issuer_of_patient_id": column_text(number.issuer_of_patient_id),
                "identity": encode(current),
            },
        )
