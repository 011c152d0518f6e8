"""One language's phrases, read from its TOML file into one tree of words. What a phrase does is its `Role`; a phrase may have several."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum, auto
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from wetread.domain.finding import FindingName
from wetread.domain.report import Certainty, Section
from wetread.domain.statement import Change, Presence, Severity
from wetread.labelling.expansion import expand
from wetread.labelling.words import words_of

__all__ = [
    "LANGUAGES",
    "Frame",
    "Grammar",
    "Hedge",
    "Kind",
    "Lexicon",
    "Meaning",
    "Role",
    "Tree",
    "check_language",
    "lexicon",
]

LANGUAGES = tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.toml")))


class Kind(IntEnum):
    """What a phrase can be."""

    IGNORED = auto()
    MENTION = auto()
    GROUP = auto()
    ANATOMY = auto()
    PROPERTY = auto()
    DENIES = auto()
    DENIED = auto()
    HEDGES = auto()
    HEDGED = auto()
    ASKS = auto()
    PAST = auto()
    HARD = auto()
    SOFT = auto()
    SIDE = auto()
    SEVERITY = auto()
    CHANGES = auto()
    CHANGED = auto()
    POSITION = auto()


class Role(NamedTuple):
    kind: Kind
    value: Any


class Hedge(NamedTuple):
    """How sure a cue leaves a finding; a `listing` one goes on over commas."""

    band: Certainty
    listing: bool = False


class Meaning(NamedTuple):
    """What a mention, a group or a frame says: which findings, and how sure the words alone are.

    `direct` words are about the finding itself, others imply it and `because` says why. A group says nothing unless it is denied.
    """

    findings: tuple[FindingName, ...]
    presence: Presence
    direct: bool = True
    because: str = ""
    group: bool = False


Tree = dict[str | None, Any]
"""Word to subtree; under None the roles of the phrase that ends there."""

Frame = dict[tuple[str, str], Meaning]


@dataclass(frozen=True, slots=True)
class Grammar:
    """Words that carry structure only."""

    abbreviations: frozenset[str]
    prepositions: frozenset[str]
    articles: frozenset[str]
    unfinished: frozenset[str]
    behind: frozenset[str]
    loose: frozenset[str]
    verbs: frozenset[str]
    conjunctions: frozenset[str]
    alternatives: frozenset[str]
    closing: frozenset[str]
    tips: frozenset[str]
    placing: frozenset[str]
    explaining: frozenset[str]
    unsided: frozenset[FindingName]
    described: frozenset[str]
    described_findings: frozenset[FindingName]


@dataclass(frozen=True, slots=True)
class Lexicon:
    version: str
    tree: Tree
    headings: dict[tuple[str, ...], Section]
    longest_heading: int
    frames: Frame
    grammar: Grammar


def check_language(language: str) -> None:
    """Raises ValueError when there is no lexicon of it."""
    if language not in LANGUAGES:
        raise ValueError(f"no lexicon for {language!r}; there is {', '.join(LANGUAGES)}")


@cache
def lexicon(language: str) -> Lexicon:
    """The shipped lexicon of a language. Raises ValueError when there is none."""
    check_language(language)
    return _lexicon(tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text("utf-8")))


def _lexicon(document: dict[str, Any]) -> Lexicon:
    headings = {
        tuple(words_of(phrase)): Section(name)
        for name, patterns in document["headings"].items()
        for pattern in patterns
        for phrase in expand(pattern)
    }
    return Lexicon(
        version=document["version"],
        tree=_tree(_roles(document)),
        headings=headings,
        longest_heading=max(map(len, headings)),
        frames=dict(_frames(document["frames"])),
        grammar=_grammar(document),
    )


def _tree(roles: Iterable[tuple[list[str], Role]]) -> Tree:
    tree: Tree = {}
    for patterns, role in roles:
        for phrase in (phrase for pattern in patterns for phrase in expand(pattern)):
            node = tree
            for word in words_of(phrase):
                node = node.setdefault(word, {})
            node[None] = tuple(sorted({*node.get(None, ()), role}, key=_boundaries_first))
    return tree


def _boundaries_first(role: Role) -> tuple[bool, Kind]:
    return role.kind not in (Kind.HARD, Kind.SOFT), role.kind


def _roles(document: dict[str, Any]) -> Iterator[tuple[list[str], Role]]:
    yield from _mentions(document)
    yield document["ignored"]["phrases"], Role(Kind.IGNORED, None)
    for kind, table in ((Kind.ANATOMY, "anatomy"), (Kind.PROPERTY, "properties"), (Kind.SIDE, "laterality")):
        for name, patterns in document[table].items():
            yield patterns, Role(kind, name)
    resolved = {phrase for pattern in document["negation"]["resolved"] for phrase in expand(pattern)}
    for kind, where in ((Kind.DENIES, "before"), (Kind.DENIED, "after")):
        for phrase in (phrase for pattern in document["negation"][where] for phrase in expand(pattern)):
            yield [phrase], Role(kind, phrase in resolved)
    yield document["negation"]["pseudo"], Role(Kind.IGNORED, None)
    for kind, where in ((Kind.HEDGES, "before"), (Kind.HEDGED, "after")):
        for band, patterns in document["uncertainty"][where].items():
            yield patterns, Role(kind, Hedge(Certainty(band)))
    for band, patterns in document["uncertainty"]["lists"].items():
        yield patterns, Role(Kind.HEDGES, Hedge(Certainty(band), listing=True))
    yield document["hypothetical"]["before"], Role(Kind.ASKS, None)
    yield document["past"]["before"], Role(Kind.PAST, False)
    yield document["past"]["done"], Role(Kind.PAST, True)
    for opening, table in ((False, "hard"), (True, "opening")):
        yield document["boundaries"][table], Role(Kind.HARD, opening)
    yield document["boundaries"]["soft"], Role(Kind.SOFT, None)
    for name, patterns in document["severity"].items():
        yield patterns, Role(Kind.SEVERITY, Severity(name))
    for kind, where in ((Kind.CHANGES, "before"), (Kind.CHANGED, "after")):
        for name, patterns in document["change"][where].items():
            yield patterns, Role(kind, Change(name))
    yield document["position"]["starts"], Role(Kind.POSITION, None)


def _mentions(document: dict[str, Any]) -> Iterator[tuple[list[str], Role]]:
    for name, words in document["mentions"].items():
        findings = (FindingName(name),)
        yield words["named"], Role(Kind.MENTION, Meaning(findings, Presence.POSITIVE))
        yield words.get("hinted", []), Role(Kind.MENTION, Meaning(findings, Presence.UNCERTAIN))
    for pattern, names in document["several"].items():
        yield [pattern], Role(Kind.MENTION, Meaning(_findings(names), Presence.POSITIVE))
    for group in document["groups"]:
        meaning = Meaning(_findings(group["findings"]), Presence.NEGATIVE, False, group["because"], group=True)
        yield group["phrases"], Role(Kind.GROUP, meaning)


def _frames(entries: list[dict[str, Any]]) -> Iterator[tuple[tuple[str, str], Meaning]]:
    for entry in entries:
        meaning = Meaning(
            _findings(entry["findings"]),
            Presence(entry["presence"]),
            entry.get("direct", entry["presence"] != Presence.NEGATIVE),
            entry.get("because", ""),
        )
        yield from (((a, p), meaning) for a in entry["anatomy"] for p in entry["property"])


def _findings(names: list[str]) -> tuple[FindingName, ...]:
    return tuple(map(FindingName, names))


def _grammar(document: dict[str, Any]) -> Grammar:
    words, described = document["grammar"], document["described"]
    plain = {name: frozenset(words[name]) for name in Grammar.__annotations__ if name in words}
    return Grammar(
        **{**plain, "unsided": frozenset(_findings(words["unsided"]))},
        conjunctions=frozenset(words["and"]),
        alternatives=frozenset(words["or"]),
        described=frozenset(described["words"]),
        described_findings=frozenset(_findings(described["findings"])),
    )
