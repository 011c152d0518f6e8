"""Brings a database to this release's schema. Only here and in `migrations` is alembic imported, and only when something is to be done."""

import multiprocessing
import sys
from contextlib import suppress
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table, text

from wetread.domain.errors import PermanentError, WetreadError
from wetread.storage.engine import make_engine, reaching, writing
from wetread.storage.schema import HEADS

__all__ = ["bring_up_to_date", "is_current", "upgrade", "version_table"]

_FOLDER = Path(__file__).parent / "migrations"


def version_table(which: str) -> str:
    """The table that says how far the "work", "vault" or "snippets" database was migrated."""
    return f"{which}_schema_version"


def upgrade(url: str, which: str) -> bool:
    """Apply the missing migrations of the "work", "vault" or "snippets" database at `url`; False when there was nothing to do.

    All or nothing, one process at a time. Raises PermanentError(code='schema_newer') when a release that this one does not know wrote the database,
    'bad_settings' when another of the three lives there (law 4: what identifies is apart), 'no_pgvector' when the snippets' PostgreSQL lacks the extension.
    """
    with reaching(url):
        engine = make_engine(url)
        try:
            with writing(engine) as connection:
                return _upgrade(connection, which)
        finally:
            engine.dispose()


def bring_up_to_date(url: str, which: str) -> None:
    """`upgrade` in a process of its own: the migration tool would stay in a server's memory for ever. Raises what that does; PermanentError(code='migration_failed') where the database refused or the process died."""
    if is_current(url, which):
        return
    spawn = multiprocessing.get_context("spawn")
    hears, tells = spawn.Pipe(duplex=False)
    child = spawn.Process(target=_upgrade_and_tell, args=(url, which, tells))
    child.start()
    tells.close()
    refusal = _heard(hears)
    child.join()
    if refusal is not None and refusal.code != "database_refused":
        raise refusal
    if child.exitcode != 0:
        raise PermanentError(
            f"the {which} database could not be migrated: {refusal or f'its process ended with {child.exitcode}'}. Where this role may not, run `wetread migrate` as the one that owns the tables",
            code="migration_failed",
        )


def _upgrade_and_tell(url: str, which: str, parent: Pipe) -> None:
    """Its errors are its parent's to tell: here they would be a traceback."""
    try:
        upgrade(url, which)
    except WetreadError as error:
        parent.send(error)
        sys.exit(1)


def _heard(child: Pipe) -> WetreadError | None:
    with child, suppress(EOFError):
        refusal: WetreadError = child.recv()
        return refusal
    return None


def is_current(url: str, which: str) -> bool:
    """True when `upgrade` would have nothing to do. Cheap: no migration tool is imported."""
    with reaching(url):
        engine = make_engine(url)
        try:
            with engine.connect() as connection:
                return _revision(connection, which) == HEADS[which]
        finally:
            engine.dispose()


def _upgrade(connection: Connection, which: str) -> bool:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('wetread_migrate'))"))
    if any(_revision(connection, other) for other in HEADS if other != which):
        raise PermanentError("vault, snippets and working database must be three databases", code="bad_settings")
    if _revision(connection, which) == HEADS[which]:
        return False
    _run(connection, which)
    return True


def _revision(connection: Connection, which: str) -> str | None:
    version = table(version_table(which), column("version_num"))
    if not inspect(connection).has_table(version.name):
        return None
    return connection.execute(select(version.c.version_num)).scalar_one_or_none()


def _run(connection: Connection, which: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config(attributes={"connection": connection, "version_table": version_table(which)})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("version_locations", str(_FOLDER / which).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    try:
        command.upgrade(config, HEADS[which])
    except CommandError:
        raise PermanentError(
            "a newer release wrote this database: run that release, or restore a backup", code="schema_newer"
        ) from None
