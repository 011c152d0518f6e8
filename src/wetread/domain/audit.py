"""The audit record: a hash chain over canonical JSON, so that any changed, lost or reordered row shows.

Each row's hash covers the row before it (RFC 9162's idea, without the tree). A bare chain cannot show that its tail was cut; a checkpoint kept elsewhere can.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from wetread.domain.identifiers import StudyKey

__all__ = ["GENESIS", "AuditEvent", "AuditQuery", "AuditRecord", "ChainBreak", "record_hash", "verify_chain"]

GENESIS = "0" * 64
_canonical = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).encode


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One act. `action` is a stable verb, `outcome` 'success' or a stable code; `detail` is PHI-free key=value facts."""

    action: str
    actor_id: str
    outcome: str = "success"
    study_key: StudyKey | None = None
    detail: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An event in its place in the chain (`sequence` from 1, no gaps)."""

    sequence: int
    recorded_at: datetime
    event: AuditEvent
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which records are wanted; what is "" or None does not narrow it. `action` is the beginning of one, `until` is left out, `before` a sequence: the page after another."""

    actor_id: str = ""
    action: str = ""
    study_key: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """The first place where the chain does not hold, and how."""

    sequence: int
    problem: str


def record_hash(sequence: int, recorded_at: datetime, event: AuditEvent, previous_hash: str) -> str:
    """sha256, hex, of the record's canonical JSON with its predecessor's hash."""
    body = [
        sequence,
        recorded_at.isoformat(),
        event.action,
        event.actor_id,
        event.outcome,
        event.study_key,
        list(map(list, event.detail)),
        previous_hash,
    ]
    return sha256(_canonical(body).encode()).hexdigest()


def verify_chain(records: Iterable[AuditRecord], *, previous: str = GENESIS, start: int = 1) -> ChainBreak | None:
    """None when every record follows from the one before it; otherwise the first break."""
    sequence = start
    for record in records:
        if record.sequence != sequence:
            return ChainBreak(
                sequence, f"expected record {sequence}, found {record.sequence}: rows are missing or reordered"
            )
        if record.previous_hash != previous:
            return ChainBreak(sequence, "the record does not follow from the one before it")
        if record.hash != record_hash(record.sequence, record.recorded_at, record.event, previous):
            return ChainBreak(sequence, "the record was changed after it was written")
        previous, sequence = record.hash, sequence + 1
    return None
