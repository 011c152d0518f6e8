"""`wetread batch`: films per second by its engines against a plain loop over `wetread read`'s path, on the same films, in turn, in one run. Only the ratios say something on a machine that others use.

Times are of warm readers: what an engine needs until each of its readers has answered once is given apart. Ray is left out where it is not installed.
"""

import argparse
import tempfile
import time
from datetime import UTC, date, datetime
from importlib.util import find_spec
from itertools import count
from os import link, sched_getaffinity
from pathlib import Path
from statistics import median

from wetread.batch.engines import ENGINES, build_engine
from wetread.batch.film_list import FolderSource
from wetread.batch.film_supply import FilesBelow
from wetread.batch.journal import Journal
from wetread.batch.run import RunRules, read_films
from wetread.batch.tables import TableForm, Tables
from wetread.domain.batch import FilmTask
from wetread.inference.bundle import BUNDLED, load_bundle
from wetread.ports.batch_engine import BatchEngine
from wetread.reader import FilmReader
from wetread.testing.phantom import PhantomPatient, PhantomSpec, uids_from_seed, write_dicom

_RUNS = count()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=len(sched_getaffinity(0)))
    args = parser.parse_args()
    engines = [name for name in ENGINES if name != "ray" or find_spec("ray")]
    with tempfile.TemporaryDirectory() as folder:
        films = Path(folder) / "films"
        films.mkdir()
        make_films(films, args.films)
        report(Path(folder), films, engines, args)


def report(folder: Path, films: Path, engines: list[str], args: argparse.Namespace) -> None:
    started = {name: start(name, films, args.workers) for name in engines}
    found: dict[str, list[float]] = {name: [] for name in ("loop", *engines)}
    with FilmReader() as reader:
        reader.read(films / "0.dcm")
        for _ in range(args.rounds):
            found["loop"].append(loop(reader, films))
            for name, (engine, _) in started.items():
                found[name].append(run(engine, folder, films))
    for engine, _ in started.values():
        engine.close()
    print(f"{args.films} films, {args.workers} workers, {args.rounds} rounds in turn; median (least, most)")
    for name, times in found.items():
        rates = sorted(args.films / each for each in times)
        ratios = sorted(alone / each for alone, each in zip(found["loop"], times, strict=True))
        start_s = f"   ready after {started[name][1]:.1f} s" if name in started else ""
        ratio = f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) of the loop"
        print(f"{name:<6} {median(rates):6.2f} films/s   {ratio}{start_s}")


def make_films(folder: Path, films: int) -> None:
    patient = PhantomPatient("Phantom^Bench", "PHANTOM-0001", date(1970, 1, 1), "F", 55, 25.0)
    spec = PhantomSpec(patient, rows=3056, columns=2500, transfer_syntax_uid="1.2.840.10008.1.2.4.70", seed=1)
    write_dicom(spec, folder / "0.dcm", uids_from_seed(1), datetime.now(UTC))
    for number in range(1, films):
        link(folder / "0.dcm", folder / f"{number}.dcm")


def start(name: str, films: Path, workers: int) -> tuple[BatchEngine, float]:
    """Each reader has answered."""
    began_s = time.perf_counter()
    engine = build_engine(name, None, workers, load_bundle(BUNDLED).identity.sha256)
    for number in range(workers):
        engine.submit(FilmTask(number, str(films / "0.dcm")))
    for _ in range(workers):
        engine.next_outcome()
    return engine, time.perf_counter() - began_s


def loop(reader: FilmReader, films: Path) -> float:
    began_s = time.perf_counter()
    for path in sorted(films.iterdir()):
        assert reader.read(path).analysis is not None
    return time.perf_counter() - began_s


def run(engine: BatchEngine, folder: Path, films: Path) -> float:
    """With its journal and the table that it ends in."""
    work = folder / f"run-{next(_RUNS)}"
    work.mkdir()
    listed = list(enumerate(FolderSource(films).films(), 1))
    bundle = load_bundle(BUNDLED)
    form = TableForm(bundle.identity, tuple(each.name.value for each in bundle.heads), (), keep_paths=False)
    journal = Journal(work, Tables(work, form), len(listed))
    began_s = time.perf_counter()
    assert read_films(iter(listed), engine, journal, RunRules(FilesBelow(films), False, lambda: False, lambda _: None))
    return time.perf_counter() - began_s


if __name__ == "__main__":
    main()
