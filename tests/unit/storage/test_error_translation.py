"""Driver errors: which are worth another try, and that none of them quotes a row."""

import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ResourceClosedError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from wetread.domain.errors import PermanentError, TransientError
from wetread.storage.engine import begin, make_engine, translate, translated


def wrapped(error: Exception) -> DBAPIError:
    return DBAPIError("SELECT", {"patient_name": "Doe^Jane"}, error)


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("Doe^Jane")
    error.sqlite_errorcode, error.sqlite_errorname = code, "SQLITE_NAME"
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (sqlite_error(sqlite3.SQLITE_BUSY), "database_busy"),
        (sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT), "database_busy"),
        (sqlite_error(sqlite3.SQLITE_FULL), "storage_full"),
        (sqlite_error(sqlite3.SQLITE_IOERR_WRITE), "database_down"),
        (sqlite_error(sqlite3.SQLITE_CANTOPEN), "database_down"),
        (psycopg.errors.lookup("40001")("Doe^Jane"), "database_busy"),
        (psycopg.errors.lookup("40P01")("Doe^Jane"), "database_busy"),
        (psycopg.errors.lookup("55P03")("Doe^Jane"), "database_busy"),
        (psycopg.errors.lookup("53300")("Doe^Jane"), "database_busy"),
        (psycopg.errors.lookup("53100")("Doe^Jane"), "storage_full"),
        (psycopg.errors.lookup("57P01")("Doe^Jane"), "database_down"),
        (psycopg.errors.lookup("08006")("Doe^Jane"), "database_down"),
        (psycopg.errors.lookup("25006")("Doe^Jane"), "database_read_only"),
        (
            psycopg.errors.lookup("0A000")("cannot set transaction read-write mode during recovery"),
            "database_read_only",
        ),
        (psycopg.OperationalError("connection refused for Doe^Jane"), "database_down"),
        (psycopg.OperationalError("FATAL: sorry, too many clients already"), "database_busy"),
        (psycopg.OperationalError("FATAL: remaining connection slots are reserved for Doe^Jane"), "database_busy"),
    ],
)
def test_a_passing_fault_is_transient(error: Exception, code: str) -> None:
    translated_error = translate(wrapped(error))
    assert isinstance(translated_error, TransientError)
    assert translated_error.code == code
    assert "Doe" not in str(translated_error)


@pytest.mark.parametrize(
    "error",
    [
        sqlite_error(sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY),
        sqlite_error(sqlite3.SQLITE_CORRUPT),
        sqlite_error(sqlite3.SQLITE_READONLY),
        sqlite3.ProgrammingError("Doe^Jane"),
        psycopg.errors.lookup("0A000")("Doe^Jane"),
        psycopg.errors.lookup("42501")("permission denied for table Doe^Jane"),
        psycopg.errors.lookup("23505")("Key (patient_name)=(Doe^Jane) already exists"),
        psycopg.DataError("Doe^Jane"),
    ],
)
def test_anything_else_is_permanent(error: Exception) -> None:
    translated_error = translate(wrapped(error))
    assert isinstance(translated_error, PermanentError)
    assert "Doe" not in str(translated_error)


def test_the_layer_between_is_translated_too() -> None:
    assert translate(PoolTimeout("pool")).code == "database_busy"
    assert isinstance(translate(ResourceClosedError("closed")), PermanentError)


def test_a_traceback_shows_nothing_of_the_row(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/new.db")
    with pytest.raises(PermanentError) as refusal, translated(), engine.connect() as connection:
        connection.execute(text("SELECT :name FROM nowhere"), {"name": "Doe^Jane"})
    engine.dispose()
    assert refusal.value.__suppress_context__
    assert "Doe" not in str(refusal.value) + str(refusal.value.__context__)


def test_a_connection_that_cannot_be_ended_is_closed_and_frees_its_place_in_the_pool(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/new.db")
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.close()
    assert "Exception during reset" in caplog.text
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    with translated(), engine.connect() as connection:
        begin(connection, write=True)
    engine.dispose()


@pytest.mark.parametrize(
    "text",
    ["postgres", "postgresql://jane:s3cret@host:54e2/x", "mysql://jane:s3cret@host/x", "postgresql://[::1/x", ""],
)
def test_what_is_no_database_url_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(PermanentError, match="must be sqlite:///path or postgresql://") as refusal:
        make_engine(text)
    assert refusal.value.code == "bad_settings"
    assert "s3cret" not in str(refusal.value) + repr(refusal.value.__cause__) + repr(refusal.value.__context__)
