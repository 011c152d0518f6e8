"""From one reading order to another in the fewest moves, so that a list of thousands is not sent again for one arrival. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from wetread.domain.identifiers import StudyKey

__all__ = ["Moves", "moves_between"]


@dataclass(frozen=True, slots=True)
class Moves:
    """Take out `taken_out`, then put each of `put_in` at its index, in this order: that is the new list. `gone` are those that do not come back."""

    taken_out: frozenset[StudyKey]
    put_in: tuple[tuple[int, StudyKey], ...]
    gone: frozenset[StudyKey]


def moves_between(old: Sequence[StudyKey], new: Sequence[StudyKey]) -> Moves:
    """What stays where it is, is a longest increasing run of old places in the new order (Schensted 1961; n log n)."""
    start, stop = _common(old, new)
    was = {key: place for place, key in enumerate(old[start : len(old) - stop])}
    middle = new[start : len(new) - stop]
    staying = _longest_run([was.get(key, -1) for key in middle])
    put_in = tuple((start + at, key) for at, key in enumerate(middle) if at not in staying)
    stays = {middle[at] for at in staying}
    taken_out = frozenset(key for key in was if key not in stays)
    return Moves(taken_out, put_in, taken_out - {key for _, key in put_in})


def _common(old: Sequence[StudyKey], new: Sequence[StudyKey]) -> tuple[int, int]:
    """How many are the same at the beginning and, behind those, at the end."""
    shorter = min(len(old), len(new))
    start = 0
    while start < shorter and old[start] == new[start]:
        start += 1
    stop = 0
    while stop < shorter - start and old[-1 - stop] == new[-1 - stop]:
        stop += 1
    return start, stop


def _longest_run(places: Sequence[int]) -> frozenset[int]:
    """Indices of a longest strictly increasing run of `places`; negative ones are left out."""
    ends: list[int] = []  # the smallest place that a run of each length ends with
    at_end: list[int] = []  # where that place stands
    before: list[int] = [-1] * len(places)
    for at, place in enumerate(places):
        if place < 0:
            continue
        length = bisect_left(ends, place)
        before[at] = at_end[length - 1] if length else -1
        if length == len(ends):
            ends.append(place)
            at_end.append(at)
        else:
            ends[length], at_end[length] = place, at
    run, at = set(), at_end[-1] if at_end else -1
    while at >= 0:
        run.add(at)
        at = before[at]
    return frozenset(run)
