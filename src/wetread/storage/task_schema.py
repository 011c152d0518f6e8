"""The working database's tables of FHIR Tasks that ask for a read, and of how far a server's news was read."""

from sqlalchemy import Column, Table, text

from wetread.storage.schema import OrderedText, integer_column, partial_index, text_column, time_column, work

__all__ = ["IS_OPEN", "asked_tasks", "news_cursors"]

IS_OPEN = text("is_open = 1")
"""As the partial index has it."""
asked_tasks = Table(
    "asked_tasks",
    work,
    Column("task_key", OrderedText, primary_key=True),
    integer_column("is_open"),
    time_column("asked_at"),
    text_column("body"),
    partial_index("ix_asked_tasks_open", "asked_at", "task_key", holds=IS_OPEN),
)
news_cursors = Table("news_cursors", work, Column("name", OrderedText, primary_key=True), time_column("moment"))
