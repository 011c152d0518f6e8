"""Decides what of a free text from outside may reach a model: everything that could say who, where or on which day is taken out.

By 45 CFR 164.514(b)(2) (HIPAA Safe Harbor), and failing closed beyond it: without a list of names, an unknown word that can be a name is one, an unknown number
is one that names somebody. Dates become their distance to the current study. Deterministic, linear, idempotent; it refuses no text.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from wetread.context.deidentify_dates import Written, dates_in, distance, times_in
from wetread.context.deidentify_eponyms import eponyms_in
from wetread.context.deidentify_known import UNKNOWN, KnownIdentity, known_in
from wetread.context.deidentify_names import names_in
from wetread.context.deidentify_numbers import ages_over_89_in, contacts_in, labelled_in, numbers_in
from wetread.context.deidentify_places import Found, addresses_in, neighbours_joined

__all__ = ["PLACEHOLDER", "UNKNOWN", "KnownIdentity", "Removal", "Scrubbed", "scrub"]

PLACEHOLDER = re.compile(
    r"\[(?:name|place|date|time|number|id|email|url|ip|over 89|removed|same day|more than \d{1,3} years before|\d{1,5} days? (?:before|after))\]"
)
"""What stands in a scrubbed text for what was taken out."""

_WORDING = {"age": "[over 89]", "unknown": "[removed]"}
_MOST_PASSES = 4
_EVERYTHING = "[removed]"


@dataclass(frozen=True, slots=True)
class Removal:
    """What was taken out of the original text: half-open [start, stop). `kind`: name, place, date, time, number, id, email, url, ip, age or unknown."""

    kind: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A text that may go to a model, and what it lacks."""

    text: str
    removed: tuple[Removal, ...]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A text under work; `starts` and `stops` say for each character which part of the original it stands for."""

    text: str
    starts: list[int]
    stops: list[int]


def scrub(text: str, known: KnownIdentity = UNKNOWN, study_date: date | None = None) -> Scrubbed:
    """`text` without identity. What is `known` of the patient goes in any spelling; a date before `study_date` becomes "[12 days before]", else "[date]".

    What is taken out can change what its neighbours look like, so the text is looked at again until nothing more is found; a text that is not settled then goes whole.
    """
    draft = _cleaned(text)
    removed: list[Removal] = []
    for _ in range(_MOST_PASSES):
        places = _settled(_found(draft.text, known, study_date), draft.text)
        if not places:
            return Scrubbed(draft.text, _joined(removed))
        removed += [Removal(kind, draft.starts[start], draft.stops[stop - 1]) for kind, start, stop, _ in places]
        draft = _without(draft, places)
    return Scrubbed(_EVERYTHING, (Removal("unknown", 0, len(text)),))


def _cleaned(text: str) -> _Draft:
    """Composed letters, plain forms of full-width and mathematical ones, and no invisible characters: a name must not hide in its spelling."""
    if text.isascii() and text.isprintable():
        return _Draft(text, list(range(len(text))), list(range(1, len(text) + 1)))
    seen = [(place, letter) for place, letter in enumerate(text) if _is_visible(letter)]
    letters: list[str] = []
    starts: list[int] = []
    stops: list[int] = []
    at = 0
    while at < len(seen):
        stop = at + 1
        while stop < len(seen) and unicodedata.combining(seen[stop][1]):
            stop += 1
        piece = "".join(letter for _, letter in seen[at:stop])
        piece = unicodedata.normalize("NFKC" if _is_disguise(piece[0]) else "NFC", piece)
        letters += piece
        starts += [seen[at][0]] * len(piece)
        stops += [seen[stop - 1][0] + 1] * len(piece)
        at = stop
    return _Draft("".join(letters), starts, stops)


def _is_visible(letter: str) -> bool:
    return letter in "\n\t\r" or unicodedata.category(letter) not in {"Cf", "Cc", "Cs", "Co", "Cn"}


def _is_disguise(letter: str) -> bool:
    code = ord(letter)
    return (
        0xFF00 <= code <= 0xFFEF or 0x1D400 <= code <= 0x1D7FF or 0x2460 <= code <= 0x24FF or 0x1F100 <= code <= 0x1F1FF
    )


def _found(text: str, known: KnownIdentity, study_date: date | None) -> Iterator[Found]:
    """(kind, start, stop, what stands there instead), most certain first; they may overlap."""
    places: list[Found] = []

    def add(found: Iterator[tuple[str, int, int]]) -> None:
        places.extend((kind, start, stop, _WORDING.get(kind, f"[{kind}]")) for kind, start, stop in found)

    add(known_in(text, known))
    add(contacts_in(text))
    for written in dates_in(text):
        places.append(("date", written.start, written.stop, _date_wording(written, text, known, study_date)))
    add(addresses_in(text))
    add(("age", start, stop) for start, stop in ages_over_89_in(text))
    add(("id", start, stop) for start, stop in labelled_in(text))
    add(("time", start, stop) for start, stop in times_in(text))
    add(("number", start, stop) for start, stop in numbers_in(text))
    kept = [place.span() for place in PLACEHOLDER.finditer(text)]
    taken = sorted([(start, stop) for _, start, stop, _ in places] + kept)
    add(names_in(text, taken, list(eponyms_in(text))))
    return iter(places)


def _date_wording(written: Written, text: str, known: KnownIdentity, study_date: date | None) -> str:
    """A birth date has no distance: it would be an age in days."""
    born = _BIRTH.search(text, max(0, written.start - 24), written.start)
    if born or (known.birth_date is not None and known.birth_date in written.readings):
        return "[date]"
    return distance(written, study_date)


_BIRTH = re.compile(
    r"(?:\bdob|\bd\.o\.b\.?|\bborn(?: on)?|\bbirth ?(?:date|day)?|\bgeb(?:oren)?\.?(?: am)?|\bné[e]?(?: le)?|\bnacid[oa](?: el)?|\*)\W{0,4}$",
    re.IGNORECASE,
)


def _settled(found: Iterator[Found], text: str) -> list[Found]:
    """Ascending and apart: what overlaps becomes one, worded as its most certain part; nothing touches a placeholder."""
    kept = [place.span() for place in PLACEHOLDER.finditer(text)]
    ranked = sorted(
        ((start, stop, rank, kind, wording) for rank, (kind, start, stop, wording) in enumerate(found) if start < stop)
    )
    merged: list[tuple[int, int, int, str, str]] = []
    for place in _outside(ranked, kept):
        if merged and place[0] < merged[-1][1]:
            first = merged[-1]
            surest = min(first, place, key=lambda each: each[2])
            merged[-1] = (first[0], max(first[1], place[1]), *surest[2:])
        else:
            merged.append(place)
    return neighbours_joined([(kind, start, stop, wording) for start, stop, _, kind, wording in merged], text)


def _outside(
    places: list[tuple[int, int, int, str, str]], kept: list[tuple[int, int]]
) -> Iterator[tuple[int, int, int, str, str]]:
    at = 0
    for place in places:
        while at < len(kept) and kept[at][1] <= place[0]:
            at += 1
        if at == len(kept) or kept[at][0] >= place[1]:
            yield place


def _without(draft: _Draft, places: list[Found]) -> _Draft:
    pieces: list[str] = []
    starts: list[int] = []
    stops: list[int] = []
    at = 0
    for _, start, stop, wording in places:
        pieces += [draft.text[at:start], wording]
        starts += draft.starts[at:start] + [draft.starts[start]] * len(wording)
        stops += draft.stops[at:start] + [draft.stops[stop - 1]] * len(wording)
        at = stop
    pieces.append(draft.text[at:])
    return _Draft("".join(pieces), starts + draft.starts[at:], stops + draft.stops[at:])


def _joined(removed: list[Removal]) -> tuple[Removal, ...]:
    """Ascending and apart; a later find around an earlier one keeps the earlier one's kind."""
    joined: list[Removal] = []
    for each in sorted(removed, key=lambda removal: (removal.start, -removal.stop)):
        if joined and each.start < joined[-1].stop:
            joined[-1] = Removal(joined[-1].kind, joined[-1].start, max(joined[-1].stop, each.stop))
        else:
            joined.append(each)
    return tuple(joined)
