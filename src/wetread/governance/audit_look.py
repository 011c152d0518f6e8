"""A look through the audit log that ends: what an index answers is asked at once, anything else in parts, back from the newest."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from wetread.domain.audit import AuditQuery, AuditRecord
from wetread.ports.database import Database

__all__ = ["PART", "Look", "look", "looks"]

PART = 1_000_000
"""Records that are looked at for one answer: a second, or several on a crowded machine (docs/audit.md)."""


@dataclass(frozen=True, slots=True)
class Look:
    """`records` newest first. `before`: where the look goes on, of records earlier than this one; None when there is nothing more."""

    records: tuple[AuditRecord, ...]
    before: int | None


def look(database: Database, query: AuditQuery, part: int = PART) -> Look:
    """At no more than `part` records, unless the account, the study or the address is asked for: these have an index."""
    end = min(query.before or 2**63, database.change_token() + 1)
    indexed = query.actor_id or query.study_key or query.address
    after = query.after if indexed else max(query.after, end - 1 - part)
    rows = database.search_audit(replace(query, after=after))
    if len(rows) == query.limit:
        return Look(rows, rows[-1].sequence)
    return Look(rows, after + 1 if after > query.after else None)


def looks(database: Database, query: AuditQuery, part: int = PART) -> Iterator[Look]:
    """One after the other, until `limit` records are found or the log's beginning is reached."""
    wanted: AuditQuery | None = query
    while wanted and wanted.limit > 0:
        found = look(database, wanted, part)
        yield found
        left = wanted.limit - len(found.records)
        wanted = None if found.before is None else replace(wanted, before=found.before, limit=left)
