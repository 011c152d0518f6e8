"""The working database's table of what receivers were asked to answer for."""

from sqlalchemy import Column, Index, Table

from wetread.storage.schema import OrderedText, text_column, time_column, work

__all__ = ["commitments"]

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
