"""The working database's table of how far the audit log was sent outside."""

from sqlalchemy import Column, Table

from wetread.storage.schema import OrderedText, text_column, work

__all__ = ["audit_exports"]

audit_exports = Table("audit_exports", work, Column("repository", OrderedText, primary_key=True), text_column("body"))
