"""F1: the receiver dies by SIGKILL at a named point between the first byte and the answer, at either door; then everything is sent again."""

import random
import shutil
import signal
import time
from pathlib import Path

from builders_ingest import House

from tests.integration.test_ingest_faults import INSTANCES, POINTS, send_all
from tests.soak.book import Book, Trial
from tests.soak.forked import receiver
from wetread.domain.audit import verify_chain
from wetread.domain.job import JobState

__all__ = ["TITLE", "compare", "run"]

TITLE = "receiver killed between the first byte and the answer"
_OFTEN = {"before_fsync": 14, "after_fsync": 14}
"""How often a point comes in six instances, where it is more than once for each."""


def run(book: Book, folder: Path) -> None:
    template = folder / "template"
    template.mkdir()
    House(template).close()
    for door in ("stow", "dimse"):
        for point in POINTS:
            for number in book.missing(f"{door}: {point}"):
                with book.trial(f"{door}: {point}") as trial:
                    home = Path(shutil.copytree(template, folder / "home"))
                    try:
                        _trial(trial, home, door, point, number)
                    finally:
                        shutil.rmtree(home)


def _trial(trial: Trial, home: Path, door: str, point: str, number: int) -> None:
    nth = random.Random(number).randint(2, _OFTEN.get(point, len(INSTANCES)))
    with receiver(home, door, point, nth) as (port, process):
        acknowledged = send_all(port, door)
        process.join(30)
        if process.exitcode != -signal.SIGKILL:
            trial.broken.append(f"the point was not reached {nth} times")
    compare(trial, home, acknowledged)
    began_s = time.monotonic()
    with receiver(home, door) as (port, _):
        again = send_all(port, door)
        trial.seconds = time.monotonic() - began_s
        house = House(home)
        house.files.sweep(older_than_s=3600)
        if list((home / "films" / "incoming").iterdir()):
            trial.broken.append("an orphan was not swept")
        house.close()
    if again != [uid for uid, _ in INSTANCES]:
        trial.broken.append("not everything was taken after the restart")
    compare(trial, home, again)


def compare(trial: Trial, home: Path, acknowledged: list[str]) -> None:
    """The sender's acknowledgements against rows, identities, bytes, jobs and the audit chain."""
    house = House(home)
    filed = list(house.vault.unnamed.instances(house.key()))
    with house.database.begin(write=False) as unit:
        rows = {each.instance_key: each for each in unit.instances(house.key())}
    kept = {each.header.sop_instance_uid: each for each in filed}
    trial.promised += len(acknowledged)
    for uid in acknowledged:
        row = rows.get(kept[uid].instance_key) if uid in kept else None
        trial.lost += row is None or not house.files.verify(row.content_sha256)
    jobs = [job.dedupe_key for job, _ in house.database.jobs(JobState.READY)]
    trial.doubled += len(filed) - len(kept) + max(0, len(jobs) - 1)
    if acknowledged and not jobs:
        trial.broken.append("a study was admitted without a job")
    if verify_chain(house.database.audit_records()) is not None:
        trial.broken.append("the audit chain does not verify")
    house.close()
