"""F1: the receiver dies by SIGKILL at a named point between the first byte and the answer, at either door; then everything is sent again."""

import random
import shutil
import signal
import time
from functools import partial
from pathlib import Path

from builders_ingest import House, a_file

from tests.integration.test_ingest_faults import POINTS, send_all
from tests.soak.book import Book, Trial, side_by_side
from tests.soak.forked import receiver
from wetread.domain.audit import verify_chain
from wetread.domain.job import JobState

__all__ = ["TITLE", "compare", "run"]

TITLE = "receiver killed between the first byte and the answer"
_OFTEN = {"before_fsync": 12, "after_fsync": 12}
"""How often a point comes in six instances, where it is more than once for each."""
_TOGETHER = 10
_SIDE_BY_SIDE = 4
"""Much of a trial waits for the disk."""


def run(book: Book, folder: Path) -> None:
    """Ten kills at a point, each among the instances of a study of its own, one after the other in one installation: what a kill left is there at the next. Then the next point, so that a run that is cut has tried all of them alike."""
    template = folder / "template"
    template.mkdir()
    House(template).close()
    points = [(door, point) for door in ("stow", "dimse") for point in POINTS]
    batches = [(where, batch) for where in points for batch in book.batches(": ".join(where), _TOGETHER)]
    batches.sort(key=lambda each: each[1].start)
    side_by_side([partial(_batch, book, template, *where, batch) for where, batch in batches], _SIDE_BY_SIDE)


def _batch(book: Book, template: Path, door: str, point: str, numbers: range) -> None:
    home = Path(shutil.copytree(template, template.parent / f"{door}-{point}-{numbers.start}"))
    with book.trial(f"{door}: {point}", len(numbers)) as trial:
        told = {f"1.2.{number}": _told_until_killed(trial, home, door, point, number) for number in numbers}
        compare(trial, home, told)
        began_s = time.monotonic()
        with receiver(home, door) as (port, _):
            again = {study: send_all(port, door, _instances(study)) for study in told}
            trial.seconds = time.monotonic() - began_s
            house = House(home)
            house.files.sweep(older_than_s=3600)
            if list((home / "films" / "incoming").iterdir()):
                trial.broken.append("an orphan was not swept")
            house.close()
        incomplete = [study for study, taken in again.items() if taken != [uid for uid, _ in _instances(study)]]
        trial.broken += ["not everything was taken after the restart"] * len(incomplete)
        compare(trial, home, again)
    shutil.rmtree(home)


def _instances(study: str) -> list[tuple[str, bytes]]:
    return [(f"{study}.{n}", a_file(f"{study}.{n}", study=study, filler=20_000)) for n in range(6)]


def _told_until_killed(trial: Trial, home: Path, door: str, point: str, number: int) -> list[str]:
    """What was acknowledged to the sender of one study."""
    instances = _instances(f"1.2.{number}")
    nth = random.Random(number).randint(2, _OFTEN.get(point, len(instances)))
    with receiver(home, door, point, nth) as (port, process):
        told = send_all(port, door, instances)
        process.join(30)
        if process.exitcode != -signal.SIGKILL:
            trial.broken.append(f"the point was not reached {nth} times (exit status {process.exitcode})")
    return told


def compare(trial: Trial, home: Path, told: dict[str, list[str]]) -> None:
    """The sender's acknowledgements, by study, against rows, identities, bytes, jobs and the audit chain."""
    house = House(home)
    for study, acknowledged in told.items():
        _compare_study(trial, house, study, acknowledged)
    if verify_chain(house.database.audit_records()) is not None:
        trial.broken.append("the audit chain does not verify")
    house.close()


def _compare_study(trial: Trial, house: House, study: str, acknowledged: list[str]) -> None:
    key = house.key(study)
    filed = list(house.vault.unnamed.instances(key))
    with house.database.begin(write=False) as unit:
        rows = {each.instance_key: each for each in unit.instances(key)}
    kept = {each.header.sop_instance_uid: each for each in filed}
    trial.promised += len(acknowledged)
    for uid in acknowledged:
        row = rows.get(kept[uid].instance_key) if uid in kept else None
        trial.lost += row is None or not house.files.verify(row.content_sha256)
    jobs = [job for job, _ in house.database.jobs(JobState.READY) if job.study_key == key]
    trial.doubled += len(filed) - len(kept) + max(0, len(jobs) - 1)
    if acknowledged and not jobs:
        trial.broken.append("a study was admitted without a job")
