"""The working database's tables of accounts, of what lets them in, and of emergency accesses."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text

from wetread.storage.schema import UtcDateTime, of_study, text_column, time_column, work

__all__ = ["accounts", "emergency_accesses", "preferences", "second_factors", "sessions"]

accounts = Table(
    "accounts",
    work,
    Column("actor_id", Text, primary_key=True),
    text_column("role"),
    text_column("display_name"),
    text_column("password_hash"),
    Column("disabled", Boolean, nullable=False),
    Column("sites", Text, nullable=False, server_default="[]"),
)
sessions = Table(
    "sessions",
    work,
    Column("token_sha256", Text, primary_key=True),
    text_column("actor_id"),
    time_column("expires_at"),
    Column("begun_at", UtcDateTime),
    Column("address", Text, nullable=False, server_default=""),
    Column("client", Text, nullable=False, server_default=""),
)
preferences = Table(
    "preferences",
    work,
    Column("actor_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    text_column("body"),
)
second_factors = Table("second_factors", work, Column("actor_id", Text, primary_key=True), text_column("body"))
emergency_accesses = Table(
    "emergency_accesses",
    work,
    Column("number", Integer, primary_key=True, autoincrement=False),
    text_column("actor_id"),
    of_study(),
    time_column("ends_at"),
    text_column("body"),
    Index(None, "actor_id", "study_key", "ends_at"),
)
