"""The audit log for those who may see it: all of it, or one's own acts, always with whether the chain holds."""

from dataclasses import replace
from datetime import datetime
from itertools import islice
from threading import Lock

from starlette.responses import Response

from wetread.domain.audit import GENESIS, AuditEvent, AuditQuery, AuditRecord, ChainBreak, verify_chain
from wetread.domain.errors import NotPermitted
from wetread.domain.role import Act, require
from wetread.governance.audit_look import look
from wetread.governance.audit_table import audit_csv, audit_document
from wetread.ports.database import Database
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.reading_json import Json

__all__ = ["ChainWatch", "export_audit", "get_audit", "search_audit"]

_MAX_ROWS = 500
_MAX_EXPORT = 50_000
_AT_ONCE = 50_000
"""Records read and verified for one answer: about a second or two."""


class ChainWatch:
    """Verifies the chain on from where it was verified last, a part for each answer; `wetread audit verify` walks all of it again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sequence, self._hash = 0, GENESIS
        self._lock = Lock()

    def status(self, most: int | None = _AT_ONCE) -> Json:
        """After at most so many records more; None: after all. `newest` is the number of the log's newest record."""
        with self._lock:
            broken, newest = None, self._database.change_token()
            for record in islice(self._database.audit_records(start=self._sequence + 1), most):
                broken = verify_chain((record,), previous=self._hash, start=self._sequence + 1)
                if broken:
                    break
                self._sequence, self._hash = record.sequence, record.hash
            return {
                "holds": broken is None,
                "verified_through": self._sequence,
                "newest": max(newest, self._sequence),
                "problem": _words(broken),
            }


def _words(broken: ChainBreak | None) -> str:
    return f"record {broken.sequence}: {broken.problem}" if broken else ""


def get_audit(call: Call) -> Response:
    """Records from `start` on; for a role without READ_AUDIT only those it made itself. `next_start` asks for what is later; an answer looks at so many and ends."""
    actor = call.signed_in.actor
    sees_all = actor.may(Act.READ_AUDIT)
    if not sees_all:
        require(actor, Act.READ_OWN_AUDIT)
    start, limit = call.asked_number("start", 1, 2**53), call.asked_number("limit", 100, _MAX_ROWS)
    database, rows, last = call.house.services.database, list[AuditRecord](), start - 1
    for record in islice(database.audit_records(start=start), _AT_ONCE):
        last = record.sequence
        if sees_all or record.event.actor_id == actor.actor_id:
            rows.append(record)
        if len(rows) == limit:
            break
    return json_answer(
        {
            "scope": "all" if sees_all else "own",
            "chain": call.house.chain.status(),
            "records": [audit_document(each) for each in rows],
            "next_start": last + 1 if last < database.change_token() else None,
        }
    )


def search_audit(call: Call) -> Response:
    """Newest first, one's own acts without READ_AUDIT; `next_before` asks for what is earlier; there may be some also where nothing was found, as a look ends."""
    found = look(call.house.services.database, _query(call, _MAX_ROWS))
    return json_answer(
        {
            "scope": _scope(call),
            "chain": call.house.chain.status(),
            "records": [audit_document(each) for each in found.records],
            "next_before": found.before,
        }
    )


def export_audit(call: Call) -> Response:
    """As CSV (RFC 4180), newest first, at most 50,000 rows. The export is itself an act, and audited."""
    query, house = replace(_query(call, _MAX_EXPORT), limit=_MAX_EXPORT), call.house
    rows = house.services.database.search_audit(query)
    facts = (("records", str(len(rows))), ("chain_holds", str(house.chain.status(None)["holds"]).lower()))
    house.audit(AuditEvent("audit.export", call.signed_in.actor.actor_id, detail=facts))
    headers = {"Content-Disposition": 'attachment; filename="wetread-audit.csv"'}
    return Response("".join(audit_csv(rows)).encode(), 200, headers, "text/csv; charset=utf-8; header=present")


def _scope(call: Call) -> str:
    return "all" if call.signed_in.actor.may(Act.READ_AUDIT) else "own"


def _query(call: Call, most: int) -> AuditQuery:
    asked, me = dict(call.query), call.signed_in.actor.actor_id
    if any(len(value) > 100 for value in asked.values()):
        raise Refusal(400, "query_misfit", "a value of the query is too long")
    own = _scope(call) == "own"
    if own and asked.get("actor", me) not in ("", me):
        raise NotPermitted("one's own acts only: this role may not read the acts of others")
    return AuditQuery(
        me if own else asked.get("actor", ""),
        asked.get("action", ""),
        asked.get("study", ""),
        _moment(asked, "since"),
        _moment(asked, "until"),
        call.asked_number("before", 1, 2**53) if "before" in asked else None,
        call.asked_number("limit", 100, most),
        asked.get("address", ""),
    )


def _moment(asked: dict[str, str], name: str) -> datetime | None:
    if not asked.get(name):
        return None
    try:
        moment = datetime.fromisoformat(asked[name])
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refusal(400, "query_misfit", f"{name} is an ISO 8601 time with its zone, as 2026-03-02T08:00:00Z")
    return moment
