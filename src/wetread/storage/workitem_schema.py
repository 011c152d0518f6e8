"""The working database's tables of what is asked for: requests for a read, and the worklist of UPS-RS without identity (the vault has the data sets)."""

from sqlalchemy import BigInteger, Boolean, Column, Index, MetaData, Table, text

from wetread.storage.schema import OrderedText, integer_column, text_column, time_column, work

__all__ = [
    "REQUEST_IS_OPEN",
    "STEP_IS_OPEN",
    "foreign_steps",
    "read_requests",
    "workitem_events",
    "workitem_subscriptions",
    "workitem_tables",
    "workitems",
]

REQUEST_IS_OPEN = "state IN ('waiting', 'reading')"
"""As the partial index has it."""
_OPEN = text(REQUEST_IS_OPEN)
read_requests = Table(
    "read_requests",
    work,
    Column("request_key", OrderedText, primary_key=True),
    text_column("study_key"),  # no foreign key: it may be asked for before it comes
    text_column("state"),
    time_column("asked_at"),
    text_column("body"),
    Index(None, "study_key", "asked_at"),
    Index("ix_read_requests_open", "asked_at", "request_key", sqlite_where=_OPEN, postgresql_where=_OPEN),
)
workitems = Table(
    "workitems",
    work,
    Column("workitem_key", OrderedText, primary_key=True),
    integer_column("version"),
    text_column("state"),
    time_column("changed_at"),
    text_column("body"),
)
workitem_subscriptions = Table(
    "workitem_subscriptions",
    work,
    Column("subscriber", OrderedText, primary_key=True),
    Column("scope", OrderedText, primary_key=True),  # a workitem's key, or the worklist
    text_column("owner_id"),
    Column("deletion_lock", Boolean, nullable=False),
    text_column("query"),
    Index(None, "scope"),
)
workitem_events = Table(
    "workitem_events",
    work,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),  # the audit record's
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("workitem_key", OrderedText, nullable=False),
    time_column("happened_at"),
    text_column("body"),
    Index(None, "workitem_key", "sequence"),
    Index(None, "happened_at"),
)

STEP_IS_OPEN = "hold IN ('intended', 'claimed')"
"""As the partial index has it."""
_NOT_ENDED = text(STEP_IS_OPEN)
foreign_steps = Table(
    "foreign_steps",
    work,
    Column("step_key", OrderedText, primary_key=True),
    text_column("hold"),
    time_column("intended_at"),
    text_column("body"),
    Index("ix_foreign_steps_open", "intended_at", "step_key", sqlite_where=_NOT_ENDED, postgresql_where=_NOT_ENDED),
)


def workitem_tables() -> MetaData:
    """The working database's metadata, these tables among the others."""
    return work
