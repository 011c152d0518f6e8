"""Rows of what receivers were asked to answer for."""

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.commitment import Commitment
from wetread.storage.codec import decode, encode
from wetread.storage.commitment_schema import commitments
from wetread.storage.transaction import Transaction

__all__ = ["CommitmentRows"]

_COLUMNS = commitments.c
_INSERT = insert(commitments)
_SAVE = _INSERT.on_conflict_do_update(index_elements=["transaction_uid"], set_={"body": _INSERT.excluded.body})
_READ = select(_COLUMNS.body).where(_COLUMNS.transaction_uid == bindparam("of"))
_LAST = (
    select(_COLUMNS.body)
    .where(_COLUMNS.sink == bindparam("of_sink"), _COLUMNS.sent == bindparam("of_sent"))
    .order_by(_COLUMNS.asked_at.desc(), _COLUMNS.transaction_uid.desc())
    .limit(1)
)


class CommitmentRows(Transaction):
    def save_commitment(self, commitment: Commitment) -> None:
        row = {"transaction_uid": commitment.transaction_uid, "sink": commitment.sink, "sent": commitment.of}
        self._write(_SAVE, {**row, "asked_at": commitment.asked_at, "body": encode(commitment)})

    def commitment(self, transaction_uid: str) -> Commitment | None:
        body = self._read(_READ, {"of": transaction_uid}).scalar_one_or_none()
        return None if body is None else decode(Commitment, body)

    def last_commitment(self, sink: str, of: str) -> Commitment | None:
        body = self._read(_LAST, {"of_sink": sink, "of_sent": of}).scalar_one_or_none()
        return None if body is None else decode(Commitment, body)
