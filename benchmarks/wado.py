"""WADO-RS: what a study of 100 MB costs the server in memory, and how fast it leaves, in each form.

    python benchmarks/wado.py [--films 8] [--rows 3056]

The study is `films` uncompressed films (12 bit, 3056 x 2500: 15 MB each). Memory is how much the resident set of the server process grew
over the request, and the proportional sets of it and its decoding children together, looked at every 5 ms. Client and server are two processes on loopback; the server has never held a film before.
"""

import argparse
import http.client
import io
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pydicom

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from builders_web import World, a_token, a_world

from wetread.dicom.instance_forms import SandboxedForms
from wetread.dicom.sandbox import Sandbox
from wetread.ports.recorded_vault import RecordedVault
from wetread.storage.database import SqlDatabase
from wetread.storage.files import DiskFileStore
from wetread.storage.migrate import upgrade
from wetread.storage.vault import SqlVault
from wetread.testing.clock import FixedClock
from wetread.testing.phantom import PhantomPatient, PhantomSpec, encode_dicom, render, to_dataset, uids_from_seed
from wetread.web.app import create_app
from wetread.web.server import server_for

JPEG_LS = "1.2.840.10008.1.2.4.80"
ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax={}'


def study(films: int, rows: int) -> Iterator[bytes]:
    patient = PhantomPatient("Phantom^Zephyrine", "PHANTOM", date(1970, 1, 1), "F", 55, 25.0)
    spec = PhantomSpec(patient, rows=rows, columns=rows * 2500 // 3056, seed=1)
    pixels, truth = render(spec)
    data_set = pydicom.dcmread(
        io.BytesIO(encode_dicom(to_dataset(spec, pixels, truth, uids_from_seed(1), datetime.now(UTC))))
    )
    for number in range(1, films + 1):
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = f"2.25.99.{number}"
        out = io.BytesIO()
        data_set.save_as(out, enforce_file_format=True)
        yield out.getvalue()


@contextmanager
def a_house(folder: Path) -> Iterator[World]:
    work, vault = f"sqlite:///{folder / 'work.db'}", f"sqlite:///{folder / 'vault.db'}"
    upgrade(work, "work")
    upgrade(vault, "vault")
    database = SqlDatabase(work)
    with Sandbox(children=2) as sandbox:
        yield a_world(
            database,
            RecordedVault(SqlVault(vault), database, FixedClock()),
            DiskFileStore(folder / "films"),
            sandbox,
            forms=SandboxedForms(sandbox),
        )


def fill(folder: Path, films: int, rows: int) -> None:
    """Prints a token and the addresses of the study and of an instance."""
    with a_house(folder) as world:
        for content in study(films, rows):
            (folder / "film.dcm").write_bytes(content)
            header = world.services.decoder.inspect(folder / "film.dcm")
            world.add_study(content=content, film=header)
        place = f"/dicom-web/studies/{header.study_instance_uid}"
        one = f"{place}/series/{header.series_instance_uid}/instances/{header.sop_instance_uid}"
        print(a_token(world, "radiologist", lasts=timedelta(days=9999)), place, one, flush=True)


def serve(folder: Path) -> None:
    """Prints its port. Has never held a film."""
    with a_house(folder) as world, socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        print(listener.getsockname()[1], flush=True)
        server_for(create_app(world.services), host="127.0.0.1", port=0).run(sockets=[listener])


@contextmanager
def a_server(folder: Path, films: int, rows: int) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    command = [sys.executable, "-P", __file__, "--films", str(films), "--rows", str(rows)]
    filled = subprocess.run([*command, "--fill", str(folder)], stdout=subprocess.PIPE, text=True, check=True)
    child = subprocess.Popen([*command, "--serve", str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        yield child, [child.stdout.readline().strip(), *filled.stdout.split()]
    finally:
        child.terminate()
        child.wait()


def status_mb(pid: int, name: str) -> float:
    return (
        next(
            int(line.split()[1])
            for line in Path(f"/proc/{pid}/status").read_text().splitlines()
            if line.startswith(name)
        )
        / 1024
    )


def tree_pss_mb(pid: int) -> float:
    total = 0
    for each in (
        str(pid),
        *(one for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()),
    ):
        try:
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except OSError:
            continue
    return total / 1024


def measured(pid: int, port: int, token: str, path: str, accept: str) -> tuple[float, float, float, float]:
    """Megabytes sent, seconds, growth of the server's resident set, growth of the tree's."""
    before, tree_before, top, done = status_mb(pid, "VmRSS"), tree_pss_mb(pid), [0.0, 0.0], threading.Event()

    def watch() -> None:
        while not done.is_set():
            top[0] = max(top[0], status_mb(pid, "VmRSS"))
            top[1] = max(top[1], tree_pss_mb(pid))
            done.wait(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    started, size = time.perf_counter(), 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}", "Accept": accept})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    while piece := answer.read(1 << 20):
        size += len(piece)
    connection.close()
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    return size / 1e6, seconds, top[0] - before, top[1] - tree_before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=8)
    parser.add_argument("--rows", type=int, default=3056)
    parser.add_argument("--fill", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.fill:
        fill(args.fill, args.films, args.rows)
        return
    if args.serve:
        serve(args.serve)
        return
    with (
        tempfile.TemporaryDirectory() as name,
        a_server(Path(name), args.films, args.rows) as (child, (port, token, place, one)),
    ):
        asks = {
            "study as stored": (place, ACCEPT.format("*")),
            "study as JPEG-LS": (place, ACCEPT.format(JPEG_LS)),
            "study's metadata": (f"{place}/metadata", "application/dicom+json"),
            "pixels of a film": (f"{one}/frames/1", "*/*"),
            "study rendered": (f"{place}/rendered", "*/*"),
        }
        for _ in range(2):  # the second time nothing is loaded any more
            for label, (path, accept) in asks.items():
                sent, seconds, grown, tree = measured(child.pid, int(port), token, path, accept)
                print(
                    f"{label:<18} {sent:>7.1f} MB in {seconds:>6.2f} s; server {grown:>5.1f} MB more, with children {tree:>6.1f} MB more",
                    flush=True,
                )


if __name__ == "__main__":
    main()
