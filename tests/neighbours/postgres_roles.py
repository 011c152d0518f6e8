"""The three roles of docs/security.md on a real server, by the statements that stand there."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neighbours.postgres import PostgresServer

__all__ = ["granted_roles", "prepared_by_scripts", "url_of"]

_PAGE = Path(__file__).parents[2] / "docs" / "security.md"
_ROLES = ("wetread_owner", "wetread_work", "wetread_vault")
_DATABASES = ("wetread", "wetread_vault", "wetread_snippets")


@contextmanager
def granted_roles(server: PostgresServer) -> Iterator[None]:
    """Three empty databases and three roles without a password, gone afterwards."""
    with _gone_afterwards(server):
        _grant_by_the_page(server)
        yield


@contextmanager
def prepared_by_scripts(server: PostgresServer, folder: Path, secrets: Path) -> Iterator[None]:
    """The same by psql and the scripts that a new PostgreSQL container runs, with the passwords of `secrets`."""
    with _gone_afterwards(server):
        for script in sorted(folder.glob("*.sql")):
            text = script.read_text("utf-8").replace("/run/secrets", str(secrets))
            words = ["psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--quiet", server.url("postgres")]
            subprocess.run(words, input=text, text=True, check=True)
        yield


def _grant_by_the_page(server: PostgresServer) -> None:
    section = _PAGE.read_text("utf-8").partition("## PostgreSQL roles")[2].partition("\n## ")[0]
    everywhere, work, vault = re.findall(r"```sql\n(.*?)```", section, re.DOTALL)
    _run(server, everywhere, "postgres")
    _run(server, work, "wetread")
    _run(server, "CREATE EXTENSION vector;" + work, "wetread_snippets")
    _run(server, vault, "wetread_vault")


@contextmanager
def _gone_afterwards(server: PostgresServer) -> Iterator[None]:
    try:
        yield
    finally:
        for name in _DATABASES:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        for name in _ROLES:
            server.execute(f"DROP ROLE IF EXISTS {name}")


def url_of(server: PostgresServer, role: str, database: str) -> str:
    return server.url(database).replace("//postgres@", f"//{role}@")


def _run(server: PostgresServer, statements: str, database: str) -> None:
    for each in filter(str.strip, statements.split(";")):
        server.execute(each, database)
