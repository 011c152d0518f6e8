"""Receives the same file twice into the store at argv[1] and commits each to the database beside it; prints what became of each."""

import sys
from pathlib import Path

from wetread.domain.errors import TransientError
from wetread.storage.database import SqlDatabase
from wetread.storage.files import DiskFileStore
from wetread.testing.builders import a_study

folder = Path(sys.argv[1])
store = DiskFileStore(folder / "files")
database = SqlDatabase(f"sqlite:///{folder}/work.db")
for _ in range(2):
    try:
        with store.receive() as file:
            file.write(b"bytes of an image" * 100)
            file.keep()
        with database.begin() as uow:
            uow.save_study(a_study())
            uow.commit()
    except TransientError as error:
        print(error.code, flush=True)  # noqa: T201
    else:
        print("stored", flush=True)  # noqa: T201
