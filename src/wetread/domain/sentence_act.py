"""What a person did with each sentence of a draft: accepted it by a key, changed it, took it out. A sentence is named by its words, so that a draft made anew does not move what was said of it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

__all__ = ["SentenceAct", "SentenceFate", "fates_by_text", "sentence_id"]

_WORDS = re.compile(r"\w+")
_ENDS = re.compile(r"(?<=[.!?])\s+|\n+")
_SAME_SENTENCE = 0.5
"""Share of a sentence's words that another one must hold to be it, changed; a sentence that nothing holds half of was taken out."""


class SentenceFate(StrEnum):
    KEPT = "kept"
    """Stands word for word, and nobody said more of it."""
    ACCEPTED = "accepted"
    EDITED = "edited"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class SentenceAct:
    """`by` is an account; `at` is when the sentence first was as it is now."""

    sentence_id: str
    fate: SentenceFate
    by: str
    at: datetime


def sentence_id(section: str, text: str) -> str:
    """16 hex digits of sha256 over section and words: they tell nothing of what it says."""
    return sha256(f"{section}\n{text}".encode()).hexdigest()[:16]


def fates_by_text(drafted: Iterable[tuple[str, str]], written: Mapping[str, str]) -> dict[str, SentenceFate]:
    """Of a draft's (section, sentence) by `sentence_id`, what its text in each section says: kept, edited or deleted."""
    found: dict[str, SentenceFate] = {}
    by_section: dict[str, list[str]] = {}
    for section, text in drafted:
        by_section.setdefault(section, []).append(text)
    for section, sentences in by_section.items():
        standing, rest = _standing(sentences, written.get(section, ""))
        pieces = [set(_words(each)) for each in _ENDS.split(rest)]
        for text in sentences:
            changed = any(_is_of(text, piece) for piece in pieces)
            fate = SentenceFate.EDITED if changed else SentenceFate.DELETED
            found[sentence_id(section, text)] = SentenceFate.KEPT if text in standing else fate
    return found


def _standing(sentences: Sequence[str], text: str) -> tuple[set[str], str]:
    """Those that stand word for word in their order, and what the text says besides."""
    standing, rest, start = set(), "", 0
    for sentence in sentences:
        at = text.find(sentence, start) if sentence else -1
        if at >= 0:
            standing.add(sentence)
            rest, start = f"{rest}{text[start:at]}\n", at + len(sentence)
    return standing, rest + text[start:]


def _is_of(sentence: str, piece: set[str]) -> bool:
    words = _words(sentence)
    return bool(words) and sum(each in piece for each in words) >= _SAME_SENTENCE * len(words)


def _words(text: str) -> list[str]:
    return _WORDS.findall(text.lower())
