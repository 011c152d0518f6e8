"""`wetread backup FOLDER`: a copy of everything that a hospital cannot make again, while the service runs."""

import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from wetread.bootstrap_keys import own_keys
from wetread.cli.options import parser_for, settings_from
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError, WetreadError
from wetread.domain.role import CONSOLE
from wetread.keys.sources import FileKey
from wetread.monitoring.backups import BACKUP
from wetread.ports.keys import KeySource
from wetread.settings import Settings
from wetread.storage.backup import Backup, back_up, expire

__all__ = ["run"]


def run(argv: list[str]) -> int:
    parser = parser_for(
        "backup",
        "Copy databases, keys, films and delivered reports of the data folder. Exit status 1 when a film is damaged. The copy identifies patients as the data folder does.",
    )
    parser.add_argument("to", type=Path, metavar="FOLDER", help="another disk, or a share of another machine")
    parser.add_argument("--keep", type=int, metavar="N", help="afterwards remove all but the newest N, and their films")
    parser.add_argument(
        "--files-only", action="store_true", help="the databases are elsewhere and were backed up before"
    )
    args = parser.parse_args(argv)
    if args.keep is not None and args.keep < 1:
        parser.error("--keep keeps at least one")
    settings = settings_from(args)
    if _elsewhere(settings) and not args.files_only:
        raise PermanentError(
            f"{', '.join(_elsewhere(settings))} lies elsewhere: back up the working database there, then the vault, and then call this with --files-only",
            code="bad_usage",
        )
    made = back_up(settings.data_dir, args.to, datetime.now(UTC), files_only=args.files_only)
    _note(settings, made)
    print(f"{made.folder}: {made.films} films, {made.new_films} of them new")
    for name in made.damaged:
        print(f"not in it, because it is damaged or gone: {name}")
    for name, where in _outside(settings):
        print(f"not in it, because it comes from elsewhere: {name} ({where})")
    if args.keep is not None and not made.damaged:
        print(f"{expire(args.to, args.keep)} films of removed backups removed")
    return int(bool(made.damaged))


def _note(settings: Settings, made: Backup) -> None:
    """Who copied patients' data is in the audit log; and the watch counts from here (`monitoring.backups`), unless a film is missing."""
    from wetread.storage.database import SqlDatabase

    facts = (("films", str(made.films)), ("new", str(made.new_films)), ("damaged", str(len(made.damaged))))
    try:
        with closing(SqlDatabase(settings.resolved_database_url)) as database, database.begin() as unit:
            unit.audit(AuditEvent("backup.make", CONSOLE.actor_id, detail=facts), made.made_at)
            if not made.damaged:
                unit.beat(BACKUP, made.made_at)
            unit.commit()
    except WetreadError as error:
        print(f"wetread: the backup is made, but the service does not know of it: {error}", file=sys.stderr)


def _elsewhere(settings: Settings) -> list[str]:
    """Databases that are not in the data folder."""
    urls = ("database_url", "vault_url", "snippets_url")
    return [name for name in urls if getattr(settings, name).get_secret_value()]


def _outside(settings: Settings) -> list[tuple[str, str]]:
    """Keys without which a restored folder is worth little."""
    keys = ((each.setting, each.source) for each in own_keys(settings) if each.is_named)
    return [(name, str(each)) for name, each in keys if not _is_in(each, settings.data_dir)]


def _is_in(source: KeySource, folder: Path) -> bool:
    return isinstance(source, FileKey) and source.path.is_relative_to(folder)
