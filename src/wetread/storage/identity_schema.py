"""The working database's tables of who signs in elsewhere, of second components, and of what is used once."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text

from wetread.storage.schema import UtcDateTime, text_column, time_column, work

__all__ = ["confirmations", "external_identities", "external_sessions", "failed_sign_ins", "token_limits", "used_once"]


def _of_session(*, primary_key: bool = False) -> Column[str]:
    session = ForeignKey("sessions.token_sha256", ondelete="CASCADE", onupdate="CASCADE")
    return Column("token_sha256", Text, session, primary_key=primary_key, nullable=False)


external_identities = Table(
    "external_identities",
    work,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    text_column("actor_id"),
)
external_sessions = Table(
    "external_sessions",
    work,
    _of_session(primary_key=True),
    text_column("issuer"),
    text_column("subject"),
    text_column("session"),
    text_column("held"),
    time_column("confirmed_at"),
    time_column("asked_at"),
)
confirmations = Table(
    "confirmations",
    work,
    Column("secret_sha256", Text, primary_key=True),
    _of_session(),
    text_column("act_sha256"),
    time_column("expires_at"),
)
used_once = Table("used_once", work, Column("what_sha256", Text, primary_key=True), time_column("expires_at"))
token_limits = Table(
    "token_limits",
    work,
    _of_session(primary_key=True),
    text_column("acts"),
    Column("certificate", Text, nullable=False, server_default=""),
)
failed_sign_ins = Table(
    "failed_sign_ins",
    work,
    Column("name_hmac", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("known", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    time_column("last_at"),
    time_column("before_at"),
    Column("let_in_at", UtcDateTime),
    Index(None, "known", "last_at"),
)
