"""A copy of the data folder from which another machine goes on, while the service runs.

Beside the dated copies lies one pool of films for all of them: a film never changes, so a second backup costs what is new. The working database is copied first, then the
vault, then the films: each row of a copy has its identity and its bytes in it, because they were durable before it was committed. What is acknowledged when a backup begins is in it.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wetread.domain.errors import PermanentError
from wetread.storage.files import files_in, place_of, sha256_of, sync

__all__ = ["Backup", "back_up", "backups", "expire", "restore"]

_FORM = "%Y-%m-%dT%H-%M-%S.%fZ"
_FILMS, _LIST, _MANIFEST = "films", "films.txt", "manifest.json"
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


def back_up(data_dir: Path, to: Path, now: datetime) -> Backup:
    """Raises PermanentError 'bad_usage' when `to` lies in the data folder, OSError as the disk does."""
    if to.resolve().is_relative_to(data_dir.resolve()):
        raise PermanentError("a backup within the data folder dies with it: choose another place", code="bad_usage")
    now = now.astimezone(UTC)
    folder = to / now.strftime(_FORM)
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700, parents=True)
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


def backups(at: Path) -> list[tuple[datetime, Path]]:
    """The finished ones, oldest first."""
    found = ((_moment(each.name), each) for each in at.iterdir() if each.is_dir())
    return sorted((moment, each) for moment, each in found if moment is not None)


def restore(source: Path, data_dir: Path, at: datetime | None = None) -> Backup:
    """The newest backup, or the newest not after `at`, into an empty folder, every byte against its hash.

    Raises PermanentError 'no_backup', 'not_empty', or 'backup_damaged', which names the file and leaves nothing behind.
    """
    found = [each for each in backups(source) if at is None or each[0] <= at]
    if not found:
        raise PermanentError("there is no backup of that time or before in this folder", code="no_backup")
    made_at, folder = found[-1]
    if data_dir.exists() and any(data_dir.iterdir()):
        raise PermanentError("the data folder is not empty: a backup is restored into a new one", code="not_empty")
    try:
        films = _put_back(source, folder, data_dir)
    except PermanentError:
        shutil.rmtree(data_dir)
        raise
    return Backup(folder, made_at, films, films)


def expire(at: Path, keep: int) -> int:
    """All but the newest `keep` are removed, then every film that none of the rest names; how many films."""
    for _, folder in backups(at)[:-keep]:
        shutil.rmtree(folder)
    wanted = {name for _, folder in backups(at) for name in (folder / _LIST).read_text("ascii").split()}
    gone = [each for each in files_in(at / _FILMS) if each.name not in wanted]
    for each in gone:
        each.unlink()
    return len(gone)


def _put_back(source: Path, folder: Path, data_dir: Path) -> int:
    expected: dict[str, str] = json.loads((folder / _MANIFEST).read_bytes())["files"]
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, sha256 in expected.items():
        if not (folder / name).is_file() or sha256_of(folder / name) != sha256:
            raise PermanentError(f"the backup is damaged: {name} is not what was kept", code="backup_damaged")
        if name != _LIST:
            _copy(folder / name, data_dir / name)
    films = (folder / _LIST).read_text("ascii").split()
    for name in films:
        kept = place_of(source / _FILMS, name)
        if not kept.is_file() or not _copy_film(kept, place_of(data_dir / _STORE, name)):
            raise PermanentError(f"the backup is damaged: film {name} is not what was kept", code="backup_damaged")
    return len(films)


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
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy)
        target.chmod(0o600)
    else:
        shutil.copy2(source, target)
    sync(target)
    return sha256_of(target)


def _named(database: Path) -> set[str]:
    """The films that studies name; none where the working database is elsewhere."""
    if not database.is_file():
        return set()
    with closing(sqlite3.connect(database)) as copy:
        return {name for (name,) in copy.execute("SELECT content_sha256 FROM instances")}


def _copy_film(source: Path, target: Path) -> bool:
    """False for one that does not hash to its name: then nothing is left."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    shutil.copy2(source, part)
    if sha256_of(part) != target.name:
        part.unlink()
        return False
    sync(part)
    part.rename(target)
    return True


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    sync(path)


def _moment(name: str) -> datetime | None:
    try:
        return datetime.strptime(name, _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
