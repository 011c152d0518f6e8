"""The working database's tables of what may not be erased, what shall be, and what was."""

from sqlalchemy import Column, Integer, Table, Text, text

from wetread.storage.schema import (
    IS_DUE_ONCE,
    OrderedText,
    UtcDateTime,
    integer_column,
    partial_index,
    text_column,
    time_column,
    work,
)

__all__ = ["erasures", "legal_holds", "tombstones"]

erasures = Table(
    "erasures",
    work,
    Column("number", Integer, primary_key=True, autoincrement=False),
    integer_column("is_open"),
    Column("due_at", UtcDateTime),
    text_column("body"),
    partial_index("ix_erasures_due", "due_at", "number", holds=IS_DUE_ONCE),
)
legal_holds = Table(
    "legal_holds",
    work,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("subject", OrderedText, nullable=False),
    Column("lifted_at", UtcDateTime),
    text_column("body"),
    partial_index("ix_legal_holds_standing", "subject", "number", holds=text("lifted_at IS NULL")),
)
tombstones = Table(  # no foreign key: the study is gone
    "tombstones",
    work,
    Column("study_key", Text, primary_key=True),
    text_column("state"),
    time_column("began_at"),
    text_column("body"),
)
