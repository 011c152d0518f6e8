"""Every stored film against its name, day after day: a disk that loses a bit says nothing, and the film is asked for years later.

What is damaged or gone is never shown (`FileStore.verify` stands before every answer) and never repaired here: it comes back from a backup, or the archive sends it again.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from wetread.domain.alarm import AlarmKind
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.study import Instance
from wetread.monitoring.alarms import Silence, settle
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.file_store import FileStore

__all__ = ["ABANDONED_S", "Damage", "ScrubRound", "Scrubber", "keep_swept"]

ABANDONED_S = 3600.0
"""Nobody receives a file without a byte for so long."""
_SWEEP_EVERY_S = 30.0
_LOG = logging.getLogger(__name__)
_KINDS = frozenset({AlarmKind.FILMS_DAMAGED})
_FIRST_AFTER_S = 60.0
_PAGE = 500


def keep_swept(files: FileStore, stop: threading.Event) -> None:
    """What a receiver left half received that was killed is gone within a minute, whichever process it was; until `stop`."""
    while True:
        try:
            if swept := files.sweep(ABANDONED_S):
                _LOG.warning("swept half_received=%d", swept)
        except OSError as error:
            _LOG.warning("sweep_waits code=%s", type(error).__name__)
        if stop.wait(_SWEEP_EVERY_S):
            return


@dataclass(frozen=True, slots=True)
class Damage:
    """One stored instance: `gone`, or there with other bytes."""

    study_key: StudyKey
    content_sha256: str
    gone: bool


@dataclass(frozen=True, slots=True)
class ScrubRound:
    """`unnamed` are stored files that no row names: what a crash before the commit left, or a database older than its files."""

    looked: int
    damaged: tuple[Damage, ...]
    unnamed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scrubber:
    """`rest` is how much longer it sleeps than it reads: 4 leaves four fifths of the disk to those who wait."""

    database: Database
    files: FileStore
    clock: Clock
    every_s: float = 86_400.0
    rest: float = 4.0
    sleep: Callable[[float], object] = field(default=time.sleep)

    def run(self, stop: threading.Event) -> None:
        """A round every `every_s`, the first soon after the start; ends with `stop`, also within a round."""
        resting = replace(self, sleep=stop.wait)
        pause_s = _FIRST_AFTER_S
        while not stop.wait(pause_s):
            began_s = time.monotonic()
            try:
                resting.run_once(stop)
            except (TransientError, OSError) as error:
                _LOG.warning("scrub_waits code=%s", getattr(error, "code", type(error).__name__))
            except Exception as error:  # noqa: BLE001 - the thread must live on; its text could quote a row
                _LOG.error("scrub_failed error=%s", type(error).__name__)
            pause_s = max(_FIRST_AFTER_S, self.every_s - (time.monotonic() - began_s))

    def run_once(self, stop: threading.Event | None = None, *, unnamed: bool = False) -> ScrubRound:
        """Looks at everything, and raises or clears the alarm. Of a round that was stopped nothing is cleared. `unnamed`: also says what no row names, which holds all names in memory."""
        named: set[str] = set()
        damaged: list[Damage] = []
        looked = 0
        for instance in self._instances():
            if stop is not None and stop.is_set():
                return ScrubRound(looked, tuple(damaged), ())
            looked += 1
            if unnamed:
                named.add(instance.content_sha256)
            damaged += self._look(instance)
        nameless = tuple(sorted(set(self.files.stored()) - named)) if unnamed else ()
        self._settle(damaged, looked)
        _LOG.info("scrubbed looked=%d damaged=%d", looked, len(damaged))
        return ScrubRound(looked, tuple(damaged), nameless)

    def _instances(self) -> Iterator[Instance]:
        after = ""
        while True:
            with self.database.begin(write=False) as unit:
                page = unit.instances_after(after, limit=_PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].instance_key

    def _look(self, instance: Instance) -> list[Damage]:
        began_s = time.monotonic()
        gone = False
        try:
            whole = self.files.verify(instance.content_sha256)
        except PermanentError:
            whole, gone = False, True
        except OSError:  # the disk cannot read it: as bad as other bytes
            whole = False
        self.sleep(self.rest * (time.monotonic() - began_s))
        if whole or not self._is_still_here(instance):
            return []
        return [Damage(instance.study_key, instance.content_sha256, gone)]

    def _is_still_here(self, instance: Instance) -> bool:
        """It may have been erased meanwhile."""
        with self.database.begin(write=False) as unit:
            return instance in unit.instances(instance.study_key)

    def _settle(self, damaged: list[Damage], looked: int) -> None:
        with self.database.begin() as unit:
            settle(unit, [_silence(damaged, looked)] if damaged else [], _KINDS, self.clock.now())
            unit.commit()


def _silence(damaged: list[Damage], looked: int) -> Silence:
    first = damaged[0].study_key
    message = f"{len(damaged)} of {looked} stored films are damaged or gone, the first of study {first}: `wetread scrub` lists them; restore them from a backup, or have the archive send them again"
    return Silence(AlarmKind.FILMS_DAMAGED, AlarmKind.FILMS_DAMAGED.value, "", message, pages=True)
