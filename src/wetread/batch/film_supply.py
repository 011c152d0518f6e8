"""Where the films of a run come from when their turn comes: files that are there, or an archive from which a few are fetched ahead."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import NoReturn, Protocol

from wetread.batch.connections import Connections
from wetread.batch.film_list import ListedFilm
from wetread.domain.archive import ArchivedInstance
from wetread.domain.batch import FilmFate, FilmRow, FilmTask
from wetread.domain.errors import PermanentError, TransientError, WetreadError
from wetread.ports.archive import Archive
from wetread.ports.file_store import IncomingFile

__all__ = ["ArchiveFilms", "FilesBelow", "FilmSupply", "Numbered", "fetched_to"]

Numbered = Iterator[tuple[int, ListedFilm]]


class FilmSupply(Protocol):
    away: str
    """What to say when films cannot be had, one after the other."""

    def take(self, films: Numbered, *, wait: bool) -> FilmTask | FilmRow | None:
        """The next film that is at hand, of `films` (the same at each call), or the row of one that cannot be had. None: no more come, or without `wait` none for now."""
        ...

    def settled(self, number: int) -> None:
        """What became of this one is known: its file may go."""
        ...

    def is_there(self) -> bool:
        """Whether the source answers at all, when films could not be had."""
        ...


class FilesBelow:
    """Files of a folder."""

    away = "files in a row could not be opened: is the source mounted, are the manifest's paths right?"

    def __init__(self, root: Path) -> None:
        self._root = root

    def take(self, films: Numbered, *, wait: bool) -> FilmTask | None:
        numbered = next(films, None)
        return numbered and FilmTask(numbered[0], str(self._root / numbered[1].path))

    def settled(self, number: int) -> None:
        """The file is not ours."""

    def is_there(self) -> bool:
        return True


class ArchiveFilms:
    """At most `most` films are asked for, on disk or out to readers; they lie in `folder`, which is emptied first, by their numbers, and go when they are settled."""

    away = "films in a row could not be fetched: see `wetread archive check`."

    def __init__(self, connections: Connections, folder: Path, most: int, stopped: Callable[[], bool]) -> None:
        self._connections, self._folder, self._most, self._stopped = connections, folder, most, stopped
        self._asked: dict[int, ArchivedInstance] = {}
        self._at_hand: set[int] = set()
        rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)

    def take(self, films: Numbered, *, wait: bool) -> FilmTask | FilmRow | None:
        self._ask_ahead(films)
        if not self._asked:
            return None
        told = self._connections.answer(wait=wait, stopped=self._stopped)
        if told is None:
            return None
        number, problem = told
        wanted = self._asked.pop(number)
        if problem is None:
            return FilmTask(number, str(self._place(number)), wanted.sop_instance_uid)
        if not isinstance(problem, WetreadError) or problem.code == "storage_full":
            raise problem
        return FilmRow(number, FilmFate.FAILED, problem.code, f"{problem}.")

    def settled(self, number: int) -> None:
        self._at_hand.discard(number)
        self._place(number).unlink(missing_ok=True)

    def is_there(self) -> bool:
        self._connections.ask(0, lambda archive: archive.identity())
        while told := self._connections.answer(wait=True, stopped=self._stopped):
            if told[0] == 0:
                return not isinstance(told[1], Exception)
        return False

    def _ask_ahead(self, films: Numbered) -> None:
        while len(self._at_hand) < self._most:
            numbered = next(films, None)
            if numbered is None:
                return
            number, film = numbered
            wanted = ArchivedInstance(*film.path.split("/"))
            self._asked[number] = wanted
            self._at_hand.add(number)
            self._connections.ask(number, partial(fetched_to, self._place(number), wanted))

    def _place(self, number: int) -> Path:
        return self._folder / f"{number}.dcm"


def fetched_to(place: Path, wanted: ArchivedInstance, archive: Archive) -> None:
    """One instance to a file that is there whole or not at all. Raises what the archive does; PermanentError with the archive's reason where it does not give it, TransientError(code='broke_off') where it stops halfway."""
    inbox = _OneFilm(place)
    try:
        answer = archive.retrieve(wanted, inbox)
    except TransientError as error:
        if inbox.began and error.code != "storage_full":
            raise TransientError(f"{archive.name} broke off while it sent the film", code="broke_off") from error
        raise
    if not inbox.came:
        failed = next(iter(answer.failed), None)
        reason, code = (
            (failed.reason, failed.code) if failed else (f"{archive.name} answers without the film", "not_sent")
        )
        raise PermanentError(reason, code=code)


@contextmanager
def _on_our_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TransientError(f"a fetched film cannot be written ({error.strerror})", code="storage_full") from error


class _OneFilm:
    """Implements `ports.archive.Inbox` for an instance; of more, the first stays."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.began = self.came = False

    def receive(self) -> "_ArrivingFilm":
        self.began = True
        return _ArrivingFilm(self._place.with_suffix(".part"))

    def hand_over(self, file: IncomingFile, wanted: ArchivedInstance) -> None:
        if not self.came:
            file.flush()
            file.path.replace(self._place)
            self.came = True
        file.discard()


class _ArrivingFilm:
    """Implements `ports.file_store.IncomingFile`, byte for byte as it comes: a film of a batch is not kept, so it is made durable nowhere."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._out = path.open("wb")

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        with _on_our_disk():
            self._out.write(chunk)

    def flush(self) -> None:
        with _on_our_disk():
            self._out.flush()

    def keep(self) -> NoReturn:
        raise NotImplementedError("a film of a batch is not kept")

    def discard(self) -> None:
        with suppress(OSError):  # what it had not written yet is not wanted
            self._out.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> "_ArrivingFilm":
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()
