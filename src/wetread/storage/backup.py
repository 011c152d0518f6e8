"""A copy of the data folder from which another machine goes on, while the service runs.

Beside the dated copies lies one pool of films for all of them: a film never changes, so a second backup costs what is new. The working database is copied first, then the
vault, then the films: each row of a copy has its identity and its bytes in it, because they were durable before it was committed. What is acknowledged when a backup begins is in it.

One at a time works on a folder, who holds the lock on it (flock(2)); so what lies there half made is nobody's, and goes before the next begins.
"""

import errno
import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wetread.domain.errors import PermanentError, TransientError
from wetread.storage.engine import reaching
from wetread.storage.files import files_in, place_of, sha256_of, sync

__all__ = ["Backup", "back_up", "backups", "expire", "restore"]

_FORM = "%Y-%m-%dT%H-%M-%S.%fZ"
_FILMS, _LIST, _MANIFEST, _PART = "films", "films.txt", "manifest.json", ".part"
_STORE = Path("vault") / "films"
_NOT_KEPT = (Path("run"), _STORE)
_FIRST = (Path("wetread.db"), Path("vault") / "vault.db")


@dataclass(frozen=True, slots=True)
class Backup:
    """`damaged` films do not hash to their names or are gone, though a study names them: they are not in it."""

    folder: Path
    made_at: datetime
    films: int
    new_films: int
    damaged: tuple[str, ...] = ()


def back_up(data_dir: Path, to: Path, now: datetime, *, files_only: bool = False) -> Backup:
    """With `files_only` the databases may be elsewhere. Raises PermanentError 'bad_usage' when `to` lies in the data folder or that is none, 'backup_running', 'database_damaged', OSError as the disk does; it leaves nothing half made."""
    if to.resolve().is_relative_to(data_dir.resolve()):
        raise PermanentError("a backup within the data folder dies with it: choose another place", code="bad_usage")
    missing = [each for each in (_STORE, *(() if files_only else _FIRST)) if not (data_dir / each).exists()]
    if missing:
        raise PermanentError(
            f"{data_dir} is not wetread's data folder, it has no {missing[0]}: nothing is backed up; name it with --data-dir",
            code="bad_usage",
        )
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(to):
        _remove_half_made(to)
        try:
            return _back_up(data_dir, to, now.astimezone(UTC))
        except BaseException:
            _remove_half_made(to)
            raise


def _back_up(data_dir: Path, to: Path, now: datetime) -> Backup:
    folder = to / now.strftime(_FORM)
    part = folder.with_name(folder.name + _PART)
    part.mkdir(mode=0o700)
    hashes = {}
    for name in _files(data_dir):
        try:
            hashes[str(name)] = _copy(data_dir / name, part / name)
        except FileNotFoundError:  # a document that was being delivered has its name by now, or was erased
            continue
    names, new, damaged = [], 0, []
    for film in sorted(files_in(data_dir / _STORE)):
        place = place_of(to / _FILMS, film.name)
        if not place.exists():
            if not _copy_film(film, place):
                damaged.append(film.name)
                continue
            new += 1
        names.append(film.name)
    damaged += sorted(_named(part / _FIRST[0]) - {*names, *damaged})
    _write(part / _LIST, "".join(f"{name}\n" for name in names).encode("ascii"))
    hashes[_LIST] = sha256_of(part / _LIST)
    _write(part / _MANIFEST, json.dumps({"made_at": now.isoformat(), "files": hashes}, indent=1).encode())
    part.rename(folder)
    sync(to)
    return Backup(folder, now, len(names), new, tuple(damaged))


