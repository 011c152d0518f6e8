"""Stage 1, mention extraction: one sentence's phrases, and the mentions they make (alone, as a group, or as an anatomy with what is said of it)."""

from dataclasses import dataclass
from typing import Any

from wetread.domain.finding import FindingName
from wetread.domain.statement import Presence
from wetread.labelling.lexicon import Frame, Grammar, Kind, Meaning, Role, Tree
from wetread.labelling.words import Word

__all__ = ["Mark", "Mention", "ends_here", "mark", "mentions"]

_FRAME_WORDS, _LED_WORDS = 6, 5
"""So many words at most between an anatomy and the property behind it, or the one before it; further apart they are about different things."""


@dataclass(slots=True)
class Mark:
    """A phrase of the lexicon in a sentence: words `first` to `last` (exclusive) and what it can be."""

    first: int
    last: int
    roles: tuple[Role, ...]

    def role(self, kind: Kind) -> Role | None:
        for role in self.roles:
            if role.kind is kind:
                return role
        return None


@dataclass(slots=True)
class Mention:
    """Words `first` to `last` (exclusive) that say `meaning`; `at` is the word whose neighbours decide whether it is denied; `opens` where a clause of its own begins, -1 without one."""

    first: int
    last: int
    meaning: Meaning
    at: int
    opens: int = -1


def mark(words: list[Word], tree: Tree) -> list[Mark]:
    """The longest phrase at each word, left to right, none overlapping. Linear: no phrase has more than a dozen words."""
    found: list[Mark] = []
    at, size = 0, len(words)
    while at < size:
        node: Any = tree.get(words[at][0])
        if node is None:
            at += 1
            continue
        ahead, best, roles = at + 1, at, ()
        while True:
            if None in node:
                best, roles = ahead, node[None]
            if ahead == size:
                break
            node = node.get(words[ahead][0])
            if node is None:
                break
            ahead += 1
        if roles:
            found.append(Mark(at, best, roles))
            at = best
        else:
            at += 1
    return found


def ends_here(words: list[Word], each: Mark, grammar: Grammar) -> bool:
    """Whether nothing follows that a phrase in front could be said of: the end, a sign, or a word of structure."""
    following = words[each.last].lower if each.last < len(words) else ""
    structure = (grammar.conjunctions, grammar.verbs, grammar.prepositions)
    return not following.isalnum() or any(following in kind for kind in structure)


_DEVICE = Meaning((FindingName.SUPPORT_DEVICES,), Presence.POSITIVE)


def mentions(words: list[Word], marks: list[Mark], frames: Frame, grammar: Grammar) -> list[Mention]:
    """In order of the word that decides them. A tip whose place is told stands for a device that the sentence does not name."""
    found = _framed(words, marks, frames)
    for each in marks:
        for role in each.roles:
            if role.kind is Kind.IGNORED:
                break
            if role.kind is Kind.MENTION or role.kind is Kind.GROUP:
                found.append(Mention(each.first, each.last, role.value, each.first))
                break
    if not any(FindingName.SUPPORT_DEVICES in mention.meaning.findings for mention in found):
        found += [
            Mention(each.first, each.last, _DEVICE, each.first)
            for each in marks
            if _is_placed_tip(words, each, grammar)
        ]
    found.sort(key=lambda mention: mention.at)
    return found


def _is_placed_tip(words: list[Word], each: Mark, grammar: Grammar) -> bool:
    following = words[each.last].lower if each.last < len(words) else ""
    return words[each.last - 1].lower in grammar.tips and following in grammar.placing


def _framed(words: list[Word], marks: list[Mark], frames: Frame) -> list[Mention]:
    """Anatomies wait for a property ("heart and lungs are normal"), or a property leads anatomies ("normal heart size and lungs")."""
    found: list[Mention] = []
    waiting: list[tuple[Mark, str]] = []
    leading: tuple[Mark, str] | None = None
    led_to = 0
    for each in marks:
        for kind, value in each.roles:
            if kind is Kind.HARD or kind is Kind.SOFT:
                waiting, leading = [], None
            elif kind is Kind.MENTION:
                leading = None
            elif kind is Kind.ANATOMY:
                if leading and _led(words[led_to : each.first]):
                    led_to = each.last
                    meaning = frames.get((value, leading[1]))
                    if meaning:
                        found.append(Mention(leading[0].first, each.last, meaning, leading[0].first))
                if waiting and each.first - waiting[-1][0].last > _FRAME_WORDS:
                    waiting = []
                waiting.append((each, value))
            elif kind is Kind.PROPERTY:
                near = waiting if waiting and each.first - waiting[-1][0].last <= _FRAME_WORDS else []
                taken = [(anatomy, frames[name, value]) for anatomy, name in near if (name, value) in frames]
                for anatomy, meaning in taken:
                    found = [mention for mention in found if mention.last != anatomy.last]
                    found.append(Mention(anatomy.first, each.last, meaning, each.first, anatomy.first))
                waiting, leading, led_to = ([], None, 0) if taken else (waiting, (each, value), each.last)
    return found


def _led(between: list[Word]) -> bool:
    return len(between) <= _LED_WORDS and all(word.lower != "," for word in between)
