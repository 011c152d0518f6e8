"""The snippet store on SQLite, or on PostgreSQL with pgvector (`ports.snippet_store`): a database of its own. Vectors are scanned exactly, in 8 bits a dimension."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    LargeBinary,
    Text,
    bindparam,
    cast,
    delete,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import PatientKey
from wetread.domain.statement import Presence
from wetread.ports.snippet_store import FindingLabel, Hit, SnippetCounts, StoredSnippet, StoredSource
from wetread.storage.codec import column_text
from wetread.storage.engine import make_engine, translated, writing
from wetread.storage.erasure import rewrite
from wetread.storage.int8_vectors import HalfVector, floats_sent, quantised
from wetread.storage.snippet_schema import snippet_sources, snippets
from wetread.storage.transaction import Row

__all__ = ["SqlSnippetStore"]

_SOURCES, _SNIPPETS = snippet_sources.c, snippets.c
_BATCH = 200  # below every engine's limit of parameters in one statement
_ONE_PATIENT = (_SOURCES.patient_key == bindparam("patient_key")) & (_SOURCES.encoder == bindparam("encoder"))
_IN_ORDER = (_SNIPPETS.source_id, _SNIPPETS.ordinal)
_COLUMNS = (*_IN_ORDER, _SOURCES.kind, _SOURCES.day, _SNIPPETS.text, _SNIPPETS.labels, _SNIPPETS.scale)
_THEIRS = (
    select(*_COLUMNS, type_coerce(_SNIPPETS.vector, LargeBinary).label("vector"))
    .join(snippet_sources)
    .where(_ONE_PATIENT)
    .order_by(*_IN_ORDER)
)
_INNER = _SNIPPETS.vector.op("<#>", return_type=Float())(cast(bindparam("vector", type_=Text), HalfVector))
_SIMILARITY = (-_INNER * _SNIPPETS.scale).label("similarity")  # pgvector's <#> is the negative inner product
_RANKED = (
    select(*_COLUMNS, func.halfvec_send(_SNIPPETS.vector, type_=LargeBinary).label("vector"), _SIMILARITY)
    .join(snippet_sources)
    .where(_ONE_PATIENT)
    .order_by(_SIMILARITY.desc(), *_IN_ORDER)
    .limit(bindparam("limit"))
)
_Vector = NDArray[np.float32]


class SqlSnippetStore:
    """`url` is `sqlite:///path` or `postgresql://...`; the schema must be there (`storage.migrate`). Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._engine = make_engine(url)
        self._scan = _scan_in_postgresql if self._engine.dialect.name == "postgresql" else _scan_in_process
        self._turn = Lock()

    def close(self) -> None:
        self._engine.dispose()

    def put(self, sources: Sequence[StoredSource]) -> None:
        ordered = sorted(sources, key=lambda each: each.source_id)  # one lock order: no deadlock
        with self._turn, writing(self._engine) as connection:
            for source in ordered:
                _put(connection, source)

    def digests(self, patient_key: PatientKey, *, encoder: str) -> Mapping[str, str]:
        query = select(_SOURCES.source_id, _SOURCES.digest).where(_ONE_PATIENT)
        with translated(), self._engine.connect() as connection:
            asked = {"patient_key": patient_key, "encoder": encoder}
            return {row.source_id: row.digest for row in connection.execute(query, asked)}

    def nearest(self, patient_key: PatientKey, vector: _Vector, *, encoder: str, limit: int) -> tuple[Hit, ...]:
        asked = {"patient_key": patient_key, "encoder": encoder}
        with translated(), self._engine.connect() as connection:
            return self._scan(connection, asked, vector, limit)

    def erase_patient(self, patient_key: PatientKey) -> int:
        return self._erase(_SOURCES.patient_key == patient_key)

    def erase_source(self, source_id: str) -> int:
        return self._erase(_SOURCES.source_id == source_id)

    def purge(self, before: datetime) -> int:
        with translated(), self._engine.connect() as connection:
            due = connection.execute(select(_SOURCES.source_id).where(_SOURCES.added_at < before).limit(1)).first()
        return self._erase(_SOURCES.added_at < before) if due else 0

    def counts(self) -> SnippetCounts:
        patients, oldest = func.count(_SOURCES.patient_key.distinct()), func.min(_SOURCES.added_at)
        with translated(), self._engine.connect() as connection:
            row = connection.execute(select(patients, func.count(), oldest).select_from(snippet_sources)).one()
            number = connection.execute(select(func.count()).select_from(snippets)).scalar_one()
            encoders = connection.scalars(select(_SOURCES.encoder).distinct().order_by(_SOURCES.encoder))
            return SnippetCounts(row[0], row[1], number, row[2], tuple(encoders))

    def _erase(self, unwanted: ColumnElement[bool]) -> int:
        """The files are rewritten even when no row is left: an erasure that was cut short is completed by doing it again."""
        with self._turn, writing(self._engine) as connection:
            removed = connection.execute(delete(snippet_sources).where(unwanted)).rowcount
        rewrite(self._engine, (snippets.name, snippet_sources.name))
        return removed


