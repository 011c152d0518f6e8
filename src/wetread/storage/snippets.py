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
    cast,
    delete,
    func,
    literal,
    select,
    tuple_,
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
from wetread.storage.int8_vectors import HalfVector, quantised
from wetread.storage.snippet_schema import snippet_sources, snippets
from wetread.storage.transaction import Row

__all__ = ["SqlSnippetStore"]

_SOURCES, _SNIPPETS = snippet_sources.c, snippets.c
_BATCH = 200  # below every engine's limit of parameters in one statement
_Vector = NDArray[np.float32]
_Place = tuple[str, int]
_Ranked = dict[_Place, float]


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
        query = select(_SOURCES.source_id, _SOURCES.digest).where(_of(patient_key, encoder))
        with translated(), self._engine.connect() as connection:
            return {row.source_id: row.digest for row in connection.execute(query)}

    def nearest(self, patient_key: PatientKey, vector: _Vector, *, encoder: str, limit: int) -> tuple[Hit, ...]:
        theirs = _of(patient_key, encoder)
        with translated(), self._engine.connect() as connection:
            best = self._scan(connection, theirs, vector, limit)
            rows = _rows(connection, theirs, list(best))
        return tuple(_hit(rows[place], similarity) for place, similarity in best.items() if place in rows)

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


def _of(patient_key: PatientKey, encoder: str) -> ColumnElement[bool]:
    return (_SOURCES.patient_key == patient_key) & (_SOURCES.encoder == encoder)


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


def _scan_in_process(connection: Connection, theirs: ColumnElement[bool], vector: _Vector, limit: int) -> _Ranked:
    """The bytes of all vectors as one matrix: nothing is made of a row that is not among the best."""
    columns = (_SNIPPETS.source_id, _SNIPPETS.ordinal, type_coerce(_SNIPPETS.vector, LargeBinary), _SNIPPETS.scale)
    query = select(*columns).join(snippet_sources).where(theirs).order_by(_SNIPPETS.source_id, _SNIPPETS.ordinal)
    rows = connection.execute(query).all()
    if not rows:
        return {}
    sources, ordinals, vectors, scales = zip(*rows, strict=True)
    matrix = np.frombuffer(b"".join(vectors), np.int8).reshape(len(rows), -1)
    similarities = matrix.astype(np.float32) @ vector * np.array(scales, np.float32)
    best = np.argsort(-similarities, kind="stable")[:limit]
    return {(sources[index], ordinals[index]): float(similarities[index]) for index in best}


def _scan_in_postgresql(connection: Connection, theirs: ColumnElement[bool], vector: _Vector, limit: int) -> _Ranked:
    """pgvector's `<#>` is the negative inner product."""
    asked = cast(literal(str(vector.tolist()), Text), HalfVector)
    similarity = (-_SNIPPETS.vector.op("<#>", return_type=Float())(asked) * _SNIPPETS.scale).label("similarity")
    query = select(_SNIPPETS.source_id, _SNIPPETS.ordinal, similarity).join(snippet_sources).where(theirs)
    ranked = query.order_by(similarity.desc(), _SNIPPETS.source_id, _SNIPPETS.ordinal).limit(limit)
    return {(row.source_id, row.ordinal): float(row.similarity) for row in connection.execute(ranked)}


def _rows(connection: Connection, theirs: ColumnElement[bool], places: list[_Place]) -> dict[_Place, Any]:
    """The whole rows of the best, asked for as this patient's again. One that was erased since is missing."""
    query = select(_SOURCES.kind, _SOURCES.day, snippets).join(snippets).where(theirs)
    found: dict[_Place, Any] = {}
    for start in range(0, len(places), _BATCH):
        among = tuple_(_SNIPPETS.source_id, _SNIPPETS.ordinal).in_(places[start : start + _BATCH])
        found |= {(row.source_id, row.ordinal): row for row in connection.execute(query.where(among))}
    return found


def _hit(row: Any, similarity: float) -> Hit:
    labels = (label.split(":") for label in row.labels.split())
    snippet = StoredSnippet(
        row.text,
        tuple(FindingLabel(FindingName(name), Presence(presence)) for name, presence in labels),
        row.vector.astype(np.float32) * np.float32(row.scale),
    )
    return Hit(row.source_id, RecordKind(row.kind), row.day, snippet, similarity)
