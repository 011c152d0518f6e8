"""How we speak to SQLite and PostgreSQL: durability, locking, and driver errors turned into our two retry categories, once."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, PoolResetState

from wetread.domain.errors import PermanentError, TransientError, WetreadError
from wetread.storage.fail_stop import end_process

__all__ = ["BUSY_S", "begin", "make_engine", "parse_url", "reaching", "translate", "translated", "writing"]

BUSY_S = 10
"""How long a writer waits for its turn before it is told `database_busy`."""

_POSTGRESQL = (
    f"-c lock_timeout={BUSY_S}s -c idle_in_transaction_session_timeout=60s -c synchronous_commit=on -c timezone=UTC"
)
_PEER_GONE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}
"""libpq over TCP: a server behind a network that swallows packets is given up after 25 s. By default that takes two hours, and who pages people would wait as long."""
_NOT_SYNCED = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})
_POOL = {"pool_size": 8, "max_overflow": 24, "pool_timeout": BUSY_S}


def make_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://...`; parameters never appear in error texts."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    connect = {"connect_timeout": BUSY_S, "options": _POSTGRESQL, **_PEER_GONE}
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        connect_args=connect,
        pool_pre_ping=True,  # after a restart each pool would refuse a first film or signature, hours later too
        **_POOL,
    )


def parse_url(text: str) -> URL:
    """Of SQLite or PostgreSQL. Raises PermanentError('bad_settings'), which does not repeat the text: it may hold a password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.get_backend_name() not in ("sqlite", "postgresql"):
        raise PermanentError(
            "the database must be sqlite:///path or postgresql://user:password@host:port/name (in a password, @ is %40, / is %2F, % is %25)",
            code="bad_settings",
        )
    return url


def _where(url: str) -> str:
    """Without an account or a password."""
    parsed = parse_url(url)
    host = f"{parsed.host}{f':{parsed.port}' if parsed.port else ''}/" if parsed.host else ""
    return f"{host}{parsed.database or ''}"


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise PermanentError("SQLite needs a file: several threads share it", code="bad_settings")
    try:
        Path(url.database).touch(mode=0o600)  # SQLite gives its WAL the mode of the main file
    except OSError as error:
        raise _transient("file_unopened", error.strerror or type(error).__name__) from None
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": BUSY_S}, pool_reset_on_return=None, **_POOL
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "reset", _end_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: sqlite3 would begin late and deferred
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _end_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry, __: PoolResetState) -> None:
    """Nothing stays open in the pool: a connection that cannot be ended is closed by it. Not by its own rollback: a COMMIT that SQLite refuses leaves its transaction open, and SQLAlchemy takes it for ended."""
    if connection.in_transaction:
        connection.rollback()


class translated:  # noqa: N801 - every statement passes here, and a generator costs it a twentieth
    """Driver errors inside become ours, without their cause: its text may quote a row. A failed fsync of SQLite ends the process (`fail_stop`); of its own a PostgreSQL server takes care."""

    __slots__ = ()

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, sqlite3.Error) and getattr(cause, "sqlite_errorcode", 0) in _NOT_SYNCED:
            end_process("database", getattr(cause, "sqlite_errorname", ""))
        if isinstance(error, SQLAlchemyError):
            raise translate(error) from None
        if isinstance(error, sqlite3.Error):
            raise _from_sqlite(error) from None


