"""Brings a database to this release's schema. Only here and in `migrations` is alembic imported, and only when something is to be done."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from wetread.domain.errors import PermanentError
from wetread.storage.engine import make_engine, translated, writing
from wetread.storage.schema import HEADS

__all__ = ["is_current", "upgrade"]

_FOLDER = Path(__file__).parent / "migrations"


def upgrade(url: str, which: str) -> bool:
    """Apply the missing migrations of the "work" or "vault" database at `url`; False when there was nothing to do.

    All or nothing, one process at a time. Raises PermanentError(code='schema_newer') when a release that this one does not know wrote the database.
    """
    engine = make_engine(url)
    try:
        with writing(engine) as connection:
            return _upgrade(connection, which)
    finally:
        engine.dispose()


def is_current(url: str, which: str) -> bool:
    """True when `upgrade` would have nothing to do. Cheap: no migration tool is imported."""
    engine = make_engine(url)
    try:
        with translated(), engine.connect() as connection:
            return _revision(connection) == HEADS[which]
    finally:
        engine.dispose()


def _upgrade(connection: Connection, which: str) -> bool:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('wetread_migrate'))"))
    if _revision(connection) == HEADS[which]:
        return False
    _run(connection, which)
    return True


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _run(connection: Connection, which: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("version_locations", str(_FOLDER / which).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    try:
        command.upgrade(config, HEADS[which])
    except CommandError:
        raise PermanentError(
            "a newer release wrote this database: run that release, or restore a backup", code="schema_newer"
        ) from None
