"""F13: a burst by eight senders (`benchmarks/burst.py`): all is acknowledged or told so, and every acknowledged instance has its row, its study's job and its bytes."""

import re
import subprocess
import sys
from pathlib import Path

from tests.soak.book import Book

__all__ = ["TITLE", "run"]

TITLE = "a burst of four-instance studies by eight senders"
_STUDIES = 100


def run(book: Book, folder: Path) -> None:
    point = f"{4 * _STUDIES} instances of {_STUDIES} studies"
    burst = Path(__file__).parents[2] / "benchmarks" / "burst.py"
    for _ in book.missing(point, 5):
        with book.trial(point) as trial:
            command = [sys.executable, str(burst), "--studies", str(_STUDIES)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"the burst ended with {done.returncode}: {done.stderr[-150:]!r}"
            told = re.search(r"acknowledged (\d+); rows (\d+); jobs (\d+) .* their name (\d+)", done.stdout)
            assert told, "the burst said nothing"
            trial.promised, rows, jobs, whole = map(int, told.groups())
            trial.lost = max(0, trial.promised - min(rows, whole)) + max(0, _STUDIES - jobs)
            trial.doubled = max(0, rows - 4 * _STUDIES) + max(0, jobs - _STUDIES)
            trial.said = "; ".join(done.stdout.splitlines()[:-1])
