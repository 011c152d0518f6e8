"""What became of each trial, kept in a file for each fault as it goes, and the table that docs/reliability.md shows."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from scipy.stats import beta

__all__ = ["RESULTS", "Book", "Row", "Trial", "table"]

RESULTS = Path(__file__).parent / "results"
_UNDER_WAY = Path(__file__).parents[2] / "build" / "soak"


@dataclass
class Trial:
    """One fault and what the ledgers said afterwards. `promised`: things acknowledged to a sender or a person; `lost` and `doubled` of them; `broken`: any other rule of the harness that did not hold, in words."""

    promised: int = 0
    lost: int = 0
    doubled: int = 0
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0
    said: str = ""


@dataclass
class Row:
    """All trials of one point. `seconds` is the longest way back to work, `said` what the last trial measured."""

    point: str
    n: int = 0
    promised: int = 0
    lost: int = 0
    doubled: int = 0
    failed: int = 0
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0
    said: str = ""
    day: str = ""

    @property
    def upper(self) -> float:
        """One-sided 95 % Clopper-Pearson bound of the rate of trials in which something was lost, doubled or broken."""
        return 1.0 if self.failed >= self.n else float(beta.ppf(0.95, self.failed + 1, self.n - self.failed))


class Book:
    """The rows of one fault. `kills` trials of each point are wanted; those of an earlier run count, also of one that was cut, unless it shall be `fresh`. `minutes`: how long a long soak is."""

    def __init__(
        self, fault: str, kills: int, *, fresh: bool = False, minutes: float = 60.0, folder: Path = _UNDER_WAY
    ) -> None:
        self.fault, self.kills, self.minutes = fault, kills, minutes
        self._file = folder / f"{fault}.json"
        earlier = [] if fresh else [each for each in (self._file, RESULTS / self._file.name) if each.exists()]
        kept = json.loads(earlier[0].read_text()) if earlier else []
        self.rows = {each["point"]: Row(**each) for each in kept}

    def publish(self) -> None:
        """From now on the table tells of it."""
        if self._file.exists():
            self._file.replace(RESULTS / self._file.name)

    def missing(self, point: str, most: int | None = None) -> range:
        """The numbers of the trials that are still to be made; at most `most` in all where one is long."""
        done = self.rows[point].n if point in self.rows else 0
        return range(done, self.kills if most is None else min(self.kills, most))

    @contextmanager
    def trial(self, point: str) -> Iterator[Trial]:
        """Filled in by the caller. A trial that raises AssertionError is one that failed."""
        trial, began_s = Trial(), time.monotonic()
        try:
            yield trial
        except AssertionError as error:
            trial.broken.append(str(error).splitlines()[0][:200] if str(error) else "an assertion")
        row = self.rows.setdefault(point, Row(point))
        row.n += 1
        row.promised, row.lost, row.doubled = (
            row.promised + trial.promised,
            row.lost + trial.lost,
            row.doubled + trial.doubled,
        )
        row.failed += bool(trial.lost or trial.doubled or trial.broken)
        row.broken = [*row.broken, *trial.broken][:5]
        row.seconds = round(max(row.seconds, trial.seconds), 2)
        row.said, row.day = trial.said or row.said, datetime.now(UTC).date().isoformat()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps([asdict(each) for each in self.rows.values()], indent=1) + "\n")
        told = f"{self.fault} {point}: {row.n} of {self.kills}, lost {row.lost}, doubled {row.doubled}, failed {row.failed}"
        sys.stderr.write(f"\r\033[K{told} ({time.monotonic() - began_s:.1f} s)")
        sys.stderr.flush()
        if trial.lost or trial.doubled or trial.broken:
            sys.stderr.write(f"\n  {trial}\n")


def table(folder: Path = RESULTS) -> str:
    """Of all faults that have been run, as Markdown."""
    lines = [
        "| fault | point | n | promised | lost | doubled | failed trials (95 % bound) | longest | measured | day |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for file in sorted(folder.glob("F*.json"), key=lambda each: int(each.stem[1:])):
        for row in (Row(**each) for each in json.loads(file.read_text())):
            failed = f"{row.failed} (≤ {100 * row.upper:.1f} %)" if row.n > 1 else str(row.failed)
            longest = f"{row.seconds:g} s" if row.seconds else ""
            said = "; ".join(filter(None, [row.said, *row.broken])).replace("|", "/")
            lines.append(
                f"| {file.stem} | {row.point} | {row.n} | {row.promised} | {row.lost} | {row.doubled} | {failed} | {longest} | {said} | {row.day} |"
            )
    return "\n".join(lines)
