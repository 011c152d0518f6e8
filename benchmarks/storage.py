"""What storage costs: CPU per instance, per job and per query, and whether QIDO stays flat as the vault grows.

Run: `python benchmarks/storage.py [--postgresql URL_PREFIX]`. CPU is this process's (time.process_time), each figure the median of several rounds; on
PostgreSQL the server's own CPU is not counted. Wall times depend on the disk and on who else is using it: read them as ratios.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from wetread.domain.audit import AuditEvent
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.job import JobKind
from wetread.ports.vault import Search, VaultInstance
from wetread.storage.database import SqlDatabase
from wetread.storage.files import DiskFileStore
from wetread.storage.migrate import upgrade
from wetread.storage.vault import SqlVault
from wetread.testing.builders import NOON, a_header, a_job_request, a_study, a_vault_instance, an_identity, an_instance

BATCH = 16


def vault_instance(number: int) -> VaultInstance:
    """Two instances per study, three studies per patient."""
    study = number // 2
    identity = an_identity(
        patient_id=f"P{study // 3:06}",
        patient_name=f"Name{study // 3 % 5000:04}^Given",
        accession_number=f"A{study:07}",
        study_date=f"20{study % 20:02}{study % 12 + 1:02}{study % 28 + 1:02}",
    )
    header = a_header(
        study_instance_uid=f"2.25.{study}",
        series_instance_uid=f"2.25.{study}.1",
        sop_instance_uid=f"2.25.{study}.1.{number}",
        identity=identity,
    )
    return a_vault_instance(
        instance_key=InstanceKey(f"i{number:023}"), study_key=StudyKey(f"s{study:023}"), header=header
    )


def cpu_and_wall_ms(act: Callable[[], object], per: int) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    act()
    return (time.process_time() - cpu) * 1e3 / per, (time.perf_counter() - wall) * 1e3 / per


def report(name: str, samples: list[tuple[float, float]]) -> float:
    """Print the medians; returns the CPU one."""
    cpu, wall = (statistics.median(column) for column in zip(*samples, strict=True))
    print(f"{name:<52} {cpu:9.3f} ms CPU {wall:9.3f} ms wall   n={len(samples)}")
    return cpu


def ingest_batch(database: SqlDatabase, first: int) -> None:
    """What ingest commits for a batch: study, instance, audit record and job for each."""
    with database.begin() as uow:
        for number in range(first, first + BATCH):
            study_key = StudyKey(f"s{number // 2:023}")
            if uow.find_study(study_key) is None:
                uow.save_study(a_study(study_key=study_key))
            uow.admit_instance(an_instance(instance_key=InstanceKey(f"i{number:023}"), study_key=study_key))
            uow.audit(AuditEvent("admit", "wetread", "stored", study_key, (("instance", str(number)),)), NOON)
            uow.enqueue(a_job_request(study_key=study_key, dedupe_key=f"analyse/{study_key}/1"))
        uow.commit()


def measure_database(database: SqlDatabase) -> None:
    ingest_batch(database, 0)
    samples = [cpu_and_wall_ms(lambda n=n: ingest_batch(database, n * BATCH), BATCH) for n in range(1, 40)]
    report(f"database: ingest, batches of {BATCH}, per instance", samples)

    def next_job() -> None:
        job = database.claim_job(frozenset(JobKind), now=NOON, lease_s=30)
        assert job is not None
        with database.begin() as uow:
            uow.complete_job(job)
            uow.audit(AuditEvent("analyse", "wetread", "success", job.study_key), NOON)
            uow.commit()

    report("database: claim + complete with audit, per job", [cpu_and_wall_ms(next_job, 1) for _ in range(200)])
    deliver = frozenset({JobKind.DELIVER})
    idle = [cpu_and_wall_ms(lambda: database.claim_job(deliver, now=NOON, lease_s=30), 1) for _ in range(100)]
    report("database: claim with nothing to do", idle)
    report("database: change token", [cpu_and_wall_ms(database.change_token, 1) for _ in range(100)])


def measure_vault(vault: SqlVault, sizes: list[int]) -> None:
    queries = {
        "PatientID exact": {"PatientID": "P000100"},
        "AccessionNumber exact": {"AccessionNumber": "A0000300"},
        "StudyInstanceUID": {"StudyInstanceUID": "2.25.300"},
        "one day, <= 100": {"StudyDate": "20000101"},
        "name prefix, <= 100": {"PatientName": "name01*"},
        "all, 100": {},
    }
    first: dict[str, float] = {}
    filled = 0
    for size in sizes:
        batches = [list(map(vault_instance, range(start, start + BATCH))) for start in range(filled, size, BATCH)]
        small, bulk = batches[:50], [each for batch in batches[50:] for each in batch]
        report(
            f"vault: admit, batches of {BATCH}, per instance",
            [cpu_and_wall_ms(lambda b=b: vault.admit(b), BATCH) for b in small],
        )
        if bulk:
            report("vault: admit in bulk, per instance", [cpu_and_wall_ms(lambda b=bulk: vault.admit(b), len(bulk))])
        filled = size
        for name, match in queries.items():
            samples = [cpu_and_wall_ms(lambda m=match: vault.search_studies(Search(m)), 1) for _ in range(50)]
            cpu = report(f"vault {size:>6}: {name}", samples)
            print(f"{'':<52} x {cpu / first.setdefault(name, cpu):.2f} of {sizes[0]}")


def measure_files(store: DiskFileStore) -> None:
    content = bytearray(bytes(128) + b"DICM" + bytes(5_600_000))

    def receive(number: int) -> None:
        content[200:208] = number.to_bytes(8, "big")
        with store.receive() as file:
            for start in range(0, len(content), 1 << 20):
                file.write(memoryview(content)[start : start + (1 << 20)])
            file.keep()

    report("files: receive and keep 5.6 MB", [cpu_and_wall_ms(lambda n=n: receive(n), 1) for n in range(30)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", help="url of an empty working database (default: SQLite in a temporary folder)")
    parser.add_argument("--vault", help="url of an empty vault")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 50_000])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work, vault = asked.work or f"sqlite:///{folder}/work.db", asked.vault or f"sqlite:///{folder}/vault.db"
        upgrade(work, "work")
        upgrade(vault, "vault")
        measure_database(SqlDatabase(work))
        measure_vault(SqlVault(vault), asked.sizes)
        measure_files(DiskFileStore(Path(folder) / "files"))


if __name__ == "__main__":
    main()
