"""Erased means erased: no byte of it in the database's files, whatever went before."""

import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psycopg
import pytest
from neighbours.postgres import PostgresServer
from sqlalchemy import make_url

from wetread.domain.errors import TransientError
from wetread.domain.identifiers import PatientKey, StudyKey
from wetread.ports.case_store import Case
from wetread.ports.snippet_store import StoredSource
from wetread.storage import engine
from wetread.storage.cases import SqlCaseStore
from wetread.storage.engine import make_engine, writing
from wetread.storage.snippets import SqlSnippetStore
from wetread.testing.builders import NOON
from wetread.testing.snippet_builders import PATIENT, a_snippet, a_source

if TYPE_CHECKING:
    from contract.conftest import Templates

MARK = "unforgettable"
GONE = PatientKey("gone")
ACTS: dict[str, Callable[[SqlSnippetStore], int]] = {
    "patient": lambda store: store.erase_patient(GONE),
    "source": lambda store: sum(store.erase_source(f"gone-{number}") for number in range(0, 200, 50)),
    "purge": lambda store: store.purge(NOON),
}


def a_life(store: SqlSnippetStore) -> None:
    """Sources of some patients come, and half of them again, changed: pages fill, split and are freed. Four of 200 are to go."""
    dice = random.Random(5)
    sources = [_source(number, dice) for number in range(200)]
    for start in range(0, 200, 20):
        store.put(sources[start : start + 20])
        store.put([_source(number, dice) for number in range(start, start + 20, 2)])


def _source(number: int, dice: random.Random) -> StoredSource:
    goes = number % 50 == 0
    name = f"{'gone' if goes else 'kept'}-{number}"
    words = [f"{MARK if goes else 'kept'} {'w' * dice.randint(10, 700)}" for _ in range(dice.randint(1, 5))]
    return a_source(
        *map(a_snippet, words),
        source_id=name,
        patient_key=GONE if goes else PatientKey(f"patient{number % 7}"),
        added_at=NOON - timedelta(days=goes),
    )


def files_of(url: str, request: pytest.FixtureRequest, neighbour: str = "pgvector") -> list[Path]:
    """PostgreSQL's write-ahead log is left out: it goes the way of the operator's archive."""
    if url.startswith("sqlite"):
        path = Path(make_url(url).database or "")
        return [each for each in path.parent.glob(path.name + "*") if each.is_file()]
    server: PostgresServer = request.getfixturevalue(neighbour)
    server.execute("CHECKPOINT")  # until then the rewritten table's old file is only emptied
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
    assert row is not None
    return [each for each in (server.folder / "data" / "base" / str(row[0])).iterdir() if each.is_file()]


def analyse(url: str) -> None:
    """What PostgreSQL does by itself, a minute after enough rows changed: it would copy common values into its statistics."""
    engine = make_engine(url)
    with writing(engine) as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()


def holding(url: str, request: pytest.FixtureRequest, mark: str) -> list[str]:
    return [each.name for each in files_of(url, request) if mark.encode() in each.read_bytes()]


@pytest.mark.parametrize("act", ACTS)
def test_nothing_of_what_is_erased_remains_in_the_files(
    snippets_url: str, request: pytest.FixtureRequest, act: str
) -> None:
    store = SqlSnippetStore(snippets_url)
    a_life(store)
    analyse(snippets_url)
    assert holding(snippets_url, request, MARK)
    assert holding(snippets_url, request, "gone-")
    assert ACTS[act](store) == 4
    assert holding(snippets_url, request, MARK) == []
    assert holding(snippets_url, request, "gone-") == []
    assert holding(snippets_url, request, "kept")
    assert store.counts().sources == 196
    store.close()


def test_nothing_of_an_erased_film_remains_in_the_files(snippets_url: str, request: pytest.FixtureRequest) -> None:
    store, dice = SqlCaseStore(snippets_url), np.random.default_rng(5)
    for number in range(60):
        name = f"{'gone' if number % 20 == 7 else 'kept'}-film-{number}"
        store.keep(Case(StudyKey(name), "m" * 64, NOON, dice.random(1280, np.float32)))
    analyse(snippets_url)
    assert holding(snippets_url, request, "gone-film")
    assert [store.erase_study(StudyKey(f"gone-film-{number}")) for number in (7, 27, 47)] == [1, 1, 1]
    assert holding(snippets_url, request, "gone-film") == []
    assert store.count("m" * 64) == 57
    store.close()


@pytest.fixture
def on_sqlite(templates: "Templates", tmp_path: Path) -> Iterator[str]:
    with templates.copy("sqlite", "snippets", tmp_path) as url:
        yield url


@contextmanager
def reading(url: str) -> Iterator[sqlite3.Connection]:
    """Somebody else in the middle of a read."""
    connection = sqlite3.connect(make_url(url).database or "", isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM snippets").fetchone()
    yield connection
    connection.close()


def test_a_reader_of_the_moment_is_waited_for(on_sqlite: str, request: pytest.FixtureRequest) -> None:
    store = SqlSnippetStore(on_sqlite)
    store.put([a_source(a_snippet(MARK))])
    with reading(on_sqlite) as reader:
        leaves = threading.Timer(0.3, reader.close)
        leaves.start()
        assert store.erase_patient(PATIENT) == 1
        leaves.join()
    assert holding(on_sqlite, request, MARK) == []
    store.close()


def test_a_reader_that_stays_is_named_and_the_erasure_can_be_completed(
    on_sqlite: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_S", 0.2)
    store = SqlSnippetStore(on_sqlite)
    store.put([a_source(a_snippet(MARK))])
    with reading(on_sqlite):
        with pytest.raises(TransientError) as refusal:
            store.erase_patient(PATIENT)
        assert refusal.value.code == "database_busy"
        assert holding(on_sqlite, request, MARK)
    assert store.erase_patient(PATIENT) == 0
    assert holding(on_sqlite, request, MARK) == []
    store.close()
