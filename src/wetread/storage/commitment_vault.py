"""Instances that somebody asks us to answer for, in the vault's database (`ports.commitment_vault`)."""

from collections.abc import Collection
from datetime import datetime
from threading import Lock

from sqlalchemy import delete, insert, select

from wetread.ports.commitment_vault import AskedCommitment
from wetread.storage.engine import make_engine, translated, writing
from wetread.storage.transaction import batches
from wetread.storage.vault_schema import commitment_references

__all__ = ["SqlCommitmentVault"]

_C = commitment_references.c


class SqlCommitmentVault:
    """`url` is the vault's. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._engine = make_engine(url)
        self._turn = Lock()

    def close(self) -> None:
        self._engine.dispose()

    def keep(self, request_key: str, asked: AskedCommitment, now: datetime) -> None:
        same = {"request_key": request_key, "transaction_uid": asked.transaction_uid, "kept_at": now}
        rows = [
            {**same, "position": at, "sop_class_uid": sop_class, "sop_instance_uid": instance}
            for at, (sop_class, instance) in enumerate(asked.instances)
        ]
        with self._turn, writing(self._engine) as connection:
            connection.execute(delete(commitment_references).where(_C.request_key == request_key))
            connection.execute(insert(commitment_references), rows)

    def find(self, request_key: str) -> AskedCommitment | None:
        query = select(_C.transaction_uid, _C.sop_class_uid, _C.sop_instance_uid)
        with translated(), self._engine.connect() as connection:
            rows = connection.execute(query.where(_C.request_key == request_key).order_by(_C.position)).all()
        if not rows:
            return None
        return AskedCommitment(rows[0].transaction_uid, tuple((row[1], row[2]) for row in rows))

    def forget(self, request_keys: Collection[str]) -> None:
        with self._turn, writing(self._engine) as connection:
            for batch in batches(list(request_keys)):
                connection.execute(delete(commitment_references).where(_C.request_key.in_(batch)))

    def kept_before(self, before: datetime, *, after: str = "", limit: int = 500) -> tuple[str, ...]:
        query = select(_C.request_key).where(_C.position == 0, _C.kept_at < before, _C.request_key > after)
        with translated(), self._engine.connect() as connection:
            return tuple(connection.scalars(query.order_by(_C.request_key).limit(limit)))
