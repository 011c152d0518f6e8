"""F5: fsync of the receiver fails from a random moment on (strace injects it), or the disk is a tmpfs that is full. Nothing is acknowledged that is not durable, and all is taken afterwards.

ENOSPC is for the films only: SQLite does not say why its fdatasync failed, so any failure of that ends the process, as EIO does.
"""

import os
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from builders_ingest import House

from tests.failing_calls import failing
from tests.integration.test_ingest_faults import INSTANCES, send_all
from tests.small_disk import mounted
from tests.soak.book import Book, Trial
from tests.soak.f01_receiver_killed import compare
from tests.soak.forked import receiver

__all__ = ["TITLE", "run"]

TITLE = "fsync fails, or the disk is full"


def run(book: Book, folder: Path) -> None:
    template = folder / "template"
    template.mkdir()
    House(template).close()
    for door in ("stow", "dimse"):
        for fault in ("fsync: ENOSPC", "fsync: EIO", "tmpfs full"):
            for number in book.missing(f"{door}, {fault}"):
                with (
                    book.trial(f"{door}, {fault}") as trial,
                    _disk(folder / "disk", small=fault == "tmpfs full") as disk,
                ):
                    home = Path(shutil.copytree(template, disk / "home"))
                    _trial(trial, home, door, fault, random.Random(number))


@contextmanager
def _disk(at: Path, *, small: bool) -> Iterator[Path]:
    at.mkdir()
    try:
        with mounted(at, 8) if small else nullcontext():
            yield at
    finally:
        shutil.rmtree(at)


def _trial(trial: Trial, home: Path, door: str, fault: str, chance: random.Random) -> None:
    filler = home / "filler"
    with receiver(home, door) as (port, process):
        if fault == "tmpfs full":
            free = shutil.disk_usage(home).free
            filler.write_bytes(bytes(free - chance.randrange(0, 120_000)))
            acknowledged = send_all(port, door)
        else:
            error = fault.rpartition(" ")[2]
            calls = "fsync,fdatasync" if error == "EIO" else "fsync"
            with failing(int(process.pid or 0), calls, error, chance.randint(1, 3)):
                acknowledged = send_all(port, door)
        if len(acknowledged) == len(INSTANCES):
            trial.broken.append("the fault did not bite")
        filler.unlink(missing_ok=True)
        if fault == "fsync: EIO":
            process.join(30)
        status = process.exitcode
        if status != (os.EX_IOERR if fault == "fsync: EIO" else None):
            trial.broken.append(f"the process ended with {status}")
        compare(trial, home, {"1.2": acknowledged})
        began_s = time.monotonic()
        again = send_all(port, door) if status is None else []
    if status is not None:
        with receiver(home, door) as (port, _):
            again = send_all(port, door)
    trial.seconds = time.monotonic() - began_s
    if len(again) != len(INSTANCES):
        trial.broken.append("not everything was taken afterwards")
    compare(trial, home, {"1.2": again})
    how = "lived" if status is None else f"ended with {status}"
    trial.said = f"{len(acknowledged)} of {len(INSTANCES)} acknowledged while it failed; the process {how}"
