"""What it costs to start: CPU (user plus system) of commands that only say something, and CPU until `wetread serve` has opened its port, with what the process then holds.

`python benchmarks/starting.py [--runs 10]`. Default settings, databases up to date, every command once beforehand; `serve` without workers, whose memory is their own.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ingest import cpu_ms, memory_mb, wetread

COMMANDS = ("--help", "status --help", "status", "settings")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        costs = {command: [command_ms(command.split(), folder) for _ in range(runs + 1)][1:] for command in COMMANDS}
        started = [serving(Path(folder)) for _ in range(runs + 1)][1:]
    for command, took in costs.items():
        print(f"wetread {command:<14} {spread(took)} ms of CPU, n = {runs}")
    print(f"wetread {'serve':<14} {spread([each[0] for each in started])} ms of CPU to its open port, n = {runs}")
    print(f"wetread {'serve':<14} {spread([each[1] for each in started], 1)} MB resident then, n = {runs}")


def serving(folder: Path) -> tuple[float, float]:
    with wetread(folder) as receiver:
        return cpu_ms(receiver.pid), memory_mb(receiver.pid)


def command_ms(words: Sequence[str], folder: str) -> float:
    before = _children_s()
    command = [sys.executable, "-P", "-m", "wetread", *words]
    house = {**os.environ, "WETREAD_DATA_DIR": folder}
    subprocess.run(command, env=house, check=True, stdout=subprocess.DEVNULL)
    return 1000 * (_children_s() - before)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def spread(values: Sequence[float], digits: int = 0) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


if __name__ == "__main__":
    main()
