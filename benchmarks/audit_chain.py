"""The audit log's checks: random changes that must be found and placed, and the time a million rows take on SQLite."""

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from audit_logs import BEGAN, a_log, mutated

from wetread.checkpoints.note import Checkpoint
from wetread.checkpoints.parallel import log_parts
from wetread.checkpoints.walk import AuditWalk
from wetread.domain.audit import AuditEvent
from wetread.domain.merkle import inclusion_path, leaf_hash
from wetread.storage.database import SqlDatabase
from wetread.storage.migrate import upgrade


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=10_000, help="random changes to a log of 200 records (10,000)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows to write and verify (1,000,000)")
    args = parser.parse_args()
    mutations(args.mutations)
    rows(args.rows)


def mutations(count: int) -> None:
    log, dice = a_log(200), random.Random(5)  # noqa: S311 - not a secret
    walk = AuditWalk()
    walk.on(log, ())
    kept = [Checkpoint("wetread/bench/audit", len(log), walk.frontier.root, BEGAN)]
    made: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    misplaced = 0
    while made.total() < count:
        what, changed, first = mutated(log, dice)
        if changed == log:
            continue
        made[what] += 1
        broken = AuditWalk().on(changed, kept)
        missed[what] += broken is None
        misplaced += broken is not None and "rewritten" not in what and broken.sequence != first
        if made.total() % 500 == 0:
            print(f"\r{made.total()} of {count} changes", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for what, number in sorted(made.items()):
        print(f"{what:<50} {number:>6} made, {missed[what]} not found")
    print(
        f"{made.total()} changes, {missed.total()} not found, {misplaced} at another place than the first changed record (rewritten logs aside)"
    )


def rows(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/work.db"
        upgrade(url, "work")
        database = SqlDatabase(url)
        fill(database, count)
        began, cpu = time.perf_counter(), time.process_time()
        walk = AuditWalk()
        assert walk.on(database.audit_records(), ()) is None
        print(f"verified {walk.frontier.size} rows with their Merkle root, one process: {_took(began, cpu)}")
        began, cpu = time.perf_counter(), time.process_time()
        again = AuditWalk()
        assert again.on_parts(log_parts(partial(SqlDatabase, url), count), ()) is None
        assert again.frontier.root == walk.frontier.root
        print(
            f"the same as `wetread audit verify` does it, {os.cpu_count()} processors: {_took(began, cpu)} of this process"
        )
        cpu = time.process_time()
        path = inclusion_path((leaf_hash(each.hash) for each in database.audit_records()), count // 2, count)
        print(f"proof of record {count // 2 + 1}: {len(path)} hashes, {time.process_time() - cpu:.1f} s CPU")
        database.close()


def _took(began: float, cpu: float) -> str:
    load = os.getloadavg()[0]
    return f"{time.perf_counter() - began:.1f} s at load {load:.1f}, {time.process_time() - cpu:.1f} s of CPU"


def fill(database: SqlDatabase, count: int, batch: int = 5_000) -> None:
    event = AuditEvent("study.open", "dr-test", detail=(("version", "1"), ("mode", "concurrent")))
    for first in range(0, count, batch):
        with database.begin() as unit:
            for _ in range(min(batch, count - first)):
                unit.audit(event, BEGAN)
            unit.commit()
        print(f"\r{first + batch} of {count} rows", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


if __name__ == "__main__":
    main()
