"""What `wetread batch` reads: a folder or a manifest, or what an archive of the settings has by a query."""

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from wetread.cli.batch_progress import ListingProgress, estimated, estimated_of_archive
from wetread.cli.options import count, day, settings_from
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import is_valid_uid
from wetread.domain.local_day import days_anywhere
from wetread.settings import SettingsError

if TYPE_CHECKING:
    from wetread.batch.archive_source import ArchiveQuery
    from wetread.batch.film_supply import FilmSupply
    from wetread.batch.run_folder import RunFolder
    from wetread.ports.archive import Archive

__all__ = ["ArchiveChosen", "Chosen", "FilesChosen", "add_archive_options", "chosen"]

_SHOWN_LINES = 3


def add_archive_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("an archive as the source, in place of a folder")
    group.add_argument("--archive", metavar="NAME", help="its name in the settings ([[archives]])")
    group.add_argument(
        "--from", dest="since", type=day, metavar="DAY", help="studies of this day and later, YYYY-MM-DD"
    )
    group.add_argument("--until", type=day, metavar="DAY", help="the last day; default: until now")
    group.add_argument("--modality", action="append", choices=("CR", "DX"), help="only these; may be repeated")
    group.add_argument("--station", default="", metavar="NAME", help="only films of this StationName")
    group.add_argument("--studies", type=Path, metavar="FILE", help="Study Instance UIDs, one a line, in place of days")
    group.add_argument(
        "--connections", type=count, metavar="N", default=4, help="to the archive at once (4); kind dimse: 1"
    )
    group.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML); default: $WETREAD_CONFIG")
    group.add_argument("--data-dir", type=Path, metavar="DIR", help="where databases, films and keys live")


class Chosen(Protocol):
    """`source` is what `RunFolder` lists; `named` says the same in words that are the same when the run goes on."""

    source: Any
    named: str
    listing: ListingProgress

    def estimate(self, args: argparse.Namespace) -> str: ...

    def begin(self, folder: "RunFolder") -> None:
        """The films are listed; they are read from now on."""
        ...

    def supply(self, folder: "RunFolder", readers_take: int, stopped: Callable[[], bool]) -> "FilmSupply": ...

    def close(self) -> None: ...


def chosen(args: argparse.Namespace) -> Chosen:
    """Raises SettingsError for options that do not go together, PermanentError for a source that is none."""
    if bool(args.source) == bool(args.archive):
        raise SettingsError("name a folder or a manifest, or an archive with --archive")
    if args.archive:
        return ArchiveChosen(args)
    if args.since or args.until or args.modality or args.station or args.studies:
        raise SettingsError(
            "--from, --until, --modality, --station and --studies ask an --archive; a folder is read whole"
        )
    return FilesChosen(args)


class FilesChosen:
    def __init__(self, args: argparse.Namespace) -> None:
        from wetread.batch.film_list import source_of

        self.source = source_of(args.source)
        self.named = str(args.source.resolve())
        self.listing = ListingProgress()
        if self.source.ignored:
            print(f"columns that mean nothing here: {', '.join(self.source.ignored)}", file=sys.stderr)

    def estimate(self, args: argparse.Namespace) -> str:
        from wetread.batch.sample import sampled

        return estimated(sampled(self.source, args.limit, args.model), args.workers)

    def begin(self, folder: "RunFolder") -> None:
        """A folder keeps no log."""

    def supply(self, folder: "RunFolder", readers_take: int, stopped: Callable[[], bool]) -> "FilmSupply":
        from wetread.batch.film_supply import FilesBelow

        return FilesBelow(self.source.root)

    def close(self) -> None:
        """Nothing was opened."""


class ArchiveChosen:
    def __init__(self, args: argparse.Namespace) -> None:
        from wetread.batch.archive_source import ArchiveSource
        from wetread.batch.connections import Connections
        from wetread.bootstrap import build_core
        from wetread.bootstrap_archives import build_archive, named

        query = _query(args)
        self._core = build_core(settings_from(args))
        settings = named(self._core.settings, args.archive)

        def connect() -> "Archive":
            return build_archive(self._core.settings, settings, self._core.database)

        self._connect = connect
        # a port for C-MOVE serves one retrieval at a time
        self._connections = Connections(connect, 1 if settings.kind == "dimse" else args.connections)
        self.source = ArchiveSource(self._connections, query, days_anywhere(datetime.now(UTC))[1])
        self.named = f"archive {args.archive}: {query}"
        self.listing = ListingProgress()

    def estimate(self, args: argparse.Namespace) -> str:
        from wetread.batch.archive_sample import sampled_archive

        sample = sampled_archive(self.source, self._connections, self._connect(), args.model)
        return estimated_of_archive(sample, args.limit, args.workers, self._connections.size)

    def begin(self, folder: "RunFolder") -> None:
        self.listing.end(folder.listed)
        name = self._connect().name
        facts = (("archive", name), ("studies", str(folder.listed.studies)), ("films", str(folder.films)))
        with self._core.database.begin() as unit:
            unit.audit(AuditEvent("archive.batch", f"archive:{name}", detail=facts), self._core.clock.now())
            unit.commit()

    def supply(self, folder: "RunFolder", readers_take: int, stopped: Callable[[], bool]) -> "FilmSupply":
        from wetread.batch.film_supply import ArchiveFilms

        most = readers_take + 2 * self._connections.size
        return ArchiveFilms(self._connections, folder.work / "fetched", most, stopped)

    def close(self) -> None:
        self._connections.close()


def _query(args: argparse.Namespace) -> "ArchiveQuery":
    from wetread.batch.archive_source import ArchiveQuery

    of = {"modalities": tuple(dict.fromkeys(args.modality or ("CR", "DX"))), "station": args.station.strip()}
    if args.studies:
        if args.since or args.until:
            raise SettingsError("--studies names the studies: leave --from and --until out")
        return ArchiveQuery(studies=_uids_in(args.studies), **of)
    if args.since is None:
        raise SettingsError("say of which days: --from (and --until), or name the studies with --studies")
    if args.until and args.until < args.since:
        raise SettingsError("--until is before --from")
    return ArchiveQuery(args.since, args.until, **of)


def _uids_in(file: Path) -> tuple[str, ...]:
    """One a line; empty lines and those that begin with # mean nothing. Raises PermanentError(code='bad_source'), which names lines, never what stands there."""
    try:
        lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise PermanentError(f"{file} cannot be read ({type(error).__name__})", code="bad_source") from None
    told = [(number, line) for number, line in enumerate(lines, 1) if line and not line.startswith("#")]
    wrong = [str(number) for number, line in told if not is_valid_uid(line)]
    if wrong:
        shown = ", ".join(wrong[:_SHOWN_LINES])
        raise PermanentError(f"{file}: {len(wrong)} lines are no UID; the first: line {shown}", code="bad_source")
    if not told:
        raise PermanentError(f"{file} names no study", code="bad_source")
    return tuple(dict.fromkeys(line for _, line in told))
