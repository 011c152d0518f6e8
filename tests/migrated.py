"""Empty databases of this release's schema, in SQLite: migrated once in a test process, copied for each test."""

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock

from wetread.storage.migrate import upgrade

__all__ = ["data_folder", "migrated"]


@cache
def _templates() -> Path:
    folder = Path(mkdtemp(prefix="wetread-templates-"))
    atexit.register(shutil.rmtree, folder)
    return folder


_MAKING = Lock()


def _template(which: str) -> Path:
    with _MAKING:
        return _made(which)


@cache
def _made(which: str) -> Path:
    path = _templates() / f"{which}.db"
    upgrade(f"sqlite:///{path}", which)
    return path


def migrated(path: Path, which: str) -> str:
    """The URL of the "work", "vault" or "snippets" database at `path`, which may be there already."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(_template(which), path)
    return f"sqlite:///{path}"


def data_folder(folder: Path) -> Path:
    """A `data_dir` whose working database and vault are up to date: a command that starts on it has nothing to migrate, which would be processes of its own."""
    migrated(folder / "wetread.db", "work")
    migrated(folder / "vault" / "vault.db", "vault")
    return folder
