"""Which records of the audit log are wanted, as SQL."""

from typing import Any

from sqlalchemy import Select, select

from wetread.domain.audit import AuditQuery
from wetread.storage import schema
from wetread.storage.audit_address import address_in, has_address

__all__ = ["audit_statement"]

_AUDIT, _NAMED = schema.audit.c, schema.audit_studies.c


def audit_statement(query: AuditQuery) -> Select[Any]:
    """Newest first. Indexes answer for one person, one study and one address; the others walk back from the newest."""
    found = select(schema.audit).order_by(_AUDIT.sequence.desc()).limit(query.limit)
    if query.actor_id:
        found = found.where(_AUDIT.actor_id == query.actor_id)
    if query.study_key:
        about = select(_AUDIT.sequence).where(_AUDIT.study_key == query.study_key)
        named = select(_NAMED.sequence).where(_NAMED.study_key == query.study_key)
        # not "or": with that PostgreSQL reads the whole log
        found = found.where(_AUDIT.sequence.in_(about.union_all(named)))
    if query.action:
        found = found.where(_AUDIT.action.startswith(query.action, autoescape=True))
    if query.address:
        found = found.where(has_address(_AUDIT.detail), address_in(_AUDIT.detail) == query.address)
    if query.since is not None:
        found = found.where(_AUDIT.recorded_at >= query.since)
    if query.until is not None:
        found = found.where(_AUDIT.recorded_at < query.until)
    if query.before is not None:
        found = found.where(_AUDIT.sequence < query.before)
    if query.after:
        found = found.where(_AUDIT.sequence > query.after)
    return found
