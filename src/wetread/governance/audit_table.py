"""Audit records as lines for people and for other programs."""

import csv
import json
from collections.abc import Iterable, Iterator
from io import StringIO

from wetread.domain.audit import AuditRecord

__all__ = ["audit_csv", "audit_document", "audit_head", "audit_json_lines", "audit_line", "csv_row"]

_COLUMNS = ("sequence", "recorded_at", "actor_id", "action", "outcome", "study_key", "detail", "hash")


def audit_line(record: AuditRecord) -> str:
    """For a terminal."""
    event = record.event
    facts = " ".join(f"{key}={value}" for key, value in event.detail)
    return f"{record.sequence:>7} {record.recorded_at.isoformat()} {event.actor_id:<18} {event.action:<18} {event.outcome:<12} {event.study_key or '-':<24} {facts}"


def audit_csv(records: Iterable[AuditRecord]) -> Iterator[str]:
    """RFC 4180, a line at a time, with a header; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    yield csv_row(_COLUMNS)
    for each in records:
        event = each.event
        detail = "; ".join(f"{name}={value}" for name, value in event.detail)
        cells = (event.actor_id, event.action, event.outcome, event.study_key or "", detail)
        yield csv_row((each.sequence, each.recorded_at.isoformat(), *cells, each.hash))


def audit_json_lines(records: Iterable[AuditRecord]) -> Iterator[str]:
    """One JSON object per line."""
    for each in records:
        yield json.dumps(audit_document(each), ensure_ascii=False) + "\n"


def audit_document(record: AuditRecord) -> dict[str, object]:
    return {**audit_head(record), "detail": dict(record.event.detail), "hash": record.hash}


def audit_head(record: AuditRecord) -> dict[str, object]:
    """All but the facts and the hashes, as JSON has it."""
    event = record.event
    return {
        "sequence": record.sequence,
        "recorded_at": record.recorded_at.isoformat(),
        "action": event.action,
        "actor_id": event.actor_id,
        "outcome": event.outcome,
        "study_key": event.study_key,
    }


def csv_row(cells: Iterable[object]) -> str:
    """RFC 4180, its end with it; a text that a spreadsheet would take for a formula begins with an apostrophe."""
    line = StringIO()
    csv.writer(line).writerow([_plain(each) if isinstance(each, str) else each for each in cells])
    return line.getvalue()


def _plain(cell: str) -> str:
    """OWASP, CSV injection."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
