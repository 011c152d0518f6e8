"""A burst: thousands of four-instance studies of 1 MB instances by eight senders at once, then a count: every acknowledged instance must have its row and its bytes.

`python benchmarks/burst.py [--studies 2500] [--senders 8]`.
"""

import argparse
import sqlite3
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from ingest import Sender, cpu_ms, film, memory_mb, wetread

SIDE = 724  # 1.05 MB at 16 bit
PER_STUDY = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2500)
    parser.add_argument("--senders", type=int, default=8)
    args = parser.parse_args()
    count = args.studies * PER_STUDY
    pixels = bytes(range(256)) * (SIDE * SIDE * 2 // 256) + bytes(SIDE * SIDE * 2 % 256)
    with tempfile.TemporaryDirectory() as folder, wetread(Path(folder)) as receiver:
        peak_mb, done = [0.0], threading.Event()
        watcher = threading.Thread(target=watch, args=(receiver.pid, peak_mb, done))
        watcher.start()

        def send(number: int) -> float:
            uid = f"1.2.826.0.1.3680043.9.9.{number}"
            return sender.post(film(uid, pixels, rows=SIDE, columns=SIDE, per_study=PER_STUDY))

        sender, server_ms, senders_ms = Sender(receiver), cpu_ms(receiver.pid), 1000 * time.process_time()
        began = time.perf_counter()
        with ThreadPoolExecutor(args.senders) as pool:
            acks_ms = sorted(pool.map(send, range(count)))
        elapsed_s = time.perf_counter() - began
        server_ms, senders_ms = cpu_ms(receiver.pid) - server_ms, 1000 * time.process_time() - senders_ms
        done.set()
        watcher.join()
        rows, jobs, whole = reconcile(Path(folder))
        print(
            f"{count} instances of {args.studies} studies by {args.senders} senders in {elapsed_s:.0f} s: {count / elapsed_s:.0f}/s"
        )
        print(
            f"acknowledgement p50 {acks_ms[count // 2]:.0f} ms, p99 {acks_ms[count * 99 // 100]:.0f} ms, max {acks_ms[-1]:.0f} ms"
        )
        print(f"CPU per instance: server {server_ms / count:.1f} ms, senders {senders_ms / count:.1f} ms")
        print(f"server RSS peak {peak_mb[0]:.0f} MB")
        print(
            f"acknowledged {count}; rows {rows}; jobs {jobs} for {args.studies} studies; files whose hash is their name {whole}"
        )


def watch(pid: int, peak_mb: list[float], done: threading.Event) -> None:
    while not done.wait(0.5):
        peak_mb[0] = max(peak_mb[0], memory_mb(pid))


def reconcile(folder: Path) -> tuple[int, int, int]:
    database = sqlite3.connect(folder / "wetread.db")
    (rows,), (jobs,) = (database.execute(f"SELECT COUNT(*) FROM {table}").fetchone() for table in ("instances", "jobs"))  # noqa: S608
    database.close()
    files = [each for each in (folder / "vault" / "films").rglob("*") if each.is_file()]
    return rows, jobs, sum(sha256(each.read_bytes()).hexdigest() == each.stem for each in files)


if __name__ == "__main__":
    main()
