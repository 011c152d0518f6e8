"""Rows of how far the audit log was sent outside."""

from sqlalchemy import bindparam, select

from wetread.domain.audit_export import AuditExport
from wetread.storage.audit_export_schema import audit_exports
from wetread.storage.codec import encode
from wetread.storage.transaction import Transaction, replacing

__all__ = ["AuditExportRows"]

_SAVE = replacing(audit_exports)
_READ = select(audit_exports.c.body).where(audit_exports.c.repository == bindparam("of"))


class AuditExportRows(Transaction):
    def audit_export(self, repository: str) -> AuditExport:
        return self._one(AuditExport, _READ, {"of": repository}) or AuditExport(repository)

    def save_audit_export(self, state: AuditExport) -> None:
        self._write(_SAVE, {"repository": state.repository, "body": encode(state)})
