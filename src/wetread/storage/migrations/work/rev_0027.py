"""The index by which records of the audit log are found by the network address in their facts."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

_FACT = '["address","'
_SQLITE_TAIL = f"substr(detail, instr(detail, '{_FACT}') + {len(_FACT)})"
_SQLITE = f"substr({_SQLITE_TAIL}, 1, instr({_SQLITE_TAIL}, '\"') - 1)"
_POSTGRESQL = f"split_part(split_part(detail, '{_FACT}', 2), '\"', 1)"


def upgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    address = sa.text(_SQLITE if on_sqlite else _POSTGRESQL)
    op.create_index(
        "ix_audit_address",
        "audit",
        [address, "sequence"],
        sqlite_where=sa.text(f"instr(detail, '{_FACT}') > 0"),
        postgresql_where=sa.text(f"strpos(detail, '{_FACT}') > 0"),
    )
