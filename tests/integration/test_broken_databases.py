"""What operations break of a database under a command: told in one line that names which, what is wrong and what to do, with exit status 1 and without a traceback."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from neighbours.postgres import PostgresServer, running_postgres
from neighbours.wetread import Wetread

from wetread.storage.migrate import version_table

SECRET = "hunter2"


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def house(tmp_path: Path) -> Wetread:
    return Wetread(tmp_path / "house")


def told(house: Wetread, *words: str) -> str:
    """All that it complains of."""
    done = house.run(*words)
    assert done.returncode == 1, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    assert SECRET not in line
    return line


@pytest.mark.parametrize(("which", "name"), [("work", "wetread.db"), ("vault", "vault/vault.db")])
def test_a_release_that_is_older_than_the_database_says_so_and_leaves_it(house: Wetread, which: str, name: str) -> None:
    with closing(sqlite3.connect(house.folder / name)) as database, database:
        database.execute(f"UPDATE {version_table(which)} SET version_num = '9999'")  # noqa: S608 - a name of ours
    for command in ("status", "migrate"):
        says = f"wetread: {house.folder / name}: a newer release wrote this database: run that release, or restore a backup"
        assert told(house, command) == says


def test_a_database_that_was_overwritten_is_called_damaged(house: Wetread) -> None:
    (house.folder / "wetread.db").write_bytes(b"Z" * 8192)
    assert f"{house.folder}/wetread.db: the database is damaged (SQLITE_NOTADB): stop wetread and restore" in told(
        house, "status"
    )


def test_a_database_file_that_cannot_be_opened(house: Wetread) -> None:
    (house.folder / "wetread.db").unlink()
    (house.folder / "wetread.db").mkdir()
    assert f"{house.folder}/wetread.db: the database's file cannot be opened (SQLITE_CANTOPEN): see who owns" in told(
        house, "status"
    )


def test_films_that_are_somebody_elses(house: Wetread) -> None:
    (house.folder / "vault" / "films").write_text("")
    assert told(house, "status") == f"wetread: {house.folder}/vault/films: File exists"


@pytest.mark.real
@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ("", "the database gives its account no right to this (42501): `wetread migrate` as the role that owns the tables"),
        ("CONNECTION LIMIT 0", "the database is busy (it has no free connection: raise its max_connections"),
    ],
)  # fmt: skip
def test_an_account_that_may_not(tmp_path: Path, postgres: PostgresServer, limits: str, says: str) -> None:
    name = postgres.create()
    postgres.execute(f"CREATE ROLE weak LOGIN PASSWORD '{SECRET}' {limits}")
    try:
        house = Wetread(tmp_path, {"DATABASE_URL": postgres.url(name).replace("//postgres@", f"//weak:{SECRET}@")})
        assert f"{name}: {says}" in told(house, "migrate")
        assert says in told(house, "status")
    finally:
        postgres.execute("DROP ROLE weak")
        postgres.drop(name)
