"""The audit record: a hash chain over canonical JSON, so that any changed, lost or reordered row shows.

Each row's hash covers the row before it (RFC 9162's idea, without the tree). A bare chain cannot show that its tail was cut; a checkpoint kept elsewhere can.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from wetread.domain.identifiers import StudyKey

__all__ = [
    "ADDRESS",
    "GENESIS",
    "AuditEvent",
    "AuditQuery",
    "AuditRecord",
    "ChainBreak",
    "record_hash",
    "verify_chain",
    "verify_record",
]

ADDRESS = "address"
"""The fact that says from which network address it was done."""
GENESIS = "0" * 64
_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).encode
_text = json.encoder.encode_basestring_ascii


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One act. `action` is a stable verb, `outcome` 'success' or a stable code; `detail` is PHI-free key=value facts."""

    action: str
    actor_id: str
    outcome: str = "success"
    study_key: StudyKey | None = None
    detail: tuple[tuple[str, str], ...] = ()

    @property
    def address(self) -> str:
        """Where it was done from; "" where nobody came by the network, or the record is older than this fact."""
        return next((value for name, value in self.detail if name == ADDRESS), "")


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
    """Which records are wanted; what is "" or None does not narrow it. `action` is the beginning of one, `address` a whole one, `until` is left out, `before` and `after` are sequences, both left out: the page after another, and no further back."""

    actor_id: str = ""
    action: str = ""
    study_key: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    limit: int = 100
    address: str = ""
    after: int = 0


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """The first place where the chain does not hold, and how."""

    sequence: int
    problem: str


def record_hash(sequence: int, recorded_at: datetime, event: AuditEvent, previous_hash: str) -> str:
    """sha256, hex, of the record's canonical JSON with its predecessor's hash."""
    return sha256(_canonical(sequence, recorded_at.isoformat(), event, previous_hash).encode()).hexdigest()


def _canonical(sequence: int, recorded_at: str, event: AuditEvent, previous_hash: str) -> str:
    """Compact ASCII JSON, put together by hand: `json` makes an encoder anew for every call, which costs as much again. It still does what a row of the wrong types needs."""
    try:
        facts = ",".join([f"[{_text(name)},{_text(value)}]" for name, value in event.detail])
        study = "null" if event.study_key is None else _text(event.study_key)
        who = f"{_text(event.action)},{_text(event.actor_id)},{_text(event.outcome)},{study}"
        return f'[{sequence:d},"{recorded_at}",{who},[{facts}],{_text(previous_hash)}]'
    except (TypeError, ValueError):
        facts_as_lists = list(map(list, event.detail))
        body = [sequence, recorded_at, event.action, event.actor_id, event.outcome, event.study_key, facts_as_lists]
        return _json([*body, previous_hash])


def verify_chain(records: Iterable[AuditRecord], *, previous: str = GENESIS, start: int = 1) -> ChainBreak | None:
    """None when every record follows from the one before it; otherwise the first break."""
    for sequence, record in enumerate(records, start):
        if broken := verify_record(record, previous, sequence):
            return broken
        previous = record.hash
    return None


def verify_record(record: AuditRecord, previous: str, sequence: int) -> ChainBreak | None:
    """Whether it is record `sequence` and follows from the one whose hash is `previous`; None, or how it does not."""
    if record.sequence != sequence:
        problem = f"expected record {sequence}, found {record.sequence}: rows are missing or reordered"
    elif record.previous_hash != previous:
        problem = "the record does not follow from the one before it"
    elif record.hash != record_hash(sequence, record.recorded_at, record.event, previous):
        problem = "the record was changed after it was written"
    else:
        return None
    return ChainBreak(sequence, problem)
