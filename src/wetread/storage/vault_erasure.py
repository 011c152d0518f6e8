"""Removes a study from the vault (`ports.vault_eraser`): identity, films' headers, and what the hospital said for them."""

from collections.abc import Collection
from dataclasses import replace
from threading import Lock

from sqlalchemy import ColumnElement, Connection, Table, delete, or_, select, update

from wetread.domain.erasure import Leftovers
from wetread.domain.identifiers import StudyKey
from wetread.domain.order import Merge, Order, PatientNumber
from wetread.storage.codec import decode, encode
from wetread.storage.engine import make_engine, translated, writing
from wetread.storage.erasure import rewrite
from wetread.storage.transaction import batches
from wetread.storage.vault_rows import remove_study
from wetread.storage.vault_schema import (
    commitment_references,
    identity_claims,
    merges,
    orders,
    vault,
    vault_instances,
    vault_studies,
    workitem_data_sets,
    workitem_values,
)

__all__ = ["TELLS_OF_NO_STUDY", "WITH_WHAT_WAS_SAID", "SqlVaultEraser"]

WITH_WHAT_WAS_SAID = (
    "commitment_references",
    "identity_claims",
    "merges",
    "orders",
    "workitem_data_sets",
    "workitem_values",
)
"""Tables without a `study_key` whose rows of the study are found by its holds, its UIDs, its accession number and its patient."""
TELLS_OF_NO_STUDY = {
    "answered_messages": "which messages were answered, by control id, digest and code",
    "research_exports": "names of research exports, their keys and options",
    "workitem_filters": "what a subscriber asks to be told of; it goes with the subscription",
}
"""The others, and what they are of. A test fails for a table that is nowhere here and has no `study_key`."""

_S = vault_studies.c


class SqlVaultEraser:
    """`url` is the vault's. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._engine = make_engine(url)
        self._turn = Lock()

    def close(self) -> None:
        self._engine.dispose()

    def numbers(self, study_key: StudyKey) -> tuple[PatientNumber, ...]:
        with translated(), self._engine.connect() as connection:
            return _numbers(connection, study_key)

    def workitems(self, study_key: StudyKey, *, whole_patient: bool) -> tuple[str, ...]:
        sets, values = workitem_data_sets.c, workitem_values.c
        with translated(), self._engine.connect() as connection:
            uid = connection.scalars(select(_S.study_instance_uid).where(_S.study_key == study_key)).first()
            found = set[str]()
            if uid:
                found |= set(connection.scalars(select(sets.workitem_key).where(sets.body.contains(f'"{uid}"'))))
            for each in _numbers(connection, study_key) if whole_patient else ():
                same = (values.keyword == "PatientID") & (values.value == each.patient_id)
                found |= set(connection.scalars(select(values.workitem_key).where(same)))
        return tuple(sorted(found))

    def erase(self, study_key: StudyKey, leftovers: Leftovers, *, whole_patient: bool) -> dict[str, int]:
        with self._turn, writing(self._engine) as connection:
            numbers = _numbers(connection, study_key)
            accession = connection.scalars(select(_S.accession_number).where(_S.study_key == study_key)).first()
            asked_for = _erase_commitments(connection, study_key)
            counts = {**remove_study(connection, study_key), "commitment_references": asked_for}
            for column, keys in (
                (identity_claims.c.hold_key, leftovers.hold_keys),
                (orders.c.order_key, leftovers.order_keys),
                (workitem_values.c.workitem_key, leftovers.request_keys),
                (workitem_data_sets.c.workitem_key, leftovers.request_keys),
            ):
                gone = sum(_delete(connection, column.table, column.in_(batch)) for batch in batches(keys))
                _add(counts, column.table.name, gone)
            _add(counts, "orders", _erase_orders_of(connection, accession or ""))
            _leave_merges(connection, study_key)
            if whole_patient:
                free = [each for each in numbers if not _is_known(connection, each)]
                _add(counts, "orders", _erase_orders_for(connection, free))
                _add(counts, "merges", _erase_merges_of(connection, free))
        return {name: count for name, count in counts.items() if count}

    def rewrite(self) -> None:
        rewrite(self._engine, tuple(each.name for each in vault.sorted_tables))


def _add(counts: dict[str, int], name: str, count: int) -> None:
    counts[name] = counts.get(name, 0) + count


def _delete(connection: Connection, table: Table, unwanted: ColumnElement[bool]) -> int:
    return connection.execute(delete(table).where(unwanted)).rowcount


def _erase_commitments(connection: Connection, study_key: StudyKey) -> int:
    """Whole lists that name a film of the study: one that lacks some would be answered as if nobody had asked for these."""
    films = select(vault_instances.c.sop_instance_uid).where(vault_instances.c.study_key == study_key)
    rows = commitment_references.c
    named = select(rows.request_key).where(rows.sop_instance_uid.in_(films))
    return _delete(connection, commitment_references, rows.request_key.in_(named))


def _numbers(connection: Connection, study_key: StudyKey) -> tuple[PatientNumber, ...]:
    columns = (_S.patient_id, _S.issuer_of_patient_id, _S.received_patient_id, _S.received_issuer)
    row = connection.execute(select(*columns).where(_S.study_key == study_key)).one_or_none()
    said = () if row is None else (PatientNumber(row[0], row[1]), PatientNumber(row[2], row[3]))
    return tuple(dict.fromkeys(each for each in said if each.patient_id))


def _is_known(connection: Connection, number: PatientNumber) -> bool:
    """Does any study stand or come under this number?"""
    stands = (_S.patient_id == number.patient_id) & (_S.issuer_of_patient_id == number.issuer_of_patient_id)
    came = (_S.received_patient_id == number.patient_id) & (_S.received_issuer == number.issuer_of_patient_id)
    return connection.execute(select(_S.study_key).where(or_(stands, came)).limit(1)).first() is not None


def _erase_orders_of(connection: Connection, accession_number: str) -> int:
    same = _S.accession_number == accession_number
    if not accession_number or connection.execute(select(_S.study_key).where(same).limit(1)).first():
        return 0
    return _delete(connection, orders, orders.c.accession_number == accession_number)


def _erase_orders_for(connection: Connection, numbers: Collection[PatientNumber]) -> int:
    """Every order is looked into: the patient has no column, and this is asked for rarely."""
    rows = connection.execute(select(orders.c.order_key, orders.c.body)).all() if numbers else []
    gone = [row.order_key for row in rows if decode(Order, row.body).person.number in numbers]
    return sum(_delete(connection, orders, orders.c.order_key.in_(batch)) for batch in batches(gone))


def _leave_merges(connection: Connection, study_key: StudyKey) -> None:
    for merge in _merges(connection):
        if study_key in merge.study_keys:
            kept = replace(merge, study_keys=tuple(each for each in merge.study_keys if each != study_key))
            this = merges.c.merge_key == merge.merge_key
            connection.execute(update(merges).where(this).values(body=encode(kept)))


def _erase_merges_of(connection: Connection, numbers: Collection[PatientNumber]) -> int:
    gone = [each.merge_key for each in _merges(connection) if {each.prior, each.surviving} & set(numbers)]
    return sum(_delete(connection, merges, merges.c.merge_key.in_(batch)) for batch in batches(gone))


def _merges(connection: Connection) -> list[Merge]:
    return [decode(Merge, body) for body in connection.scalars(select(merges.c.body))]
