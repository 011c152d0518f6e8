"""Every stored film against its name, day after day, by one of all the processes that share the store: a disk that loses a bit says nothing, and the film is asked for years later.

What is damaged or gone is never shown (`FileStore.verify` stands before every answer) and never repaired here: it comes back from a backup, or the archive sends it again.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from wetread.domain.alarm import AlarmKind
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.study import Instance
from wetread.domain.upkeep import FilmScrub, ScrubResult, ScrubTurn
from wetread.monitoring.alarms import Silence, settle
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.file_store import FileStore
from wetread.ports.rounds import in_rounds

__all__ = ["ABANDONED_S", "Damage", "ScrubRound", "Scrubber", "keep_swept"]

ABANDONED_S = 3600.0
"""Nobody receives a file without a byte for so long."""
_SWEEP_EVERY_S = 30.0
_LOG = logging.getLogger(__name__)
_KINDS = frozenset({AlarmKind.FILMS_DAMAGED})
_LOOK_EVERY_S = 60.0
_KEPT_EVERY_S = 30.0
_HELD = timedelta(minutes=15)
"""Longer than the largest film is read and slept over: whoever says nothing for so long has died, and another goes on where it was."""
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
    """`rest` is how much longer it sleeps than it reads: 4 leaves four fifths of the disk to those who wait. `every`: from one beginning to the next."""

    database: Database
    files: FileStore
    clock: Clock
    every: timedelta = timedelta(days=1)
    rest: float = 4.0
    sleep: Callable[[float], object] = field(default=time.sleep)

    def run(self, stop: threading.Event) -> None:
        """Each round by whoever of several processes comes first; ends with `stop`, also within a round."""
        look = partial(replace(self, sleep=stop.wait).run_if_due, stop)
        in_rounds(look, stop, _LOOK_EVERY_S, _LOG, "scrub_waits", "scrub_failed")

    def run_if_due(self, stop: threading.Event) -> None:
        """A whole round, or the rest of one that another left; nothing where another has it in hand, or its time has not come."""
        turn = self._begin()
        if turn is None:
            return
        kept_s = time.monotonic()
        for instance in self._instances(turn.after):
            if stop.is_set():
                self._keep(turn, held=False)
                return
            turn = _counted(turn, instance, self._look(instance))
            if time.monotonic() - kept_s >= _KEPT_EVERY_S:
                kept_s = time.monotonic()
                if not self._keep(turn):
                    return
        self._settle(turn)

    def run_once(self, *, unnamed: bool = False) -> ScrubRound:
        """Looks at everything now, whoever else does, and raises or clears the alarm. `unnamed`: also says what no row names, which holds all names in memory."""
        turn = ScrubTurn("", self.clock.now(), self.clock.now())
        named: set[str] = set()
        damaged: list[Damage] = []
        for instance in self._instances():
            if unnamed:
                named.add(instance.content_sha256)
            found = self._look(instance)
            damaged += found
            turn = _counted(turn, instance, found)
        nameless = tuple(sorted(set(self.files.stored()) - named)) if unnamed else ()
        self._settle(turn)
        return ScrubRound(turn.looked, tuple(damaged), nameless)

    def _begin(self) -> ScrubTurn | None:
        now = self.clock.now()
        with self.database.begin(write=False) as unit:
            if not unit.film_scrub().is_free(now, self.every):
                return None
        with self.database.begin() as unit:
            scrub = unit.film_scrub()
            if not scrub.is_free(now, self.every):
                return None
            begun = scrub.turn or ScrubTurn("", now, now)
            turn = replace(begun, holder=secrets.token_hex(8), held_until=now + _HELD)
            unit.save_film_scrub(replace(scrub, turn=turn))
            unit.commit()
        return turn

    def _keep(self, turn: ScrubTurn, *, held: bool = True) -> bool:
        """How far it came. False where another has taken it over."""
        now = self.clock.now()
        with self.database.begin() as unit:
            scrub = unit.film_scrub()
            if scrub.turn is None or scrub.turn.holder != turn.holder:
                return False
            unit.save_film_scrub(replace(scrub, turn=replace(turn, held_until=now + _HELD if held else now)))
            unit.commit()
        return True

    def _instances(self, after: str = "") -> Iterator[Instance]:
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

    def _settle(self, turn: ScrubTurn) -> None:
        """The round is over: what it found, once, with the alarm. Of a turn that another has taken over, nothing; one that nobody gave (no holder) leaves who has it in hand alone."""
        now = self.clock.now()
        with self.database.begin() as unit:
            scrub = unit.film_scrub()
            mine = scrub.turn is not None and scrub.turn.holder == turn.holder
            if turn.holder and not mine:
                return
            result = ScrubResult(turn.began_at, now, turn.looked, turn.damaged)
            unit.save_film_scrub(FilmScrub(None if mine else scrub.turn, result))
            settle(unit, _silences(turn), _KINDS, now)
            unit.commit()
        _LOG.info("scrubbed looked=%d damaged=%d", turn.looked, turn.damaged)


def _counted(turn: ScrubTurn, instance: Instance, found: list[Damage]) -> ScrubTurn:
    first = turn.first or (found[0].study_key if found else None)
    damaged = turn.damaged + len(found)
    return replace(turn, after=instance.instance_key, looked=turn.looked + 1, damaged=damaged, first=first)


def _silences(turn: ScrubTurn) -> tuple[Silence, ...]:
    if not turn.damaged:
        return ()
    message = f"{turn.damaged} of {turn.looked} stored films are damaged or gone, the first of study {turn.first}: `wetread scrub` lists them; restore them from a backup, or have the archive send them again"
    return (Silence(AlarmKind.FILMS_DAMAGED, AlarmKind.FILMS_DAMAGED.value, "", message, pages=True),)
