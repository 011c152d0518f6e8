"""A file that appears whole or not at all; unless that is asked for never over one that is there: two processes may write it at once."""

import os
from pathlib import Path

from wetread.domain.process_name import process_name

__all__ = ["replace_file", "sync_folder", "write_once"]


def write_once(file: Path, content: bytes) -> bool:
    """Durable when True, readable by its owner only, its folder made where it is missing; False when it is there already. Raises OSError."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{process_name()}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.link(fresh, file)
        sync_folder(file.parent)
    except FileExistsError:
        return False
    finally:
        fresh.unlink(missing_ok=True)
    return True


def replace_file(file: Path, content: bytes) -> None:
    """As `write_once`, over what is there. Raises OSError."""
    coming = file.with_name(f".{file.name}.coming")
    coming.unlink(missing_ok=True)
    write_once(coming, content)
    coming.replace(file)
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """What was named in it stays named after a loss of power."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
