"""What became of each trial, kept in a file for each fault as it goes, and the table that docs/reliability.md shows."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Lock

__all__ = ["RESULTS", "Book", "Earlier", "Row", "Trial", "code", "side_by_side", "table"]

RESULTS = Path(__file__).parent / "results"
_REPOSITORY = Path(__file__).parents[2]
_UNDER_WAY = _REPOSITORY / "build" / "soak"


@cache
def code() -> str:
    """The commit that last changed the product; with a + where it has been changed since."""

    def git(*words: str) -> str:
        asked = ["git", "-C", str(_REPOSITORY), *words, "--", "src", "proto"]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()

    return git("log", "-1", "--format=%h") + ("+" if git("status", "--porcelain") else "")


def side_by_side(work: list[Callable[[], None]], many: int) -> None:
    """So many at once. Whatever one raises is raised when all have ended."""
    with ThreadPoolExecutor(many) as pool:
        for each in [pool.submit(one) for one in work]:
            each.result()


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
class Earlier:
    """Trials of one point that no longer count: they were made with another code."""

    n: int = 0
    lost: int = 0
    doubled: int = 0
    failed: int = 0
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Empty where all went well."""
        if not self.failed:
            return ""
        of = f"lost {self.lost}, doubled {self.doubled}" if self.lost or self.doubled else ""
        return f"with earlier code {self.failed} of {self.n} failed: {'; '.join(filter(None, [of, *self.broken]))}"


@dataclass
class Row:
    """All trials of one point. `seconds` is the longest way back to work, `said` what the last trial measured, `codes` the commits that were tried."""

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
    codes: list[str] = field(default_factory=list)
    earlier: Earlier = field(default_factory=Earlier)

    @classmethod
    def of(cls, kept: dict[str, object]) -> "Row":
        """As a results file has it."""
        row = cls(**kept)  # type: ignore[arg-type]
        row.earlier = Earlier(**kept.get("earlier", {}))  # type: ignore[arg-type]
        return row

    def afresh(self) -> "Row":
        """Nothing tried; what was, is `earlier`."""
        was = self.earlier
        sums = (was.n + self.n, was.lost + self.lost, was.doubled + self.doubled, was.failed + self.failed)
        return Row(self.point, earlier=Earlier(*sums, [*was.broken, *self.broken][:5]))

    @property
    def upper(self) -> float:
        """One-sided 95 % Clopper-Pearson bound of the rate of trials in which something was lost, doubled or broken."""
        from scipy.stats import beta  # not with the module: each forked process imports what the main one does

        return 1.0 if self.failed >= self.n else float(beta.ppf(0.95, self.failed + 1, self.n - self.failed))


class Book:
    """The rows of one fault. `kills` trials of each point are wanted; those of an earlier run count, also of one that was cut, unless it shall be `fresh`: then they are `Row.earlier`. `minutes`: how long a long soak is. Its trials may be made by several threads."""

    def __init__(
        self, fault: str, kills: int, *, fresh: bool = False, minutes: float = 60.0, folder: Path = _UNDER_WAY
    ) -> None:
        self.fault, self.kills, self.minutes = fault, kills, minutes
        self._file = folder / f"{fault}.json"
        self._lock = Lock()
        earlier = [each for each in (self._file, RESULTS / self._file.name) if each.exists()]
        rows = map(Row.of, json.loads(earlier[0].read_text()) if earlier else [])
        self.rows = {each.point: each.afresh() if fresh else each for each in rows}

    def publish(self) -> None:
        """From now on the table tells of it."""
        if self._file.exists():
            self._file.replace(RESULTS / self._file.name)

    def missing(self, point: str, most: int | None = None) -> range:
        """The numbers of the trials that are still to be made; at most `most` in all where one is long."""
        done = self.rows[point].n if point in self.rows else 0
        return range(done, self.kills if most is None else min(self.kills, most))

    def batches(self, point: str, size: int) -> Iterator[range]:
        """The missing trials, so many at a time."""
        missing = self.missing(point)
        return (missing[at : at + size] for at in range(0, len(missing), size))

    @contextmanager
    def trial(self, point: str, kills: int = 1) -> Iterator[Trial]:
        """Filled in by the caller; of one fault, or of so many whose ledgers are compared at once. AssertionError says that all of them failed."""
        trial, began_s = Trial(), time.monotonic()
        failed = 0
        try:
            yield trial
        except AssertionError as error:
            trial.broken.append(str(error).splitlines()[0][:200] if str(error) else "an assertion")
            failed = kills
        failed = max(failed, min(kills, trial.lost + trial.doubled + len(trial.broken)))
        with self._lock:
            self._enter(point, trial, kills, failed, time.monotonic() - began_s)

    def _enter(self, point: str, trial: Trial, kills: int, failed: int, took_s: float) -> None:
        row = self.rows.setdefault(point, Row(point))
        row.n += kills
        row.promised, row.lost, row.doubled = (
            row.promised + trial.promised,
            row.lost + trial.lost,
            row.doubled + trial.doubled,
        )
        row.failed += failed
        row.broken = [*row.broken, *trial.broken][:5]
        row.seconds = round(max(row.seconds, trial.seconds), 2)
        row.said, row.day = trial.said or row.said, datetime.now(UTC).date().isoformat()
        row.codes = sorted({*row.codes, code()})
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps([asdict(each) for each in self.rows.values()], indent=1) + "\n")
        told = f"{self.fault} {point}: {row.n} of {self.kills}, lost {row.lost}, doubled {row.doubled}, failed {row.failed}"
        sys.stderr.write(f"\r\033[K{told} ({took_s:.1f} s)")
        sys.stderr.flush()
        if failed:
            sys.stderr.write(f"\n  {trial}\n")


def table(folder: Path = RESULTS) -> str:
    """Of all faults that have been run, as Markdown."""
    lines = [
        "| fault | point | n | promised | lost | doubled | failed trials (95 % bound) | longest | measured | day | code |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for file in sorted(folder.glob("F*.json"), key=lambda each: int(each.stem[1:])):
        for row in map(Row.of, json.loads(file.read_text())):
            failed = f"{row.failed} (≤ {100 * row.upper:.1f} %)" if row.n > 1 else str(row.failed)
            longest = f"{row.seconds:g} s" if row.seconds else ""
            said = "; ".join(filter(None, [row.said, *row.broken, str(row.earlier)])).replace("|", "/")
            lines.append(
                f"| {file.stem} | {row.point} | {row.n} | {row.promised} | {row.lost} | {row.doubled} | {failed} | {longest} | {said} | {row.day} | {', '.join(row.codes)} |"
            )
    return "\n".join(lines)
