"""The audit log for those who may see it: all of it, or one's own acts, always with whether the chain holds."""

from itertools import islice
from threading import Lock

from starlette.responses import Response

from wetread.domain.audit import GENESIS, AuditRecord, ChainBreak, verify_chain
from wetread.domain.role import PERMITTED, Act, require
from wetread.ports.database import Database
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.reading_json import Json

__all__ = ["ChainWatch", "get_audit"]

_MAX_ROWS = 500


class ChainWatch:
    """Verifies the chain on from where it was verified last; `wetread audit verify` walks all of it again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sequence, self._hash = 0, GENESIS
        self._lock = Lock()

    def status(self) -> Json:
        with self._lock:
            broken = None
            for record in self._database.audit_records(start=self._sequence + 1):
                broken = verify_chain((record,), previous=self._hash, start=self._sequence + 1)
                if broken:
                    break
                self._sequence, self._hash = record.sequence, record.hash
            return {"holds": broken is None, "verified_through": self._sequence, "problem": _words(broken)}


def _words(broken: ChainBreak | None) -> str:
    return f"record {broken.sequence}: {broken.problem}" if broken else ""


def get_audit(call: Call) -> Response:
    """Records from `start` on; for a role without READ_AUDIT only those it made itself."""
    actor = call.signed_in.actor
    sees_all = Act.READ_AUDIT in PERMITTED[actor.role]
    if not sees_all:
        require(actor, Act.READ_OWN_AUDIT)
    start, limit = call.asked_number("start", 1, 2**53), call.asked_number("limit", 100, _MAX_ROWS)
    seen = (
        record
        for record in call.house.services.database.audit_records(start=start)
        if sees_all or record.event.actor_id == actor.actor_id
    )
    rows = list(islice(seen, limit))
    return json_answer(
        {
            "scope": "all" if sees_all else "own",
            "chain": call.house.chain.status(),
            "records": [_record(each) for each in rows],
            "next_start": rows[-1].sequence + 1 if len(rows) == limit else None,
        }
    )


def _record(record: AuditRecord) -> Json:
    event = record.event
    return {
        "sequence": record.sequence,
        "recorded_at": record.recorded_at.isoformat(),
        "action": event.action,
        "actor_id": event.actor_id,
        "outcome": event.outcome,
        "study_key": event.study_key,
        "detail": dict(event.detail),
        "hash": record.hash,
    }
