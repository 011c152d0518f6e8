"""QIDO-RS: milliseconds per query, p50 and p95, as the index grows, against Debian's Orthanc in the same run.

    python benchmarks/qido.py [--sizes 1000 10000 50000] [--rounds 100]

Two instances per study, synthetic identities. Both servers are processes of their own on loopback, one kept connection, every query with another value. Ours pays for
what Orthanc does not do here: a token looked up and an audit record made durable (fsync) for every query.
"""

import argparse
import http.client
import io
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from neighbours.orthanc import orthanc

from wetread.bootstrap import SystemClock
from wetread.domain.identifiers import SeriesInstanceUID, SOPInstanceUID, StudyInstanceUID, instance_key, study_key
from wetread.domain.role import Actor, Role
from wetread.ports.database import Account
from wetread.ports.recorded_vault import RecordedVault
from wetread.ports.vault import VaultInstance
from wetread.signoff.desk import ReadingDesk
from wetread.storage.database import SqlDatabase
from wetread.storage.files import DiskFileStore
from wetread.storage.migrate import upgrade
from wetread.storage.vault import SqlVault
from wetread.testing.builders import a_header, a_study, an_identity
from wetread.web.app import create_app
from wetread.web.doorkeeper import issue_token
from wetread.web.server import server_for
from wetread.web.services import WebServices

SECRET = b"a secret of thirty-two bytes....."
TOKEN = "benchmark"  # noqa: S105
_SENDERS = 4
QUERIES: dict[str, Callable[[int], str]] = {
    "PatientID exact": lambda n: f"studies?PatientID={facts(n)['patient_id']}",
    "AccessionNumber exact": lambda n: f"studies?AccessionNumber={facts(n)['accession_number']}",
    "StudyInstanceUID": lambda n: f"studies?StudyInstanceUID=2.25.{n}",
    "SeriesInstanceUID": lambda n: f"series?SeriesInstanceUID=2.25.{n}.1",
    "SOPInstanceUID": lambda n: f"instances?SOPInstanceUID=2.25.{n}.1.2",
    "instances of a study": lambda n: f"studies/2.25.{n}/instances",
    "one day, <= 100": lambda n: f"studies?StudyDate={facts(n)['study_date']}&limit=100",
    "name prefix*, <= 100": lambda n: f"studies?PatientName={str(facts(n)['patient_name'])[:4]}*&limit=100",
    "name, fuzzy (ours only)": lambda n: f"studies?fuzzymatching=true&PatientName={facts(n)['patient_name'].lower()}",
    "all studies, limit 100": lambda n: "studies?limit=100",
    "all series, limit 100": lambda n: "series?limit=100",
    "all instances, limit 100": lambda n: "instances?limit=100",
}


def facts(number: int) -> dict[str, str]:
    """Who study `number` is of."""
    return {
        "patient_id": f"PAT{number:06d}",
        "accession_number": f"ACC{number:06d}",
        "patient_name": f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[number % 26]}{number * 7919 % 1000:03d}^Syn{number}",
        "study_date": (date(2024, 1, 1) + timedelta(days=number % 700)).strftime("%Y%m%d"),
    }


def vault_instances(numbers: range) -> list[VaultInstance]:
    made = []
    for number in numbers:
        header = replace(a_header(), identity=an_identity(**facts(number)))
        for sop in (1, 2):
            uids = (f"2.25.{number}", f"2.25.{number}.1", f"2.25.{number}.1.{sop}")
            one = replace(
                header,
                study_instance_uid=StudyInstanceUID(uids[0]),
                series_instance_uid=SeriesInstanceUID(uids[1]),
                sop_instance_uid=SOPInstanceUID(uids[2]),
            )
            keys = instance_key(SECRET, one.sop_instance_uid), study_key(SECRET, one.study_instance_uid)
            made.append(VaultInstance(*keys, f"{number:032x}{sop:032x}", one))
    return made


def files(numbers: range) -> Iterator[bytes]:
    """The same instances as Part 10 files without pixels, for Orthanc."""
    for number in numbers:
        for sop in (1, 2):
            each = pydicom.Dataset()
            who = facts(number)
            each.PatientID, each.PatientName, each.AccessionNumber = (
                who["patient_id"],
                who["patient_name"],
                who["accession_number"],
            )
            each.StudyDate, each.StudyTime, each.StudyID, each.Modality = who["study_date"], "113000", "1", "DX"
            each.PatientBirthDate, each.PatientSex, each.StudyDescription = "19700102", "F", "Chest PA"
            each.StudyInstanceUID, each.SeriesInstanceUID = f"2.25.{number}", f"2.25.{number}.1"
            each.SOPInstanceUID, each.SOPClassUID = f"2.25.{number}.1.{sop}", "1.2.840.10008.5.1.4.1.1.1.1"
            each.SeriesNumber, each.InstanceNumber = 1, sop
            each.file_meta = FileMetaDataset()
            each.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            buffer = io.BytesIO()
            each.save_as(buffer, enforce_file_format=True)
            yield buffer.getvalue()


