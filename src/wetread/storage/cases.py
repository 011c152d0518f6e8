"""The case store on SQLite, or on PostgreSQL with pgvector (`ports.case_store`), in the snippet database. Scanned exactly, in bounded memory: there is no index that could keep what was erased."""

from collections.abc import Iterator, Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Float, LargeBinary, Text, cast, delete, func, literal, select, type_coerce
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.errors import StudyNotFound
from wetread.domain.identifiers import StudyKey
from wetread.ports.case_store import Case, NearCase
from wetread.storage.engine import make_engine, translated, writing
from wetread.storage.erasure import rewrite
from wetread.storage.int8_vectors import HalfVector, quantised
from wetread.storage.snippet_schema import cases

__all__ = ["SqlCaseStore"]

_CASES = cases.c
_BLOCK = 4096
_Vector = NDArray[np.float32]
_Nearest = list[tuple[float, str]]


class SqlCaseStore:
    """`url` is the snippet database's; the schema must be there (`storage.migrate`). Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._engine = make_engine(url)
        self._scan = _scan_in_postgresql if self._engine.dialect.name == "postgresql" else _scan_in_process
        self._turn = Lock()

    def close(self) -> None:
        self._engine.dispose()

    def keep(self, case: Case) -> None:
        vector, _ = quantised(case.vector)
        length = float(np.linalg.norm(vector.astype(np.float32)))
        row = {
            "study_key": case.study_key,
            "model_sha256": case.model_sha256,
            "vector": vector,
            "scale": 1 / length if length else 0.0,
            "added_at": case.added_at,
        }
        upsert = insert(cases).values(row).on_conflict_do_update(index_elements=["model_sha256", "study_key"], set_=row)
        with self._turn, writing(self._engine) as connection:
            connection.execute(upsert)

    def nearest(self, study_key: StudyKey, *, model_sha256: str, limit: int) -> tuple[NearCase, ...]:
        this = (_CASES.study_key == study_key) & (_CASES.model_sha256 == model_sha256)
        with translated(), self._engine.connect() as connection:
            row = connection.execute(select(cases).where(this)).first()
            if row is None:
                raise StudyNotFound("no vector of this study and model is kept")
            asked = row.vector.astype(np.float32) * np.float32(row.scale)
            near = self._scan(connection, model_sha256, asked, limit + 1)
        others = [NearCase(StudyKey(key), 1 - similarity) for similarity, key in near if key != study_key]
        return tuple(others[:limit])

    def vectors(self, model_sha256: str, study_keys: Sequence[StudyKey]) -> dict[StudyKey, _Vector]:
        chosen = (_CASES.model_sha256 == model_sha256) & _CASES.study_key.in_(study_keys)
        with translated(), self._engine.connect() as connection:
            rows = connection.execute(select(_CASES.study_key, _CASES.vector, _CASES.scale).where(chosen)).all()
        return {StudyKey(row.study_key): row.vector.astype(np.float32) * np.float32(row.scale) for row in rows}

    def count(self, model_sha256: str) -> int:
        query = select(func.count()).where(_CASES.model_sha256 == model_sha256)
        with translated(), self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def erase_study(self, study_key: StudyKey) -> int:
        with self._turn, writing(self._engine) as connection:
            removed = connection.execute(delete(cases).where(_CASES.study_key == study_key)).rowcount
        rewrite(self._engine, (cases.name,))
        return removed


def _scan_in_process(connection: Connection, model_sha256: str, asked: _Vector, limit: int) -> _Nearest:
    best: _Nearest = []
    for keys, vectors, scales in _blocks(connection, model_sha256):
        similarities = vectors.astype(np.float32) @ asked * scales
        top = np.argsort(-similarities, kind="stable")[:limit]
        best = sorted(best + [(float(similarities[i]), keys[i]) for i in top], key=lambda near: (-near[0], near[1]))
        del best[limit:]
    return best


def _blocks(connection: Connection, model_sha256: str) -> Iterator[tuple[list[str], NDArray[np.int8], _Vector]]:
    columns = (_CASES.study_key, type_coerce(_CASES.vector, LargeBinary), _CASES.scale)
    query = select(*columns).where(_CASES.model_sha256 == model_sha256)
    rows = connection.execution_options(yield_per=_BLOCK).execute(query)
    for block in rows.partitions():
        keys, vectors, scales = zip(*block, strict=True)
        matrix = np.frombuffer(b"".join(vectors), np.int8).reshape(len(keys), -1)
        yield list(keys), matrix, np.array(scales, np.float32)


def _scan_in_postgresql(connection: Connection, model_sha256: str, asked: _Vector, limit: int) -> _Nearest:
    """pgvector's `<#>` is the negative inner product."""
    vector = cast(literal(str(asked.tolist()), Text), HalfVector)
    similarity = (-_CASES.vector.op("<#>", return_type=Float())(vector) * _CASES.scale).label("similarity")
    query = select(similarity, _CASES.study_key).where(_CASES.model_sha256 == model_sha256)
    rows = connection.execute(query.order_by(similarity.desc(), _CASES.study_key).limit(limit))
    return [(float(row.similarity), row.study_key) for row in rows]