def _put(connection: Connection, source: StoredSource) -> None:
    row = _source_row(source)
    mine = _SOURCES.patient_key == source.patient_key
    upsert = insert(snippet_sources).values(row)
    upsert = upsert.on_conflict_do_update(index_elements=["source_id"], set_=row, where=mine)
    if connection.execute(upsert.returning(_SOURCES.source_id)).first() is None:
        raise PermanentError(
            "the source already belongs to another patient: source ids must be unique in this installation",
            code="identity_conflict",
        )
    connection.execute(delete(snippets).where(_SNIPPETS.source_id == source.source_id))
    rows = [_snippet_row(source, ordinal, each) for ordinal, each in enumerate(source.snippets)]
    for start in range(0, len(rows), _BATCH):
        connection.execute(snippets.insert(), rows[start : start + _BATCH])


def _source_row(source: StoredSource) -> Row:
    return {
        "source_id": source.source_id,
        "patient_key": source.patient_key,
        "kind": source.kind.value,
        "day": source.day,
        "encoder": source.encoder,
        "digest": source.digest,
        "added_at": source.added_at,
    }


def _snippet_row(source: StoredSource, ordinal: int, snippet: StoredSnippet) -> Row:
    vector, scale = quantised(snippet.vector)
    labels = " ".join(f"{label.name}:{label.presence}" for label in snippet.labels)
    return {
        "source_id": source.source_id,
        "ordinal": ordinal,
        "text": column_text(snippet.text),
        "labels": labels,
        "vector": vector,
        "scale": scale,
    }


def _scan_in_process(connection: Connection, asked: Row, vector: _Vector, limit: int) -> tuple[Hit, ...]:
    """The bytes of all vectors as one matrix: no hit is made of a row that is not among the best."""
    rows = connection.execute(_THEIRS, asked).all()
    if not rows:
        return ()
    matrix = np.frombuffer(b"".join([row.vector for row in rows]), np.int8).reshape(len(rows), -1).astype(np.float32)
    matrix *= np.array([[row.scale] for row in rows], np.float32)
    similarities = matrix @ vector
    best = np.argsort(-similarities, kind="stable")[:limit]
    return tuple(_hit(rows[index], matrix[index].copy(), float(similarities[index])) for index in best)


def _scan_in_postgresql(connection: Connection, asked: Row, vector: _Vector, limit: int) -> tuple[Hit, ...]:
    rows = connection.execute(_RANKED, {**asked, "vector": str(vector.tolist()), "limit": limit})
    return tuple(_hit(row, floats_sent(row.vector) * np.float32(row.scale), row.similarity) for row in rows)


def _hit(row: Any, vector: _Vector, similarity: float) -> Hit:
    labels = (label.split(":") for label in row.labels.split())
    stated = tuple(FindingLabel(FindingName(name), Presence(presence)) for name, presence in labels)
    return Hit(row.source_id, RecordKind(row.kind), row.day, StoredSnippet(row.text, stated, vector), similarity)
