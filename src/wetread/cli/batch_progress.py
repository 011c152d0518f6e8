"""How far a run is: a bar with rate and time left at a terminal, a line now and then elsewhere; and what it came to."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from wetread.domain.batch import FilmRow

if TYPE_CHECKING:
    from wetread.batch.sample import Sample
    from wetread.batch.tables import Counts

__all__ = ["BatchProgress", "counted", "estimated"]

_LINE_EVERY = 256


class BatchProgress:
    """Of `films` films. `done` counts those of earlier runs, too, `read_now` does not."""

    def __init__(self, films: int) -> None:
        self._films = films
        self.done = self.read_now = 0
        self._began_s = time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bar = _bar()
            self._bar.start()
            self._task = self._bar.add_task("reading", total=self._films)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    @property
    def films_per_s(self) -> float:
        return self.read_now / max(time.monotonic() - self._began_s, 1e-9)

    def tell(self, row: FilmRow | None) -> None:
        """None: done by an earlier run; it says nothing of the rate."""
        if row is None and not self.read_now:
            self._began_s = time.monotonic()
        self.done += 1
        self.read_now += row is not None
        if self._bar:
            self._bar.update(self._task, completed=self.done, rate=f"{self.films_per_s:.1f} films/s", left=self._left())
        elif self.read_now and self.read_now % _LINE_EVERY == 0:
            rate = f"{self.films_per_s:.1f} films/s, {self._left()} left"
            print(f"{self.done} of {self._films} films, {rate}", file=sys.stderr, flush=True)

    def _left(self) -> str:
        return _lasting((self._films - self.done) / self.films_per_s) if self.read_now else ""


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    shown = (TextColumn("{task.fields[rate]}"), TextColumn("{task.fields[left]} left"))
    return Progress("{task.description}", BarColumn(), MofNCompleteColumn(), *shown, console=Console(stderr=True))


def _lasting(seconds: float) -> str:
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{hours} h"


def estimated(sample: "Sample", workers: int) -> str:
    """What a dry run says."""
    lines = [f"{sample.films} files, {sample.size_bytes / 1e9:.2f} GB"]
    tried = ", ".join(f"{n} {what}" for what, n in sorted(sample.fates.items()))
    lines.append(f"{sample.tried} of them tried: {tried}")
    if sample.tried:
        per_film_s = sample.seconds / sample.tried
        whole = _lasting(sample.films * per_film_s / workers)
        lines.append(
            f"{per_film_s:.2f} s a film: about {whole} with {workers} readers, where each has a core of its own"
        )
    return "\n".join(lines)


def counted(counts: "Counts", progress: BatchProgress) -> str:
    """The summary of a run: by fate, each refusal and failure by its code."""
    totals: dict[str, int] = dict.fromkeys(("read", "refused", "failed"), 0)
    for (fate, _), films in counts.fates.items():
        totals[fate] += films
    lines = ["  ".join(f"{what} {films}" for what, films in totals.items())]
    lines += [f"  {fate}: {code}  {films}" for (fate, code), films in counts.fates.items() if code]
    if counts.repeated:
        lines.append(f"  {counts.repeated} hold the same bytes as an earlier film (same_as)")
    earlier = progress.done - progress.read_now
    lines.append(f"{progress.films_per_s:.2f} films/s" + (f"; {earlier} films were done before" if earlier else ""))
    return "\n".join(lines)
