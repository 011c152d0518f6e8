"""STOW-RS receiving, beside Debian's Orthanc in the same run: server CPU per instance, memory, throughput and acknowledgement times.

`python benchmarks/ingest.py [--instances 24] [--rounds 5] [--senders 1 8] [--rows 2048]`. Both receivers fsync the file before they answer; ours also parses in a sandbox, hashes, and commits vault,
row, audit and job durably. Orthanc's index is not durable when it answers with its default SQLite, and is with PostgreSQL (`--durable`, Debian's orthanc-postgresql and postgresql): that is the comparison at equal durability. CPU is user plus system time of the server's own process (of its sandbox children: beside it), so that senders on the same cores do not count.
Compare ratios: absolute times depend on the machine. No durable receiver is faster than its disk, so the same bytes are also written and fsynced by as many threads, and nothing else.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from neighbours.postgres import running_postgres

ROWS, COLUMNS = 2048, 1368  # 5.6 MB at 16 bit
BOUNDARY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
RELATED = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
_PART = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
_END = f"\r\n--{BOUNDARY}--".encode()
Film = tuple[bytes, bytes]
"""A Part 10 file up to its pixels, and the pixels, which many films share."""
TICKS = os.sysconf("SC_CLK_TCK")
PLUGINS = Path("/usr/share/orthanc/plugins")
CHEST = "1.2.840.10008.5.1.4.1.1.1"


@dataclass
class Receiver:
    """A running server. `paths` is the STOW address, `ours` counts sandbox children apart."""

    name: str
    port: int
    pid: int
    path: str
    cpu_ms: list[float] = field(default_factory=list)
    children_ms: list[float] = field(default_factory=list)
    rate: dict[int, list[float]] = field(default_factory=dict)
    acks_ms: dict[int, list[float]] = field(default_factory=dict)


def element(tag: int, vr: bytes, value: bytes) -> bytes:
    value += (b"\0" if vr in (b"UI", b"OB") else b" ") * (len(value) % 2)
    head = pack("<HH2s", tag >> 16, tag & 0xFFFF, vr)
    return head + (pack("<HI", 0, len(value)) if vr in (b"OB", b"OW") else pack("<H", len(value))) + value


def film(uid: str, pixels: bytes, *, rows: int = ROWS, columns: int = COLUMNS, per_study: int = 2) -> Film:
    """An uncompressed CR chest film under its own UIDs, of an even number of bytes; `per_study` films make a study."""
    study = uid.rpartition(".")[0] + f".{int(uid.rpartition('.')[2]) // per_study}"
    meta = (
        element(0x00020001, b"OB", b"\0\1")
        + element(0x00020002, b"UI", CHEST.encode())
        + element(0x00020003, b"UI", uid.encode())
        + element(0x00020010, b"UI", b"1.2.840.10008.1.2.1")
        + element(0x00020012, b"UI", b"2.25.1")
    )
    us = {
        0x00280002: 1,
        0x00280010: rows,
        0x00280011: columns,
        0x00280100: 16,
        0x00280101: 12,
        0x00280102: 11,
        0x00280103: 0,
    }
    text = {
        0x00080016: (b"UI", CHEST), 0x00080018: (b"UI", uid), 0x00080060: (b"CS", "CR"), 0x00100010: (b"PN", "Bench^Mark"),
        0x00100020: (b"LO", "B1"), 0x00180015: (b"CS", "CHEST"), 0x00185101: (b"CS", "PA"), 0x0020000D: (b"UI", study),
        0x0020000E: (b"UI", study + ".1"), 0x00280004: (b"CS", "MONOCHROME2"),
    }  # fmt: skip
    tags = {tag: element(tag, b"US", pack("<H", value)) for tag, value in us.items()}
    tags |= {tag: element(tag, vr, value.encode()) for tag, (vr, value) in text.items()}
    header = b"".join(tags[tag] for tag in sorted(tags)) + pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, len(pixels))
    return bytes(128) + b"DICM" + element(0x00020000, b"UL", pack("<I", len(meta))) + meta + header, pixels


class Sender(threading.local):
    """A connection of each thread, kept, and no copy of the pixels: senders are not what is measured, and they work on the receiver's cores."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._connection = HTTPConnection("127.0.0.1", receiver.port, timeout=120)

    def post(self, content: Film) -> float:
        """Milliseconds from the first byte sent to the answer."""
        body = (_PART, *content, _END)
        fields = {
            "Content-Type": RELATED,
            "Accept": "application/dicom+json",
            "Content-Length": str(sum(map(len, body))),
        }
        began = time.perf_counter()
        self._connection.request("POST", self._receiver.path, body, fields)
        response = self._connection.getresponse()
        said = response.read()
        if response.status != 200:
            raise RuntimeError(f"{self._receiver.name} answered {response.status}: {said[:200]!r}")
        return 1000 * (time.perf_counter() - began)


