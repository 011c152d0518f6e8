"""Decides what a written word is to the scrubber: ordinary, a name as well as a word, or unknown.

The lists in `deidentify_words.toml` are our own. Endings, prefixes and compounds are taken apart, so that "pneumomediastinum", "re-expanded" and "Pleuraergüsse"
pass without being listed. Nothing is remembered between calls: what is asked may be somebody's name.
"""

import tomllib
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import NamedTuple

__all__ = ["Naming", "WordClass", "letters_of", "naming", "word_class", "word_lists"]

_LONGEST_WORD = 40
_SHORTEST_COMPOUND = 7


class WordClass(Enum):
    """ORDINARY may pass. DOUBTFUL is a name too, and kept where it is written as a word. BESIDE is a name only next to one. UNKNOWN is in no list."""

    ORDINARY = 1
    DOUBTFUL = 2
    BESIDE = 3
    UNKNOWN = 4


class Naming(NamedTuple):
    """What stands around names, as `deidentify_words.toml` explains it."""

    titles: frozenset[str]
    titles_with_capital: frozenset[str]
    degrees: frozenset[str]
    company: frozenset[str]
    particles: frozenset[str]
    before_place: frozenset[str]
    after_place: frozenset[str]
    streets: frozenset[str]
    from_: frozenset[str]
    never: frozenset[str]
    lettered: frozenset[str]
    cues: frozenset[str]
    institutions: frozenset[str]
    roads: frozenset[str]
    negations: frozenset[str]


class _Lists(NamedTuple):
    classes: dict[str, WordClass]
    function: frozenset[str]
    common: frozenset[str]
    given: frozenset[str]
    inflected: frozenset[str]
    german: frozenset[str]
    short: frozenset[str]
    prefixes: tuple[str, ...]
    parts: frozenset[str]
    endings: frozenset[str]
    german_parts: frozenset[str]
    drug_endings: tuple[str, ...]


@cache
def naming() -> Naming:
    """The lists of what stands around names; read once."""
    return Naming(*(frozenset(map(letters_of, words.split())) for words in _tables()["naming"].values()))


@cache
def _tables() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(files("wetread.context").joinpath("deidentify_words.toml").read_text("utf-8"))


@cache
def word_lists() -> _Lists:
    """The lists as sets; read once."""
    tables = _tables()

    def words(table: str, *names: str) -> frozenset[str]:
        held: Mapping[str, str] = tables[table]
        return frozenset(letters_of(word) for name in names or tuple(held) for word in held[name].split())

    english = words("english", "function", "common", "everyday", "medicine", "devices", "drugs", "laboratory", "social")
    german, short = words("german", "function", "clinical"), words("english", "abbreviations", "units")
    classes = dict.fromkeys(english | german | short | words("other"), WordClass.ORDINARY)
    classes |= dict.fromkeys(words("naming", "titles", "degrees", "institutions") - set(classes), WordClass.ORDINARY)
    beside = words("doubtful", "beside") | (words("german", "function") - english)
    doubtful = words("doubtful", "words", "given")
    classes |= dict.fromkeys(beside - doubtful, WordClass.BESIDE)
    classes |= dict.fromkeys(doubtful, WordClass.DOUBTFUL)
    return _Lists(
        classes,
        words("english", "function") | words("german", "function"),
        words("english", "common"),
        words("doubtful", "given"),
        english | words("doubtful"),
        words("german", "clinical"),
        short - english - german - words("other"),
        tuple(tables["affix"]["prefixes"].split()),
        words("affix", "parts"),
        words("affix", "endings"),
        words("german", "parts"),
        tuple(tables["affix"]["drug_endings"].split()),
    )


def letters_of(word: str) -> str:
    """A word as the lists hold it: lower case, straight apostrophe, ß as ss."""
    return word.casefold().replace("’", "'")


def word_class(word: str) -> WordClass:
    """The class of one word as written; a word of several parts ("post-operative") is as unknown as its most unknown part."""
    plain = letters_of(word).removesuffix("'s").removesuffix("s'").strip("'")
    if len(plain) > _LONGEST_WORD:
        return WordClass.UNKNOWN
    found = _whole(plain, word)
    if found is WordClass.UNKNOWN and not plain.isalpha():
        pieces = [piece for piece in word.replace("’", "-").replace("'", "-").split("-") if piece]
        found = max(
            (_piece(letters_of(piece), piece) for piece in pieces),
            key=lambda each: each.value,
            default=WordClass.UNKNOWN,
        )
    return found


