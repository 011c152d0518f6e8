"""The working database's tables of FHIR Tasks that ask for a read, and of how far a server's news was read."""

from sqlalchemy import Column, Index, MetaData, Table, text

from wetread.storage.schema import OrderedText, integer_column, text_column, time_column, work

__all__ = ["IS_OPEN", "asked_tasks", "news_cursors", "task_tables"]

IS_OPEN = "is_open = 1"
"""As the partial index has it."""
asked_tasks = Table(
    "asked_tasks",
    work,
    Column("task_key", OrderedText, primary_key=True),
    integer_column("is_open"),
    time_column("asked_at"),
    text_column("body"),
    Index("ix_asked_tasks_open", "asked_at", "task_key", sqlite_where=text(IS_OPEN), postgresql_where=text(IS_OPEN)),
)
news_cursors = Table("news_cursors", work, Column("name", OrderedText, primary_key=True), time_column("moment"))


def task_tables() -> MetaData:
    """The working database's metadata, these tables among the others."""
    return work
