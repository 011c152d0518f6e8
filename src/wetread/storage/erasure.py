"""Removing rows so that no byte of them remains in the database's files, which a DELETE alone does not do.

SQLite's `secure_delete` zeroes freed cells, but a page that was split keeps copies of cells that moved (seen: 1 to 5 rows of 1,000 erased), and the write-ahead log keeps
every page until it is cut. PostgreSQL keeps dead rows in their pages, and common values in its statistics. So both rewrite: VACUUM, VACUUM FULL. What is beyond the database's files (backups,
archived logs, blocks of the disk) is the operator's: docs/retrieval.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine

from wetread.domain.errors import PermanentError, TransientError
from wetread.storage.engine import translated

__all__ = ["rewrite"]


def rewrite(engine: Engine, tables: tuple[str, ...]) -> None:
    """Rewrite the database without what was deleted. Raises TransientError when others hold it: the rows are gone, some bytes may not be; do it again. PermanentError(code='may_not_rewrite') when PostgreSQL leaves a table out, as it does for a role that may not rewrite it."""
    with translated(), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            _rewrite_postgresql(connection.execution_options(isolation_level="AUTOCOMMIT"), tables)
        else:
            _rewrite_sqlite(connection)


def _rewrite_postgresql(connection: Connection, tables: tuple[str, ...]) -> None:
    with _nothing_left_out(connection):
        for table in tables:
            connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {table}")
        connection.exec_driver_sql("VACUUM FULL pg_catalog.pg_statistic")  # it held copies of common values


@contextmanager
def _nothing_left_out(connection: Connection) -> Iterator[None]:
    """VACUUM skips a table that it may not rewrite with a warning, and succeeds (https://www.postgresql.org/docs/18/sql-vacuum.html)."""
    said: set[str] = set()

    def hear(notice: Any) -> None:  # psycopg's Diagnostic, whose fields are gone after the call
        said.add(notice.severity_nonlocalized)

    driver: Any = connection.connection.driver_connection
    driver.add_notice_handler(hear)
    try:
        yield
    finally:
        driver.remove_notice_handler(hear)
    if "WARNING" in said:
        raise PermanentError(
            "the rows are erased, but this role may not rewrite their tables, and bytes of them may be left: give it MAINTAIN (docs/security.md, PostgreSQL roles), then erase again",
            code="may_not_rewrite",
        )


def _rewrite_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("VACUUM")
    busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
    if busy:
        raise TransientError(
            "the rows are erased, but a reader keeps the write-ahead log open and it still holds them: erase again",
            code="database_busy",
        )
