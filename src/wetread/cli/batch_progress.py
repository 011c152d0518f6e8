"""How far a run is: a bar with rate and time left at a terminal, a line now and then elsewhere; and what it came to."""

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from wetread.domain.batch import FilmRow

if TYPE_CHECKING:
    from wetread.batch.archive_sample import ArchiveSample
    from wetread.batch.listing import Listed
    from wetread.batch.sample import Sample
    from wetread.batch.tables import Counts

__all__ = ["BatchProgress", "ListingProgress", "counted", "estimated", "estimated_of_archive", "left_out_of"]

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


class ListingProgress:
    """How far the listing of an archive is, at a terminal in one line, elsewhere a line for each tenth of it."""

    def __init__(self) -> None:
        self._tenths = 0

    def tell(self, listed: "Listed", share: float) -> None:
        said = f"listing: {share:.0%}, {listed.studies} studies, {listed.films} films"
        if sys.stderr.isatty():
            print(f"\r{said}  ", end="", file=sys.stderr, flush=True)
        elif int(share * 10) > self._tenths:
            self._tenths = int(share * 10)
            print(said, file=sys.stderr, flush=True)

    def end(self, listed: "Listed") -> None:
        if sys.stderr.isatty():
            print(file=sys.stderr)
        print(f"{listed.studies} studies{left_out_of(listed.left_out)}", file=sys.stderr)


def left_out_of(left_out: Mapping[str, int]) -> str:
    """What the archive has and is not read, by reason."""
    told = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()) if count)
    return f"; left out: {told}" if told else ""


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


def estimated_of_archive(sample: "ArchiveSample", limit: int | None, workers: int, connections: int) -> str:
    """What a dry run says of an archive."""
    about = "" if sample.listed == sample.studies else "about "
    films = sample.all_films if limit is None else min(sample.all_films, limit)
    listed = "" if not about else f"; of {sample.listed} of them listed, {sample.films} films"
    lines = [f"{sample.studies} studies, {about}{films} films{listed}{left_out_of(sample.left_out)}"]
    if not sample.tried:
        return lines[0]
    tried = ", ".join(f"{n} {what}" for what, n in sorted(sample.fates.items()))
    fetch_s, read_s = sample.fetch_s / sample.tried, sample.read_s / sample.tried
    whole = _lasting(films * max(fetch_s / connections, read_s / workers))
    lines.append(f"{sample.tried} of them tried: {tried}")
    lines.append(
        f"{fetch_s:.2f} s to fetch and {read_s:.2f} s to read a film: about {whole} over {connections} connections with {workers} readers, where each has a core of its own"
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
