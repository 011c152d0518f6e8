"""PostgreSQL samples no column of this database: its statistics are copies of rows, and an erasure would not reach them (ADR-0011)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_COLUMNS = sa.text(
    "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
    "WHERE attrelid = CAST(:name AS regclass) AND attnum > 0 AND NOT attisdropped"
)


def upgrade() -> None:
    """A column given its own type again loses what was sampled of it."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    for table in ("snippet_sources", "snippets", "cases"):
        for column, its_type in connection.execute(_COLUMNS, {"name": table}).all():
            op.execute(f"ALTER TABLE {table} ALTER {column} TYPE {its_type}, ALTER {column} SET STATISTICS 0")
