"""A process of this service that dies again and again is told to somebody: a door that cannot be opened takes no film, and the service around it goes on as if nothing were."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from wetread.domain.alarm import AlarmKind
from wetread.monitoring.alarms import Silence, clear_alarm, raise_alarm
from wetread.monitoring.wording import counted
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.rounds import in_rounds

__all__ = ["DyingPart", "PartWatch"]

_HOST_GONE = timedelta(minutes=15)
"""Nobody on that host has seen it for so long: a container that was replaced comes back under another name, and its alarm would stay for ever."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DyingPart:
    """The command that runs it, and how often it died lately."""

    command: str
    deaths: int
    within_min: int


@dataclass(frozen=True, slots=True)
class PartWatch:
    """`dying` are the parts of this service alone; `host` tells it from others that share the database."""

    database: Database
    dying: Callable[[], Sequence[DyingPart]]
    clock: Clock
    host: str
    every_s: float = 10.0

    def run(self, stop: threading.Event) -> None:
        """Every `every_s` until `stop`."""
        in_rounds(self.run_once, stop, self.every_s, _LOG, "part_watch_waits", "part_watch_failed")

    def run_once(self) -> None:
        """Raises or clears the alarm of each part."""
        mine, now = f"{AlarmKind.PART_DIES.value}:{self.host}:", self.clock.now()
        silences = {f"{mine}{each.command}": each for each in self.dying()}
        with self.database.begin(write=False) as unit:
            known = [each for each in unit.alarms(limit=100_000) if each.kind is AlarmKind.PART_DIES]
        left = now - _HOST_GONE
        over = {each.alarm_key for each in known if each.alarm_key.startswith(mine) or each.last_seen_at < left}
        over -= set(silences)
        if not silences and not over:
            return
        with self.database.begin() as unit:
            for key, part in silences.items():
                raise_alarm(unit, Silence(AlarmKind.PART_DIES, key, "", self._said_of(part), pages=True), now)
            for key in over:
                clear_alarm(unit, key, now)
            unit.commit()

    def _said_of(self, part: DyingPart) -> str:
        return (
            f"`wetread {part.command}` on {self.host} died {counted(part.deaths, 'time')} within {part.within_min} min and is started again each time: "
            "what it does may not be done meanwhile; the log of `wetread serve` says why"
        )
