"""Which records of the audit log are wanted, as SQL."""

import json
from typing import Any

from sqlalchemy import Select, select

from wetread.domain.audit import ADDRESS, AuditQuery
from wetread.storage import schema

__all__ = ["audit_statement"]

_AUDIT, _NAMED = schema.audit.c, schema.audit_studies.c


def audit_statement(query: AuditQuery) -> Select[Any]:
    """Newest first. Indexes answer for one person and for one study; the others walk back from the newest."""
    found = select(schema.audit).order_by(_AUDIT.sequence.desc()).limit(query.limit)
    if query.actor_id:
        found = found.where(_AUDIT.actor_id == query.actor_id)
    if query.study_key:
        named = select(_NAMED.sequence).where(_NAMED.study_key == query.study_key)
        found = found.where((_AUDIT.study_key == query.study_key) | _AUDIT.sequence.in_(named))
    if query.action:
        found = found.where(_AUDIT.action.startswith(query.action, autoescape=True))
    if query.address:
        fact = json.dumps([ADDRESS, query.address], separators=(",", ":"))  # as `transaction` writes it
        found = found.where(_AUDIT.detail.contains(fact, autoescape=True))
    if query.since is not None:
        found = found.where(_AUDIT.recorded_at >= query.since)
    if query.until is not None:
        found = found.where(_AUDIT.recorded_at < query.until)
    if query.before is not None:
        found = found.where(_AUDIT.sequence < query.before)
    return found