def cpu_ms(pid: int) -> float:
    facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(facts[11]) + int(facts[12])) / TICKS


def children_of(pid: int) -> list[int]:
    return [int(p) for task in Path(f"/proc/{pid}/task").iterdir() for p in (task / "children").read_text().split()]


def memory_mb(pid: int) -> float:
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def measure(receiver: Receiver, films: Sequence[Film], senders: int) -> None:
    sender = Sender(receiver)
    own, children = cpu_ms(receiver.pid), sum(map(cpu_ms, children_of(receiver.pid)))
    began = time.perf_counter()
    with ThreadPoolExecutor(senders) as pool:
        acks = list(pool.map(sender.post, films))
    elapsed = time.perf_counter() - began
    receiver.cpu_ms.append((cpu_ms(receiver.pid) - own) / len(films))
    receiver.children_ms.append((sum(map(cpu_ms, children_of(receiver.pid))) - children) / len(films))
    receiver.rate.setdefault(senders, []).append(len(films) / elapsed)
    receiver.acks_ms.setdefault(senders, []).extend(acks)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@contextmanager
def running(command: list[str], environment: dict[str, str], port: int, log: Path) -> Iterator[int]:
    with log.open("wb") as out, subprocess.Popen(command, env=environment, stdout=out, stderr=out) as process:
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(log.read_text(errors="replace")[-2000:]) from None
                    time.sleep(0.1)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


@contextmanager
def wetread(folder: Path) -> Iterator[Receiver]:
    port = free_port()
    environment = {**os.environ, "WETREAD_DATA_DIR": str(folder), "WETREAD_WORKERS": "0"}
    command = [sys.executable, "-m", "wetread", "serve", "--port", str(port)]
    with running(command, environment, port, folder / "log") as pid:
        yield Receiver("wetread", port, pid, "/dicom-web/studies")


@contextmanager
def orthanc(folder: Path, name: str = "Orthanc", index: str | None = None) -> Iterator[Receiver]:
    """With its index in SQLite, or in the PostgreSQL database at the address `index`."""
    port = free_port()
    plugins = [PLUGINS / "libOrthancDicomWeb.so", *([PLUGINS / "libOrthancPostgreSQLIndex.so"] if index else [])]
    settings = {
        "StorageDirectory": str(folder / "db"), "IndexDirectory": str(folder / "db"), "HttpPort": port,
        "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "DicomServerEnabled": False,
        "Plugins": [str(path) for path in plugins], "DicomWeb": {"Enable": True},
        "PostgreSQL": {"EnableIndex": index is not None, "EnableStorage": False, "ConnectionUri": index or ""},
    }  # fmt: skip
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with running(["Orthanc", str(folder / "orthanc.json")], dict(os.environ), port, folder / "log") as pid:
        yield Receiver(name, port, pid, "/dicom-web/studies")


@contextmanager
def durable_orthanc(folder: Path) -> Iterator[Receiver]:
    """Commits its index with fsync, as PostgreSQL does by default, before it answers."""
    with running_postgres() as server, orthanc(folder, "Orthanc PG", server.url(server.create())) as receiver:
        yield receiver


def hash_ms(content: bytes) -> float:
    """CPU time of the one thing nobody who names bytes by their hash can avoid: a yardstick for the machine's mood."""
    began = time.process_time()
    for _ in range(10):
        hashlib.sha256(content).digest()
    return 100 * (time.process_time() - began)


