"""Decides which names in a clinical text are words of medicine: "Kerley B lines", "hernia of Bochdalek", "Swan-Ganz", "Crohn's".

Ours by `deidentify_eponyms.toml`; a name that is not in it is removed, which costs a word and reveals nobody.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

__all__ = ["eponyms_in"]

_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?")
_JOINT = re.compile(r"[ \t]{1,3}|[ \t]?[-–][ \t]?|\n[ \t]*")
_STOP = re.compile(r"\.[ \t]?")
_TITLE = re.compile(r"\b(?:dr|prof|mr|mrs|ms|miss|herr|frau|dr\. med)\.?\s?$", re.IGNORECASE)
_BETWEEN_HEAD = 3
_LONGEST_NAME = 4


class _Names(NamedTuple):
    headed: frozenset[tuple[str, ...]]
    standing: frozenset[tuple[str, ...]]
    possessive: frozenset[str]
    heads: frozenset[str]
    first: frozenset[str]


@cache
def _names() -> _Names:
    table = tomllib.loads(files("wetread.context").joinpath("deidentify_eponyms.toml").read_text("utf-8"))

    def names(key: str) -> frozenset[tuple[str, ...]]:
        return frozenset(tuple(name.casefold().split()) for name in table[key].split(",") if name.strip())

    standing = names("standing")
    named = names("headed") | standing
    return _Names(
        named,
        standing,
        frozenset(" ".join(name) for name in names("possessive")),
        frozenset(table["heads"].casefold().split()),
        frozenset(name[0] for name in named),
    )


def eponyms_in(text: str) -> Iterator[tuple[int, int]]:
    """Half-open places of names that are words of medicine, longest first at each place; never overlapping."""
    names, words = _names(), list(_WORD.finditer(text))
    at = 0
    while at < len(words):
        first = words[at][0].casefold().replace("’", "'").removesuffix("'s").removesuffix("'")
        length = first in names.first and next(
            (n for n in range(_LONGEST_NAME, 0, -1) if _is_kept(text, words, at, n, names)), 0
        )
        if length:
            yield words[at].start(), words[at + length - 1].end()
        at += length or 1


def _is_kept(text: str, words: "list[re.Match[str]]", at: int, length: int, names: _Names) -> bool:
    group = words[at : at + length]
    if len(group) < length or not all(_joined(text, a, b) or _is_saint(text, a, b) for a, b in pairwise(group)):
        return False
    if _TITLE.search(text, max(0, group[0].start() - 12), group[0].start()):
        return False
    plain = tuple(word[0].casefold().replace("’", "'") for word in group)
    bare = (*plain[:-1], plain[-1].removesuffix("'s").removesuffix("'"))
    if bare in names.standing or (plain != bare and len(bare) == 1 and bare[0] in names.possessive):
        return True
    return bare in names.headed and (
        _head_follows(text, words, at + length, names) or _head_precedes(text, words, at, names)
    )


def _joined(text: str, left: "re.Match[str]", right: "re.Match[str]") -> bool:
    return _JOINT.fullmatch(text, left.end(), right.start()) is not None


def _is_saint(text: str, left: "re.Match[str]", right: "re.Match[str]") -> bool:
    return left[0].lower() == "st" and _STOP.fullmatch(text, left.end(), right.start()) is not None


def _head_follows(text: str, words: "list[re.Match[str]]", at: int, names: _Names) -> bool:
    """Within three words of the same phrase: "Hodgkin's lymphoma", "Bochdalek type hernia", "Rigler's double wall sign"."""
    for place in range(at, min(at + _BETWEEN_HEAD, len(words))):
        if not _joined(text, words[place - 1], words[place]):
            return False
        if words[place][0].casefold() in names.heads:
            return True
    return False


def _head_precedes(text: str, words: "list[re.Match[str]]", at: int, names: _Names) -> bool:
    """ "foramen of Morgagni", "Morbus Crohn"."""
    if at and words[at - 1][0].casefold() == "morbus":
        return True
    return (
        at > 1
        and words[at - 1][0].casefold() in {"of", "de", "von", "nach"}
        and words[at - 2][0].casefold() in names.heads
        and _joined(text, words[at - 1], words[at])
    )
