"""The working database's tables of storage commitment: what receivers were asked to answer for, and what we owe to who asked us."""

from sqlalchemy import Column, Index, Table

from wetread.storage.schema import IS_DUE_ONCE, OrderedText, UtcDateTime, partial_index, text_column, time_column, work

__all__ = ["commitments", "owed_reports"]

commitments = Table(
    "commitments",
    work,
    Column("transaction_uid", OrderedText, primary_key=True),
    text_column("sink"),
    text_column("sent"),
    time_column("asked_at"),
    text_column("body"),
    Index("ix_commitments_sent", "sink", "sent", "asked_at"),
)
owed_reports = Table(
    "owed_reports",
    work,
    Column("request_key", OrderedText, primary_key=True),
    Column("ae_title", OrderedText, nullable=False),
    text_column("state"),
    time_column("asked_at"),
    Column("due_at", UtcDateTime),  # null once it is over
    Column("ended_at", UtcDateTime),
    text_column("body"),
    Index("ix_owed_reports_ended", "ended_at"),
    Index("ix_owed_reports_of", "state", "ae_title", "asked_at"),
    partial_index("ix_owed_reports_due", "due_at", holds=IS_DUE_ONCE),
)
