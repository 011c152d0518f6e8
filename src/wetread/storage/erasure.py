"""Removing rows so that no byte of them remains in the database's files, which a DELETE alone does not do.

SQLite's `secure_delete` zeroes freed cells, but a page that was split keeps copies of cells that moved (seen: 1 to 5 rows of 1,000 erased), and the write-ahead log keeps
every page until it is cut. PostgreSQL keeps dead rows in their pages, and common values in its statistics. So both rewrite: VACUUM, VACUUM FULL. What is beyond the database's files (backups,
archived logs, blocks of the disk) is the operator's: docs/retrieval.md.
"""

from sqlalchemy import Connection, Engine

from wetread.domain.errors import TransientError
from wetread.storage.engine import translated

__all__ = ["rewrite"]


def rewrite(engine: Engine, tables: tuple[str, ...]) -> None:
    """Rewrite the database without what was deleted. Raises TransientError when others hold it: the rows are gone, some bytes may not be; do it again."""
    with translated(), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            _rewrite_postgresql(connection.execution_options(isolation_level="AUTOCOMMIT"), tables)
        else:
            _rewrite_sqlite(connection)


def _rewrite_postgresql(connection: Connection, tables: tuple[str, ...]) -> None:
    for table in tables:
        connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {table}")
    connection.exec_driver_sql("VACUUM FULL pg_catalog.pg_statistic")  # it held copies of common values


def _rewrite_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("VACUUM")
    busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
    if busy:
        raise TransientError(
            "the rows are erased, but a reader keeps the write-ahead log open and it still holds them: erase again",
            code="database_busy",
        )
