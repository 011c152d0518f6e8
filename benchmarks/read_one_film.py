"""`wetread read` on one film against a torchxrayvision script: CPU seconds and peak memory of the whole process tree, one thread each, in turn.

The yardstick needs its own environment (torch, torchvision, torchxrayvision, pydicom with decoders); give its Python as --yardstick. Without it only our own
figures are printed. Warm figures come from 16 films in one process.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median

from wetread.testing.phantom import PhantomPatient, PhantomSpec, uids_from_seed, write_dicom

WARM_FILMS = 16
SYNTAXES = {
    "uncompressed": "1.2.840.10008.1.2.1",
    "JPEG lossless SV1": "1.2.840.10008.1.2.4.70",
    "JPEG 2000 lossless": "1.2.840.10008.1.2.4.90",
}
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Cost:
    cpu_s: float
    peak_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--yardstick", type=Path, help="Python of an environment with torchxrayvision")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        films = {name: make_film(Path(folder), name, uid) for name, uid in SYNTAXES.items()}
        report("one film, whole process", films, args, Path(folder), repeats=1)
        report(f"per film of {WARM_FILMS}, start-up taken off", films, args, Path(folder), repeats=WARM_FILMS)


def make_film(folder: Path, name: str, transfer_syntax_uid: str) -> Path:
    path = folder / f"{name.replace(' ', '-')}.dcm"
    patient = PhantomPatient("Phantom^Bench", "PHANTOM-0001", date(1970, 1, 1), "F", 55, 25.0)
    spec = PhantomSpec(patient, rows=3056, columns=2500, transfer_syntax_uid=transfer_syntax_uid, seed=1)
    write_dicom(spec, path, uids_from_seed(1), datetime.now(UTC))
    return path


def report(title: str, films: dict[str, Path], args: argparse.Namespace, folder: Path, repeats: int) -> None:
    print(f"\n{title} (3056 x 2500, n = {args.runs} runs, median)")
    print(f"{'film':<20} {'wetread':>20} {'torchxrayvision':>20} {'CPU ratio':>10} {'memory ratio':>13}")
    weights = folder / "weights.pt"
    if args.yardstick and not weights.exists():
        run([str(args.yardstick), yardstick(), str(films["uncompressed"]), str(weights), "1"])
    for name, film in films.items():
        ours, theirs = [], []
        for _ in range(args.runs):
            ours.append(per_film(own_command(film, repeats, folder), own_command(film, 1, folder), repeats))
            if args.yardstick:
                command = [str(args.yardstick), yardstick(), str(film), str(weights)]
                theirs.append(per_film([*command, str(repeats)], [*command, "1"], repeats))
        print_row(name, middle(ours), middle(theirs) if theirs else None, repeats)


def yardstick() -> str:
    return str(Path(__file__).with_name("yardstick_torchxrayvision.py"))


def own_command(film: Path, repeats: int, folder: Path) -> list[str]:
    """The same film several times under different names: the command reads each."""
    copies = [folder / f"{film.stem}-{number}.copy" for number in range(repeats)]
    for copy in copies:
        if not copy.exists():
            os.link(film, copy)
    return [sys.executable, "-m", "wetread", "read", "--json", *map(str, copies)]


def per_film(command: Sequence[str], single: Sequence[str], repeats: int) -> Cost:
    whole = run(command)
    if repeats == 1:
        return whole
    first = run(single)
    return Cost((whole.cpu_s - first.cpu_s) / (repeats - 1), whole.peak_mb)


def run(command: Sequence[str]) -> Cost:
    """CPU of the process and every child it waited for; memory: the greatest sum of proportional set sizes of its tree, sampled."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, **ONE_THREAD})
    peak_kb = 0
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        peak_kb = max(peak_kb, tree_kb(process.pid))
        time.sleep(0.01)
    if status:
        raise SystemExit(f"{command[0]} failed with status {status}")
    return Cost(usage.ru_utime + usage.ru_stime, peak_kb / 1024)


def tree_kb(pid: int) -> int:
    """Proportional set size (shared pages counted once) of a process and its descendants."""
    total = 0
    for each in (pid, *descendants(pid)):
        try:
            rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total


def descendants(pid: int) -> list[int]:
    try:
        words = " ".join(each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/children")).split()
    except OSError:
        return []
    children = [int(word) for word in words]
    return children + [each for child in children for each in descendants(child)]


def middle(costs: Sequence[Cost]) -> Cost:
    return Cost(median(c.cpu_s for c in costs), median(c.peak_mb for c in costs))


def print_row(name: str, ours: Cost, theirs: Cost | None, repeats: int) -> None:
    unit = (lambda s: f"{s:.2f} s") if repeats == 1 else (lambda s: f"{1000 * s:.0f} ms")
    own = f"{unit(ours.cpu_s)}, {ours.peak_mb:.0f} MB"
    if theirs is None:
        print(f"{name:<20} {own:>20} {'not measured':>20}")
        return
    other = f"{unit(theirs.cpu_s)}, {theirs.peak_mb:.0f} MB"
    print(
        f"{name:<20} {own:>20} {other:>20} {theirs.cpu_s / ours.cpu_s:>9.1f}x {theirs.peak_mb / ours.peak_mb:>12.1f}x"
    )


if __name__ == "__main__":
    main()
