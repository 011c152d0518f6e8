"""How far the audit log was sent to repositories outside, kept in the same transaction as everything else."""

from typing import Protocol

from wetread.domain.audit_export import AuditExport

__all__ = ["AuditExportStore"]


class AuditExportStore(Protocol):
    """Part of every unit of work."""

    def audit_export(self, repository: str) -> AuditExport:
        """A new one where nothing was sent."""
        ...

    def save_audit_export(self, state: AuditExport) -> None:
        """Insert or replace by repository."""
        ...
