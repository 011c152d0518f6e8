"""What a retrieve costs the DIMSE door's process in memory: one large film by C-GET (a C-MOVE sends by the same code).

`python benchmarks/dimse_retrieve.py [MiB]` prints the door's resident memory before and its peak after, and the rate.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import hostile
from archive_front import GET, key
from neighbours.process import listens, running
from neighbours.wetread import COMMAND, Wetread
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt


def main() -> None:
    size_mib = int(sys.argv[1]) if len(sys.argv) > 1 else 96
    rows, columns = size_mib * 64, 8192
    with tempfile.TemporaryDirectory() as name:
        house = Wetread(Path(name) / "wetread", {"DIMSE_CALLERS": "MODALITY", "DIMSE_QUERIERS": "VIEWER"})
        log = Path(name) / "door.log"
        with running(
            [*COMMAND, "dimse"], log, lambda: listens(house.dimse_port), environment=house.environment
        ) as door:
            path = Path(name) / "film.dcm"
            path.write_bytes(_film(rows, columns))
            send = [
                "/usr/bin/storescu",
                "-aet",
                "MODALITY",
                "-aec",
                "WETREAD",
                "127.0.0.1",
                str(house.dimse_port),
                str(path),
            ]
            subprocess.run(send, check=True)
            before = _memory_mib(door.pid, "VmHWM")
            wall_s = _get(house.dimse_port)
            after = _memory_mib(door.pid, "VmHWM")
    size = rows * columns * 2 / 2**20
    print(
        f"film {size:.0f} MiB; peak memory {before:.0f} MiB before, {after:.0f} MiB after; {size / wall_s:.0f} MiB/s, {os.cpu_count()} CPUs"
    )


def _film(rows: int, columns: int) -> bytes:
    tags = hostile.tags_of_a_film(16, 16) | {
        0x00080018: ("UI", key(1, 1, 1).encode()),
        0x0020000D: ("UI", key(1).encode()),
        0x0020000E: ("UI", key(1, 1).encode()),
        0x00280010: ("US", pack("<H", rows)),
        0x00280011: ("US", pack("<H", columns)),
        0x7FE00010: ("OW", bytes(rows * columns * 2)),
    }
    return hostile.part10(hostile.data_set(tags), instance=key(1, 1, 1))


def _get(port: int) -> float:
    ae = AE("VIEWER")
    ae.add_requested_context(GET)
    ae.add_requested_context(hostile.CR_STORAGE, hostile.EXPLICIT)
    ae.dimse_timeout = ae.network_timeout = 600
    handlers = [(evt.EVT_C_STORE, lambda _: 0x0000)]
    roles = [build_role(hostile.CR_STORAGE, scp_role=True)]
    association = ae.associate("127.0.0.1", port, ae_title="WETREAD", ext_neg=roles, evt_handlers=handlers)
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", key(1)
    started = time.monotonic()
    answers = [status.Status for status, _ in association.send_c_get(identifier, GET)]
    wall_s = time.monotonic() - started
    association.release()
    assert answers == [0x0000], answers
    return wall_s


def _memory_mib(pid: int, field: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(field))) / 1024


if __name__ == "__main__":
    main()
