"""Decides where an address begins and ends: behind "lives at", and around a street, a house number and a postcode that stand together."""

import re
from collections.abc import Iterator

from wetread.context.deidentify_words import letters_of, naming

__all__ = ["Found", "addresses_in", "is_street", "neighbours_joined"]

Found = tuple[str, int, int, str]
"""(kind, start, stop, what stands there instead)."""

_LETTER = r"[^\W\d_]"
_STREET_ENDINGS = (
    "strasse",
    "straat",
    "gasse",
    "platz",
    "allee",
    "damm",
    "gatan",
    "vägen",
    "gata",
    "laan",
    "plein",
    "gracht",
)
_ADDRESS = re.compile(
    r"\b(?:lives?|living|resid(?:es|ing|ent)|stays?) (?:at|in|on|of)\s|\b(?:home |mailing |postal )?addr(?:ess)?\b\.?\s?[:=]?\s"
    r"|\b(?:wohnhaft(?: in)?|anschrift|adresse|domicili(?:é|ée|o)|demeurant|vive en|zam\.|zamieszkał[ya]?|adres|ikamet)\b:?\s",
    re.IGNORECASE,
)
_TOKEN = re.compile(rf"{_LETTER}+(?:['’-]{_LETTER}+)*\.?|\d[\w/-]*|[ \t,./#()-]|[^\x00-\u036f]+")
_FULL_STOP = re.compile(r"\)?\.\s")
_LATIN_END = "\u036f"
_LONGEST_ADDRESS = 140
_LOOSE = frozenset({"name", "place", "number", "id", "unknown"})
_HOUSE = r"\d{1,5}[a-zA-Z]?(?:[/-]\d{1,5}[a-zA-Z]?)?"
_JOINT = re.compile(rf"(?:\.|[ \t,/-]{{1,3}})(?:{_HOUSE}[ ,.-]{{1,3}})?|\. {_HOUSE}[ ,.-]{{1,3}}")
_AFTER_PLACE = re.compile(r"(?: ?/ ?|,? ?\()[A-Z]{2}(?![\w])\)?")
_AFTER_OTHER_SCRIPT = re.compile(
    rf"[ ,.]{{1,2}}{_HOUSE}(?![\w%])(?! ?(?:%|[mck]m|[mk]g|ml|years?|yo|days?|weeks?|months?|hours?)\b)"
)
_HOUSE_AND_STREET = re.compile(
    rf"(?<![\w.,/-])({_HOUSE}[, ]{{1,2}})?(?:({_LETTER}{{2,14}})\.? (?:d[eu] |de la |des )?)?$"
)
_BEFORE = 40


def is_street(plain: str) -> bool:
    """Whether a word in small letters names a kind of street, alone or as the end of one ("Bahnhofstraße")."""
    return (
        plain.removesuffix("s") in naming().streets
        or plain in naming().streets
        or (len(plain) > 6 and plain.endswith(_STREET_ENDINGS))
    )


def addresses_in(text: str) -> Iterator[tuple[str, int, int]]:
    """("place", start, stop) of what follows "lives at" and the like, up to the first word that is none of an address."""
    for match in _ADDRESS.finditer(text):
        stop = _end(text, match.end())
        if stop > match.end():
            yield "place", match.end(), stop


def _end(text: str, start: int) -> int:
    """An address needs a number or a capital; `start` where there is none."""
    at, stop, evidence = start, start, False
    while at - start < _LONGEST_ADDRESS and (match := _TOKEN.match(text, at)):
        at, word = match.end(), match[0].rstrip(".")
        if not word.strip(" \t,./#()-"):
            continue
        plain = letters_of(word)
        strong = word[0].isdigit() or word[0].isupper() or word[0] > _LATIN_END
        street = is_street(plain)
        if not strong and not street and plain not in naming().particles:
            break
        if word[0].isupper() and not street and stop > start and _FULL_STOP.match(text, stop):
            break  # a full stop that ends no street's abbreviation
        evidence = evidence or strong
        if strong or street:
            stop = match.end() - (match[0].endswith(".") and not street)
    return stop if evidence else start


def neighbours_joined(places: list[Found], text: str) -> list[Found]:
    """An address is one: what has only a space, a comma or a house number between it and the next goes with it. `places` ascending and apart."""
    joined: list[Found] = []
    for place in places:
        if joined and {place[0], joined[-1][0]} <= _LOOSE and _JOINT.fullmatch(text, joined[-1][2], place[1]):
            joined[-1] = _one(joined[-1], place)
        else:
            joined.append(place)
    whole: list[Found] = []
    for place in joined:
        whole.append(_with_street(place, text, whole[-1][2] if whole else 0))
    return whole


def _one(before: Found, place: Found) -> Found:
    if before[0] == place[0]:
        return (*before[:2], place[2], before[3])
    if {"name", "place"} & {before[0], place[0]}:
        return ("place", before[1], place[2], "[place]")
    return (*before[:2], place[2], before[3])


def _with_street(place: Found, text: str, after: int) -> Found:
    """With the house number and the kind of street before a place ("9, avenue [place]"), the region behind one, and the number behind a name in another script."""
    kind, start, stop, wording = place
    tail = _AFTER_PLACE.match(text, stop) if kind == "place" else None
    if tail is None and kind in {"place", "name"} and text[stop - 1] > _LATIN_END:
        tail = _AFTER_OTHER_SCRIPT.match(text, stop)
    stop = tail.end() if tail else stop
    before = _HOUSE_AND_STREET.search(text, max(after, start - _BEFORE), start) if kind == "place" else None
    if before is None or (before[2] and not is_street(letters_of(before[2]))):
        return kind, start, stop, wording
    return kind, before.start(), stop, wording
