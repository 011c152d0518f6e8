"""The working database's tables of what is asked for: requests for a read, and the worklist of UPS-RS without identity (the vault has the data sets)."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, text

from wetread.storage.schema import OrderedText, integer_column, partial_index, text_column, time_column, work

__all__ = [
    "REQUEST_IS_OPEN",
    "STEP_IS_OPEN",
    "foreign_steps",
    "read_requests",
    "workitem_events",
    "workitem_subscriptions",
    "workitems",
]

REQUEST_IS_OPEN = text("state IN ('waiting', 'reading')")
"""As the partial index has it."""
read_requests = Table(
    "read_requests",
    work,
    Column("request_key", OrderedText, primary_key=True),
    text_column("study_key"),  # no foreign key: it may be asked for before it comes
    text_column("state"),
    time_column("asked_at"),
    text_column("body"),
    Index(None, "study_key", "asked_at"),
    partial_index("ix_read_requests_open", "asked_at", "request_key", holds=REQUEST_IS_OPEN),
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

STEP_IS_OPEN = text("hold IN ('intended', 'claimed')")
"""As the partial index has it."""
foreign_steps = Table(
    "foreign_steps",
    work,
    Column("step_key", OrderedText, primary_key=True),
    text_column("hold"),
    time_column("intended_at"),
    text_column("body"),
    partial_index("ix_foreign_steps_open", "intended_at", "step_key", holds=STEP_IS_OPEN),
)
