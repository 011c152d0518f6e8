"""`wetread evaluate` on ten million rows of Parquet: wall and CPU seconds and the most memory, without and with subgroups.

    python benchmarks/evaluate_large.py [--rows 10000000]

14 findings, two studies a patient, 20 sites. The file is made in a temporary folder (about 60 MB per million rows).
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

FINDINGS = tuple(f"finding {letter}" for letter in "abcdefghijklmn")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = parser.parse_args().rows
    with TemporaryDirectory() as folder:
        file = Path(folder) / "predictions.parquet"
        write(file, rows // len(FINDINGS))
        print(f"{rows // len(FINDINGS) * len(FINDINGS):,} rows, {file.stat().st_size / 1e6:.0f} MB of Parquet")
        for name, options in (("no subgroups", ["--no-slices"]), ("with subgroups", [])):
            wall, cpu, most = measured([str(file), "--json", str(file.with_suffix(".json")), *options])
            print(f"{name:15} {wall:7.0f} s wall {cpu:7.0f} s CPU {most / 1024:7.0f} MiB at most", flush=True)


def write(file: Path, studies: int) -> None:
    random = np.random.default_rng(7)
    number = np.arange(studies)
    whose = pl.Series([f"p{each // 2:08}" for each in number.tolist()])
    parts = []
    for place, finding in enumerate(FINDINGS):
        truth = random.random(studies) < 0.25 / (place + 1)
        score = random.normal(size=studies) + 1.5 * truth - 2
        columns = {
            "study": pl.Series([f"s{each:08}" for each in number.tolist()]),
            "patient": whose,
            "finding": pl.repeat(finding, studies, eager=True),
            "probability": 1 / (1 + np.exp(-score)),
            "label": np.where(truth, "positive", "negative"),
            "threshold": np.full(studies, 0.4),
            "site": pl.Series([f"site {each % 20}" for each in number.tolist()]),
            "sex": np.where(number % 2 == 0, "F", "M"),
            "age": 20 + number % 70,
        }
        parts.append(file.with_name(f"{place}.part"))
        pl.DataFrame(columns).write_parquet(parts[-1])
    pl.scan_parquet(parts).sink_parquet(file)
    for part in parts:
        part.unlink()


def measured(arguments: list[str]) -> tuple[float, float, int]:
    """(wall s, CPU s, most resident KiB) of the command in a process of its own."""
    start = time.monotonic()
    process = subprocess.Popen([Path(sys.executable).with_name("wetread"), "evaluate", *arguments], stdout=subprocess.DEVNULL)  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"wetread evaluate ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss


if __name__ == "__main__":
    main()