def _piece(piece: str, word: str) -> WordClass:
    """Of a compound: its prefixes stand alone ("post-operative"), and elided articles ("l'épanchement")."""
    if piece in word_lists().prefixes or piece in word_lists().parts or piece in {"l", "d", "qu", "dell", "all"}:
        return WordClass.ORDINARY
    return WordClass.ORDINARY if len(piece) == 1 else _whole(piece, word)


def _whole(plain: str, word: str) -> WordClass:
    lists = word_lists()
    if plain in lists.short and word[:1].isupper() and not word.isupper() and _pronounceable(plain):
        return WordClass.UNKNOWN  # "Ana" is no antibody
    exact = lists.classes.get(plain)
    if exact is not None:
        return exact
    for stem, keeps_class in _stems(plain):
        if stem in lists.inflected:
            if keeps_class:
                return lists.classes[stem]
            return WordClass.DOUBTFUL if word[:1].isupper() and plain.endswith(("er", "ing")) else WordClass.ORDINARY
    if any(
        plain.removesuffix(ending) in lists.german
        for ending in ("e", "en", "er", "es", "em", "n", "s")
        if len(plain) > 5
    ):
        return WordClass.ORDINARY
    return WordClass.ORDINARY if _is_built(plain) else WordClass.UNKNOWN


def _pronounceable(plain: str) -> bool:
    return plain == "ng" or any(letter in "aeiouyäöü" for letter in plain)


def _stems(plain: str) -> Iterator[tuple[str, bool]]:
    """What `plain` may be an inflection of, and whether a name stays a name in it ("Woods", but "woody")."""
    for ending, replacement in (("s", ""), ("es", ""), ("ies", "y")):
        if plain.endswith(ending) and len(plain) > 3:
            yield plain[: -len(ending)] + replacement, True
    for ending, replacements in (
        ("ed", ("", "e")),
        ("ied", ("y",)),
        ("ing", ("", "e")),
        ("ingly", ("", "e")),
        ("edly", ("", "e")),
        ("ly", ("", "le")),
        ("ally", ("", "al")),
        ("ily", ("y",)),
        ("er", ("", "e")),
        ("est", ("", "e")),
        ("ier", ("y",)),
        ("iest", ("y",)),
        ("able", ("", "e")),
        ("ability", ("able",)),
        ("ility", ("le",)),
        ("ity", ("", "e")),
        ("ness", ("",)),
        ("iness", ("y",)),
        ("less", ("",)),
        ("ful", ("",)),
        ("like", ("",)),
        ("wise", ("",)),
        ("ward", ("",)),
        ("wards", ("",)),
        ("ation", ("", "e")),
        ("ations", ("", "e")),
        ("ion", ("", "e")),
        ("ions", ("", "e")),
        ("ment", ("",)),
        ("ments", ("",)),
        ("ive", ("", "e")),
        ("al", ("", "e")),
    ):
        if plain.endswith(ending) and len(plain) - len(ending) >= (5 if ending == "al" else 3):
            base = plain[: -len(ending)]
            yield from ((base + replacement, False) for replacement in replacements)
            if len(base) > 3 and base[-1] == base[-2]:
                yield base[:-1], False


def _is_built(plain: str) -> bool:
    """A prefix before a listed word, word parts in a row, or a drug by its ending."""
    lists = word_lists()
    for prefix in lists.prefixes:
        rest = plain.removeprefix(prefix)
        if rest != plain and len(rest) > 3 and _listed(rest):
            return True
    if len(plain) < _SHORTEST_COMPOUND:
        return False
    if plain.endswith(lists.drug_endings) or _joins(plain, lists.parts, lists.endings, ("", "o", "i")):
        return True
    return _joins(plain, lists.german_parts, lists.german, ("", "s", "n", "en", "es", "e", "er"))


def _listed(rest: str) -> bool:
    lists = word_lists()
    return rest in lists.inflected or any(stem in lists.inflected for stem, _ in _stems(rest))


def _joins(plain: str, parts: frozenset[str], ends: frozenset[str], links: tuple[str, ...]) -> bool:
    """Whether `plain` is one part or more and an end (or a part); every place is looked at once."""
    reached = {0}
    for start in range(len(plain)):
        if start not in reached:
            continue
        if start and (plain[start:] in ends or plain[start:].removesuffix("s") in ends):
            return True
        for stop in range(start + 2, len(plain) + 1):
            if plain[start:stop] in parts:
                reached |= {stop + len(link) for link in links if plain.startswith(link, stop)}
    return len(plain) in reached and not any(plain == part for part in parts)
