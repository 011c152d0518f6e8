"""The worklist of many studies, server side: CPU and bytes of the first answer, of an unchanged one, and of one more arrival.

    python benchmarks/ui/worklist_server.py [--studies 10000] [--rounds 30]

Real SQLite and vault, the view alone: no network, no browser. CPU is of this process, garbage collection included.
"""

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from long_worklist import RealClock, a_long_worklist, add_one

from wetread.triage.policy import OrderRule
from wetread.web.worklist import Viewer, WorklistView

_VIEWER = Viewer(with_identity=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=30)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = a_long_worklist(Path(folder), asked.studies)
        before = _peak_mb()
        services = world.services
        view = WorklistView(services.database, services.vault, RealClock(), OrderRule())  # type: ignore[arg-type]
        _tell("first answer, nothing kept yet", *_measure(1, lambda: view.answer("open", "", _VIEWER)[1]))
        print(f"memory: {before:.0f} MB before, at most {_peak_mb():.0f} MB after")
        _tell("nothing changed", *_measure(asked.rounds, lambda: view.answer("open", "", _VIEWER)[1]))
        numbers = iter(range(asked.studies, asked.studies + 1000))
        cursor = _cursor(view)

        def arrival() -> bytes:
            nonlocal cursor
            body = view.answer("open", cursor, _VIEWER)[1]
            cursor = _cursor(view)
            return body

        _tell("one arrival", *_measure(asked.rounds, arrival, before=lambda: add_one(world, next(numbers))))
        snapshot = view._views["open"]

        def next_minute() -> bytes:
            snapshot.at = snapshot.at.replace(year=2000)
            return view.answer("open", cursor, _VIEWER)[1]

        _tell("a new minute: all read and ordered again", *_measure(asked.rounds, next_minute))
        last = snapshot.order[-1]
        _tell("why the last stands there", *_measure(asked.rounds, lambda: repr(view.place(last)).encode()))


def _cursor(view: WorklistView) -> str:
    return view._views["open"].cursor


def _measure(
    rounds: int, act: Callable[[], bytes], before: Callable[[], object] = lambda: None
) -> tuple[list[float], int]:
    taken, size = [], 0
    for _ in range(rounds):
        before()
        start = time.process_time()
        size = len(act())
        taken.append((time.process_time() - start) * 1000)
    return taken, size


def _tell(what: str, taken: list[float], size: int) -> None:
    ordered = sorted(taken)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(f"{what}: CPU p50 {statistics.median(taken):.1f} ms, p95 {p95:.1f} ms, {size:,} bytes (n = {len(taken)})")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