def send(port: int, numbers: range) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for content in files(numbers):
        connection.request("POST", "/instances", content)
        connection.getresponse().read()
    connection.close()


def serve(folder: Path) -> None:
    """Our server over what lies in `folder`; prints its port."""
    database = SqlDatabase(f"sqlite:///{folder / 'work.db'}")
    store, clock = DiskFileStore(folder / "films"), SystemClock()
    vault = RecordedVault(SqlVault(f"sqlite:///{folder / 'vault.db'}"), database, clock)
    services = WebServices(database, vault, store, None, None, ReadingDesk(database, clock, ()), clock)  # type: ignore[arg-type]
    with socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    ) as listener:  # named, so that asyncio sets TCP_NODELAY
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        print(listener.getsockname()[1], flush=True)
        server_for(create_app(services), host="127.0.0.1", port=0).run(sockets=[listener])


@contextmanager
def ours(folder: Path) -> Iterator[int]:
    child = subprocess.Popen(
        [sys.executable, "-P", __file__, "--serve", str(folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        yield int(child.stdout.readline())
    finally:
        child.terminate()
        child.wait()


def prepare(folder: Path) -> tuple[SqlDatabase, SqlVault]:
    work, vault = f"sqlite:///{folder / 'work.db'}", f"sqlite:///{folder / 'vault.db'}"
    upgrade(work, "work")
    upgrade(vault, "vault")
    database, now = SqlDatabase(work), datetime.now(UTC)
    with database.begin() as unit:
        unit.save_account(Account(Actor("bench", Role.RADIOLOGIST), ""))
        issue_token(unit, "bench", now=now, expires_at=now + timedelta(days=1), secret=TOKEN)
        unit.commit()
    return database, SqlVault(vault)


def admit(database: SqlDatabase, vault: SqlVault, numbers: range) -> None:
    """As admitted studies: what the caller may see of each is asked with every query."""
    instances = vault_instances(numbers)
    vault.admit(instances)
    with database.begin() as unit:
        for key in {each.study_key for each in instances}:
            unit.save_study(a_study(study_key=key))
        unit.commit()


def times_ms(port: int, make: Callable[[int], str], studies: int, rounds: int) -> list[float]:
    """Ascending."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer wrt_{TOKEN}", "Accept": "application/dicom+json"}
    times = []
    for at in range(rounds + 3):
        path = "/dicom-web/" + make((at * 977) % studies + 1)
        started = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        times.append((time.perf_counter() - started) * 1000)
        assert answer.status == 200, (answer.status, body[:200])
        assert len(body) > 2, path
    connection.close()
    return sorted(times[3:])


def described(times: list[float]) -> str:
    return f"p50 {statistics.median(times):>6.1f} p95 {times[int(0.95 * len(times))]:>6.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 50_000], help="instances in the index")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve)
        return
    fast = {"SyncStorageArea": False}  # to be filled sooner; a search writes nothing
    with tempfile.TemporaryDirectory() as name, orthanc(Path(name) / "orthanc", **fast) as neighbour:
        database, vault = prepare(Path(name))
        held = 0
        for size in sorted(args.sizes):
            new = range(held + 1, size // 2 + 1)
            for start in range(new.start, new.stop, 500):
                admit(database, vault, range(start, min(start + 500, new.stop)))
            with ThreadPoolExecutor(_SENDERS) as pool:
                parts = [new[at::_SENDERS] for at in range(_SENDERS)]
                list(pool.map(send, [neighbour.http_port] * _SENDERS, parts))
            held = size // 2
            with ours(Path(name)) as port:
                for label, make in QUERIES.items():
                    asked = [port] if "ours only" in label else [port, neighbour.http_port]
                    shown = [described(times_ms(each, make, held, args.rounds)) for each in asked]
                    print(f"{size:>7} {label:<26} wetread {'   Orthanc '.join(shown)}  ms, n={args.rounds}", flush=True)
        vault.close()
        database.close()


if __name__ == "__main__":
    main()
