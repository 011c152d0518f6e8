"""Rows of what receivers were asked to answer for."""

from sqlalchemy import bindparam, select

from wetread.domain.commitment import Commitment
from wetread.storage.codec import encode
from wetread.storage.commitment_schema import commitments
from wetread.storage.transaction import Transaction, replacing

__all__ = ["CommitmentRows"]

_COLUMNS = commitments.c
_SAVE = replacing(commitments)
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
        return self._one(Commitment, _READ, {"of": transaction_uid})

    def last_commitment(self, sink: str, of: str) -> Commitment | None:
        return self._one(Commitment, _LAST, {"of_sink": sink, "of_sent": of})