def begin(connection: Connection, *, write: bool) -> None:
    """Start the transaction now, inside of `translated`. Not by an engine event: with one, every statement costs a tenth more; and past SQLAlchemy, which makes of these two words a statement with a result."""
    connection.begin()
    driver = connection.connection.dbapi_connection
    if isinstance(driver, sqlite3.Connection):
        driver.execute("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """As `translated`, and says which database it was: for whatever a command asks first, when its settings may be wrong."""
    try:
        with translated():
            yield
    except WetreadError as error:
        raise type(error)(f"{_where(url)}: {error}", code=error.code) from None


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A writing transaction, committed at the end of the block."""
    with translated(), engine.connect() as connection:
        begin(connection, write=True)
        yield connection
        connection.commit()


def translate(error: SQLAlchemyError) -> WetreadError:
    """Our error for a driver's: busy, down and full are worth another try, anything else is not."""
    if isinstance(error, PoolTimeout):
        return _transient("database_busy", "no free connection")
    if not isinstance(error, DBAPIError) or error.orig is None:
        return PermanentError(f"the database layer failed ({type(error).__name__})", code="database_refused")
    if isinstance(error.orig, sqlite3.Error):
        return _from_sqlite(error.orig)
    return _from_postgresql(getattr(error.orig, "sqlstate", None), type(error.orig).__name__, str(error.orig))


_SQLITE = {
    sqlite3.SQLITE_BUSY: "database_busy",
    sqlite3.SQLITE_LOCKED: "database_busy",
    sqlite3.SQLITE_FULL: "storage_full",
    sqlite3.SQLITE_IOERR: "database_down",
    sqlite3.SQLITE_CANTOPEN: "file_unopened",
}
_SQLSTATE = {"08": "database_down", "57": "database_down", "40": "database_busy", "55": "database_busy"} | {
    "53": "database_busy",
    "53100": "storage_full",
    "25P03": "database_busy",
    "25006": "database_read_only",
}
_REFUSED = {
    sqlite3.SQLITE_CORRUPT: "database_damaged",
    sqlite3.SQLITE_NOTADB: "database_damaged",
    sqlite3.SQLITE_READONLY: "file_read_only",
    "42501": "no_right",
}


def _from_sqlite(error: sqlite3.Error) -> WetreadError:
    code = getattr(error, "sqlite_errorcode", 0)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    known = _SQLITE.get(code & 0xFF)  # the low byte is the primary result code, https://www.sqlite.org/rescode.html
    return _transient(known, name) if known else _permanent(name, code & 0xFF)


_NO_CONNECTION = "it has no free connection: raise its max_connections, or see who holds them"
_REASONS = {
    "too many": _NO_CONNECTION,
    "connection slots": _NO_CONNECTION,
    "permission denied": "its account may not connect to it",
    "not currently accepting": "it lets nobody in now",
    "database system is": "it is starting or shutting down",
    "password authentication failed": "it refuses the account or its password",
    "no password supplied": "it wants a password",
    "no pg_hba.conf entry": "its pg_hba.conf lets this account not in from here",
    'database "': "it has no such database",
    'role "': "it has no such account",
    "resolve host": "its host has no address",
    "name or service": "its host has no address",
    "refused": "nobody listens at its host and port",
    "timeout": "it did not answer in time",
    "timed out": "it did not answer in time",
    "certificate": "its certificate does not hold",
    "ssl": "TLS fails",
}


def _why(said: str) -> str:
    """Of a connection that failed, in words of ours: what the driver says may name anything."""
    return next((words for sign, words in _REASONS.items() if sign in said.lower()), "")


def _from_postgresql(sqlstate: str | None, name: str, said: str) -> WetreadError:
    if sqlstate is None:  # psycopg has no code for a connection that was refused or broke
        why = _why(said)
        down = "database_busy" if why == _NO_CONNECTION else "database_down"
        return _transient(down, why or name) if name == "OperationalError" else _permanent(name)
    if sqlstate == "0A000" and "during recovery" in said:  # BEGIN READ WRITE, at a standby
        sqlstate = "25006"
    known = _SQLSTATE.get(sqlstate) or _SQLSTATE.get(sqlstate[:2])
    return _transient(known, sqlstate) if known else _permanent(sqlstate, sqlstate)


_ADVICE = {
    "database_busy": "the database is busy ({}): try again",
    "database_down": "the database cannot be reached ({}): check that it runs, then try again",
    "storage_full": "the database's disk is full ({}): free space, then try again",
    "file_unopened": "the database's file cannot be opened ({}): see who owns it and its folder, then try again",
    "file_read_only": "the database's file may not be written ({}): correct its owner, its mode or its mount, then start wetread again",
    "database_read_only": "the database only reads ({}): it is a standby or set so; promote it or name the one that writes, then try again",
    "database_damaged": "the database is damaged ({}): stop wetread and restore a backup (`wetread restore`)",
    "no_right": "the database gives its account no right to this ({}): `wetread migrate` as the role that owns the tables, or grant it, docs/security.md",
    "database_refused": "the database refused ({}): trying again will not help",
}
_CODES = {"file_unopened": "database_down", "file_read_only": "database_read_only", "no_right": "database_refused"}


def _transient(advice: str, detail: str) -> TransientError:
    return TransientError(_ADVICE[advice].format(detail), code=_CODES.get(advice, advice))


def _permanent(detail: str, known: int | str = "") -> PermanentError:
    advice = _REFUSED.get(known, "database_refused")
    return PermanentError(_ADVICE[advice].format(detail), code=_CODES.get(advice, advice))
