"""Neighbours that order films or ask for reads and stand still: one that does not answer, and a process that does not ask."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from wetread.domain.alarm import AlarmKind
from wetread.monitoring.alarms import Silence
from wetread.monitoring.wording import span
from wetread.ports.database import UnitOfWork
from wetread.ports.neighbours import failing_since, last_answer

__all__ = ["Neighbour", "neighbours_stand"]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """`name` as it is noted by who asks. `command`: the process that asks it again and again, every so often; "" for one that is asked as films come. `loses`: what does not happen while it stands."""

    name: str
    loses: str
    command: str = ""
    every: timedelta = timedelta(0)


def neighbours_stand(
    unit: UnitOfWork, neighbours: Iterable[Neighbour], now: datetime, *, within: timedelta
) -> tuple[Silence, ...]:
    """Of the neighbours in the settings. One that nobody has ever asked wakes nobody: it may just have been set up."""
    return tuple(found for each in neighbours if (found := _judged(unit, each, now, within)))


def _judged(unit: UnitOfWork, neighbour: Neighbour, now: datetime, within: timedelta) -> Silence | None:
    failing, answered = failing_since(unit, neighbour.name), last_answer(unit, neighbour.name)
    if failing is not None:
        late = now - failing > within
        return _stands(neighbour, f"has not answered as it should for {span(now - failing)}") if late else None
    if not neighbour.command:
        return None
    if answered is None:
        return _stands(neighbour, "was never asked", pages=False)
    unasked = now - answered
    return _stands(neighbour, f"was not asked for {span(unasked)}") if unasked > within + 2 * neighbour.every else None


def _stands(neighbour: Neighbour, what: str, *, pages: bool = True) -> Silence:
    look = f": `wetread {neighbour.command} --once` asks it now and says why" if neighbour.command else ""
    message = f"{neighbour.name} {what}, so {neighbour.loses}{look}"
    return Silence(AlarmKind.NEIGHBOUR_STANDS, f"neighbour_stands/{neighbour.name}", "", message, pages=pages)
