"""How far the audit log was sent outside (`ports.audit_export_store`), in memory."""

from wetread.domain.audit_export import AuditExport
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryAuditExportStore"]


class MemoryAuditExportStore(MemoryTransaction):
    def audit_export(self, repository: str) -> AuditExport:
        return self._visible.audit_exports.get(repository, AuditExport(repository))

    def save_audit_export(self, state: AuditExport) -> None:
        self._changing.audit_exports[state.repository] = state