def disk_rate(films: Sequence[Film], writers: int) -> float:
    """Files per second, each written and fsynced."""

    def write(number: int) -> None:
        descriptor = os.open(Path(folder, str(number)), os.O_CREAT | os.O_WRONLY)
        os.writev(descriptor, films[number])
        os.fsync(descriptor)
        os.close(descriptor)

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(writers) as pool:
        began = time.perf_counter()
        list(pool.map(write, range(len(films))))
        return len(films) / (time.perf_counter() - began)


def report(receivers: Sequence[Receiver], memory: dict[str, float], disk: dict[int, list[float]]) -> None:
    print(f"{'receiver':<10} {'CPU ms/instance (min-max)':>27} {'children':>9} {'RSS MB':>7}")
    for each in receivers:
        spread = f"{statistics.median(each.cpu_ms):.1f} ({min(each.cpu_ms):.1f}-{max(each.cpu_ms):.1f})"
        print(f"{each.name:<10} {spread:>27} {statistics.median(each.children_ms):>9.1f} {memory[each.name]:>7.0f}")
    print(f"{'receiver':<10} {'senders':>8} {'instances/s':>12} {'ack p50 ms':>11} {'ack p99 ms':>11}")
    for each in receivers:
        for senders, rates in each.rate.items():
            acks = statistics.quantiles(each.acks_ms[senders], n=100)
            print(f"{each.name:<10} {senders:>8} {statistics.median(rates):>12.1f} {acks[49]:>11.0f} {acks[98]:>11.0f}")
    for writers, rates in disk.items():
        print(f"{'the disk':<10} {writers:>8} {statistics.median(rates):>12.1f}")
    ours = receivers[0]
    for theirs in receivers[1:]:
        rates = [f"{senders} senders {rate(ours, senders) / rate(theirs, senders):.2f}" for senders in ours.rate]
        cpu = statistics.median(theirs.cpu_ms) / statistics.median(ours.cpu_ms)
        print(
            f"{ours.name} / {theirs.name}, instances/s: {', '.join(rates)}; CPU {theirs.name} / {ours.name}: {cpu:.1f}"
        )


def rate(receiver: Receiver, senders: int) -> float:
    return statistics.median(receiver.rate[senders])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--senders", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--rows", type=int, default=ROWS, help=f"of {COLUMNS} columns of 16 bit ({ROWS})")
    parser.add_argument("--durable", action="store_true", help="also Orthanc with its index in PostgreSQL")
    args = parser.parse_args()
    with ExitStack() as opened:
        starters = [wetread, orthanc] if shutil.which("Orthanc") else [wetread]
        starters += [durable_orthanc] if args.durable else []
        folders = [Path(opened.enter_context(tempfile.TemporaryDirectory())) for _ in starters]
        receivers = [opened.enter_context(start(folder)) for start, folder in zip(starters, folders, strict=True)]
        run(receivers, args)


def run(receivers: list[Receiver], args: argparse.Namespace) -> None:
    """Rounds are interleaved, so that a change of load falls on all; the first round only warms up."""
    pixels = os.urandom(args.rows * COLUMNS * 2)
    yardsticks: list[float] = []
    disk: dict[int, list[float]] = {}
    for number in range(args.rounds + 1):
        yardsticks.append(hash_ms(pixels))
        for senders in args.senders:
            films = [film(f"2.25.{number + 1}{senders}.{n}", pixels, rows=args.rows) for n in range(args.instances)]
            disk.setdefault(senders, []).append(disk_rate(films, senders))
            for receiver in receivers:
                measure(receiver, films, senders)
        if number == 0:
            for receiver in receivers:
                receiver.cpu_ms, receiver.children_ms, receiver.rate, receiver.acks_ms = [], [], {}, {}
    memory = {each.name: memory_mb(each.pid) for each in receivers}
    print(f"instance {len(pixels) / 1e6:.1f} MB; n = {args.rounds * args.instances} per receiver and row")
    print(f"sha256 of one instance here and now: {statistics.median(yardsticks):.1f} ms CPU")
    report(receivers, memory, disk)


if __name__ == "__main__":
    main()
