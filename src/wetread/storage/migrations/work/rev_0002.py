"""What the critical queue keeps: critical results, pages, alarms, hand-overs and signs of life. Adds tables only: what was there stays as it is."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TIME = sa.DateTime(timezone=True)
_ORDERED = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, _TIME, nullable=nullable)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, _ORDERED, primary_key=True)


def _of_study(*, nullable: bool = False) -> sa.Column[str]:
    study = sa.ForeignKey("studies.study_key", deferrable=True, initially="DEFERRED")
    return sa.Column("study_key", sa.Text, study, nullable=nullable)


def _index(name: str, table: str, *columns: str, where: str | None = None, unique: bool = False) -> None:
    holds = None if where is None else sa.text(where)
    op.create_index(name, table, list(columns), unique=unique, sqlite_where=holds, postgresql_where=holds)


def upgrade() -> None:
    _critical_results()
    _pages()
    _alarms()
    _roster_overrides()
    op.create_table("beats", sa.Column("name", sa.Text, primary_key=True), _time("beat_at"))


def _critical_results() -> None:
    table, is_open, is_due = "critical_results", "state <> 'closed'", "next_due_at IS NOT NULL"
    op.create_table(
        table,
        _key("critical_key"),
        _of_study(),
        _text("site"),
        _text("state"),
        _time("opened_at"),
        _time("next_due_at", nullable=True),
        _integer("etag"),
        _text("body"),
    )
    _index("ix_critical_results_study_key_opened_at", table, "study_key", "opened_at")
    _index("uq_critical_results_open", table, "study_key", where=is_open, unique=True)
    _index("ix_critical_results_open", table, "opened_at", "critical_key", where=is_open)
    _index("ix_critical_results_closed", table, "opened_at", "critical_key", where="state = 'closed'")
    _index("ix_critical_results_due", table, "next_due_at", "critical_key", where=is_due)


def _pages() -> None:
    op.create_table(
        "pages",
        _key("page_key"),
        _text("subject"),
        _of_study(nullable=True),
        _integer("urgency"),
        _text("state"),
        _integer("attempt"),
        _time("due_at", nullable=True),
        _time("queued_at"),
        _text("body"),
    )
    _index("ix_pages_subject_queued_at", "pages", "subject", "queued_at")
    _index("ix_pages_queued", "pages", "urgency", "due_at", "page_key", where="due_at IS NOT NULL")


def _alarms() -> None:
    op.create_table("alarms", _key("alarm_key"), _time("raised_at"), _time("cleared_at", nullable=True), _text("body"))
    _index("ix_alarms_open", "alarms", "raised_at", "alarm_key", where="cleared_at IS NULL")


def _roster_overrides() -> None:
    op.create_table("roster_overrides", _key("override_id"), _time("starts_at"), _time("ends_at"), _text("body"))
    _index("ix_roster_overrides_ends_at", "roster_overrides", "ends_at")
