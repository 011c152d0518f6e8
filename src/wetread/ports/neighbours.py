"""Whether a neighbour that is asked answers, kept as beats: the last answer, and the first failure since."""

from datetime import datetime
from typing import Protocol

__all__ = ["Beats", "failing_since", "last_answer", "note_asked"]

_ANSWERS, _FAILS = "answers/", "fails/"


class Beats(Protocol):
    """Of a unit of work."""

    def beat(self, name: str, now: datetime) -> None: ...
    def last_beat(self, name: str) -> datetime | None: ...


def note_asked(unit: Beats, name: str, now: datetime, *, answered: bool) -> None:
    if answered:
        unit.beat(f"{_ANSWERS}{name}", now)
    elif failing_since(unit, name) is None:
        unit.beat(f"{_FAILS}{name}", now)


def last_answer(unit: Beats, name: str) -> datetime | None:
    return unit.last_beat(f"{_ANSWERS}{name}")


def failing_since(unit: Beats, name: str) -> datetime | None:
    """None while it answers, and while nobody has asked."""
    failed, answered = unit.last_beat(f"{_FAILS}{name}"), last_answer(unit, name)
    return failed if failed and (answered is None or answered < failed) else None