@contextmanager
def _alone(to: Path) -> Iterator[None]:
    """Raises PermanentError(code='backup_running'). The kernel takes the lock back however its holder ends."""
    folder = os.open(to, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermanentError(
                f"another backup to {to} is at work: let it end, then try again", code="backup_running"
            ) from None
        except OSError:  # a share without locks
            pass
        yield
    finally:
        os.close(folder)


def _remove_half_made(to: Path) -> None:
    """What a backup left that failed or was killed: copies that identify patients, which no `expire` would ever reach."""
    for each in to.glob(f"*{_PART}"):
        if _moment(each.name.removesuffix(_PART)) is not None:
            shutil.rmtree(each, ignore_errors=True)
    with suppress(OSError):
        for each in (to / _FILMS).glob(f"??/*{_PART}"):
            each.unlink(missing_ok=True)


def backups(at: Path) -> list[tuple[datetime, Path]]:
    """The finished ones, oldest first."""
    found = ((_moment(each.name), each) for each in at.iterdir() if each.is_dir())
    return sorted((moment, each) for moment, each in found if moment is not None)


def restore(source: Path, data_dir: Path, at: datetime | None = None, *, without_damaged: bool = False) -> Backup:
    """The newest backup, or the newest not after `at`, into an empty folder, every byte against its hash.

    Raises PermanentError 'no_backup', 'not_empty', or 'backup_damaged', which names the file; whatever it raises, nothing is left behind. `without_damaged` goes on without films that are.
    """
    there = backups(source) if source.is_dir() else []
    found = [each for each in there if at is None or each[0] <= at]
    if not found:
        raise PermanentError(
            f"there is no backup{' of that time or before' if there else ''} in {source}: name the folder that `wetread backup` was given",
            code="no_backup",
        )
    made_at, folder = found[-1]
    if data_dir.exists() and (held := next(data_dir.iterdir(), None)):
        raise PermanentError(
            f"the data folder is not empty, it holds {held}: a backup is restored into a new one", code="not_empty"
        )
    try:
        films, damaged = _put_back(source, folder, data_dir, without_damaged=without_damaged)
    except BaseException:
        shutil.rmtree(data_dir, ignore_errors=True)  # a folder that something is mounted on stays, empty
        raise
    return Backup(folder, made_at, films, films, damaged)


def expire(at: Path, keep: int) -> int:
    """All but the newest `keep` are removed, then every film that none of the rest names; how many films."""
    with _alone(at):
        for _, folder in backups(at)[:-keep]:
            shutil.rmtree(folder)
        wanted = {name for _, folder in backups(at) for name in (folder / _LIST).read_text("ascii").split()}
        gone = [each for each in files_in(at / _FILMS) if each.name not in wanted]
        for each in gone:
            each.unlink()
    return len(gone)


def _put_back(source: Path, folder: Path, data_dir: Path, *, without_damaged: bool) -> tuple[int, tuple[str, ...]]:
    """How many films, and which were left out. The databases come last: what a kill leaves is no installation."""
    expected = _expected(folder)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, sha256 in expected.items():
        if not (folder / name).is_file() or sha256_of(folder / name) != sha256:
            raise PermanentError(
                f"the backup is damaged: {folder / name} is not what was kept: restore an earlier one (--at)",
                code="backup_damaged",
            )
    films, damaged = (folder / _LIST).read_text("ascii").split(), []
    for name in films:
        kept = place_of(source / _FILMS, name)
        if not kept.is_file() or not _copy_film(kept, place_of(data_dir / _STORE, name)):
            damaged.append(name)
    if damaged and not without_damaged:
        raise PermanentError(
            f"the backup is damaged: {len(damaged)} of {len(films)} films are not what was kept, the first is {damaged[0]}: restore with --without-damaged-films, then have them sent again",
            code="backup_damaged",
        )
    for name in sorted(expected.keys() - {_LIST}, key=lambda each: Path(each) in _FIRST):
        _copy(folder / name, data_dir / name)
    return len(films) - len(damaged), tuple(damaged)


def _expected(folder: Path) -> dict[str, str]:
    """Each file's sha256."""
    try:
        files = json.loads((folder / _MANIFEST).read_bytes())["files"]
        return {str(name): str(sha256) for name, sha256 in files.items()}
    except (FileNotFoundError, ValueError, LookupError, TypeError, AttributeError):
        raise PermanentError(
            f"the backup is damaged, or of a newer release: {folder / _MANIFEST} cannot be read: restore an earlier one (--at), or with that release",
            code="backup_damaged",
        ) from None


def _files(data_dir: Path) -> Iterator[Path]:
    """What is copied as it is, the databases in their order."""
    yield from (each for each in _FIRST if (data_dir / each).is_file())
    for path in sorted(data_dir.rglob("*")):
        name = path.relative_to(data_dir)
        is_ours = not any(name.is_relative_to(each) for each in _NOT_KEPT) and not path.name.endswith(("-wal", "-shm"))
        if is_ours and path.is_file() and not path.is_symlink() and name not in _FIRST:
            yield name


def _copy(source: Path, target: Path) -> str:
    """The sha256 of what was written, durably. A SQLite database is read in one snapshot, whoever writes to it."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if source.suffix == ".db":
        _copy_database(source, target)
    else:
        shutil.copy2(source, target)
    sync(target)
    return sha256_of(target)


def _copy_database(source: Path, target: Path) -> None:
    """Raises PermanentError(code='database_damaged'): a copy of what cannot be read is none, and would take the place of one that can."""
    try:
        with (
            reaching(f"sqlite:///{source}"),
            closing(sqlite3.connect(source)) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            live.backup(copy)
            problem = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except TransientError as error:
        if error.code != "storage_full":
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from None
    if problem != "ok":
        raise PermanentError(
            f"{source} is damaged: it is not backed up, and no earlier backup is removed; stop wetread and restore the newest",
            code="database_damaged",
        )
    target.chmod(0o600)


def _named(database: Path) -> set[str]:
    """The films that studies name; none where the working database is elsewhere."""
    if not database.is_file():
        return set()
    with closing(sqlite3.connect(database)) as copy:
        return {name for (name,) in copy.execute("SELECT content_sha256 FROM instances")}


def _copy_film(source: Path, target: Path) -> bool:
    """False for one that does not hash to its name: then nothing is left."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_name(target.name + _PART)
    try:
        shutil.copy2(source, part)
    except OSError:
        if _is_whole(source):  # then it is the other disk
            raise
        part.unlink(missing_ok=True)
        return False
    if sha256_of(part) != target.name:
        part.unlink()
        return False
    sync(part)
    part.rename(target)
    return True


def _is_whole(film: Path) -> bool:
    """False also where it was erased meanwhile."""
    try:
        return sha256_of(film) == film.name
    except OSError:
        return False


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    sync(path)


def _moment(name: str) -> datetime | None:
    try:
        return datetime.strptime(name, _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
