"""Every port with each of its answers: the twin in memory, SQLite in a file, PostgreSQL in a cluster of our own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from migrated import migrated
from neighbours.postgres import PostgresServer, running_pgvector, running_postgres

from wetread.ports.case_store import CaseStore
from wetread.ports.database import Database
from wetread.ports.file_store import FileStore
from wetread.ports.snippet_store import SnippetStore
from wetread.ports.vault import VaultStore
from wetread.storage.cases import SqlCaseStore
from wetread.storage.database import SqlDatabase
from wetread.storage.files import DiskFileStore
from wetread.storage.migrate import upgrade
from wetread.storage.snippets import SqlSnippetStore
from wetread.storage.vault import SqlVault
from wetread.testing.memory_cases import MemoryCaseStore
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.memory_files import MemoryFileStore
from wetread.testing.memory_snippets import MemorySnippetStore
from wetread.testing.memory_vault import MemoryVault

SQL = ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)]
VECTOR_SQL = ["sqlite", pytest.param("pgvector", marks=pytest.mark.real)]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def pgvector() -> Iterator[PostgresServer]:
    with running_pgvector() as server:
        yield server


class Templates:
    """Migrated once per run, copied for each test."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request
        self._made: dict[tuple[str, str], str] = {}

    @contextmanager
    def copy(self, engine: str, which: str, folder: Path) -> Iterator[str]:
        """The url of a new, migrated, empty database."""
        if engine == "sqlite":
            yield migrated(folder / f"{which}.db", which)
            return
        server: PostgresServer = self._request.getfixturevalue({"postgresql": "postgres"}.get(engine, engine))
        name = server.create(self._template(engine, server, which))
        yield server.url(name)
        server.drop(name)

    def _template(self, engine: str, server: PostgresServer, which: str) -> str:
        if (engine, which) not in self._made:
            name = server.create()
            upgrade(server.url(name), which)
            self._made[engine, which] = name
        return self._made[engine, which]


@pytest.fixture(scope="session")
def templates(request: pytest.FixtureRequest) -> Templates:
    return Templates(request)


@pytest.fixture(params=SQL)
def sql_url(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Iterator[str]:
    """A working database on each real engine."""
    with templates.copy(request.param, "work", tmp_path) as url:
        yield url


@pytest.fixture
def sql_database(sql_url: str) -> Iterator[SqlDatabase]:
    database = SqlDatabase(sql_url)
    yield database
    database.close()


@pytest.fixture(params=["memory", *SQL])
def database(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Iterator[Database]:
    if request.param == "memory":
        yield MemoryDatabase()
        return
    with templates.copy(request.param, "work", tmp_path) as url:
        database = SqlDatabase(url)
        yield database
        database.close()


@pytest.fixture(params=["memory", *SQL])
def vault(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Iterator[VaultStore]:
    if request.param == "memory":
        yield MemoryVault()
        return
    with templates.copy(request.param, "vault", tmp_path) as url:
        vault = SqlVault(url)
        yield vault
        vault.close()


@pytest.fixture(params=["memory", "disk"])
def file_store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    return MemoryFileStore() if request.param == "memory" else DiskFileStore(tmp_path / "files")


@pytest.fixture(params=VECTOR_SQL)
def snippets_url(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Iterator[str]:
    """A snippet database on each real engine."""
    with templates.copy(request.param, "snippets", tmp_path) as url:
        yield url


@pytest.fixture(params=["memory", *VECTOR_SQL])
def snippet_store(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Iterator[SnippetStore]:
    if request.param == "memory":
        yield MemorySnippetStore()
        return
    with templates.copy(request.param, "snippets", tmp_path) as url:
        store = SqlSnippetStore(url)
        yield store
        store.close()


@pytest.fixture(params=["memory", *VECTOR_SQL])
def case_store(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Iterator[CaseStore]:
    if request.param == "memory":
        yield MemoryCaseStore()
        return
    with templates.copy(request.param, "snippets", tmp_path) as url:
        store = SqlCaseStore(url)
        yield store
        store.close()
