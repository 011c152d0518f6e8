"""Text to sentences under their section headings. "Dr. Who", "1.5 cm", "1. Effusion", lists without full stops and lines in capitals are told apart."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from wetread.domain.report import Section
from wetread.labelling.lexicon import Lexicon
from wetread.labelling.words import TOKEN, Word

__all__ = ["SentenceWords", "sentences"]

_LONGEST_WORDS = 256
"""A sentence is cut there: text without full stops costs no more for each word."""

_REPORTED = (None, Section.FINDINGS, Section.IMPRESSION)
_NEW_LINE = re.compile(r"[\n\r\f\v\x85\u2028\u2029]")
_ITEM = re.compile(r"[-•*·–]|\(?\d{1,2}[.)]\s")


class SentenceWords(NamedTuple):
    section: Section | None
    words: list[Word]


def sentences(text: str, lexicon: Lexicon) -> Iterator[SentenceWords]:
    """Every sentence that speaks of this film: what stands under indication, technique and comparison is left out, to the next heading or the end of its paragraph."""
    return _Reader(text, lexicon).sentences()


class _Reader:
    """One pass over the tokens; holds the words of the sentence being read."""

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        self._text, self._lexicon = text, lexicon
        lower = text.replace("’", "'").lower()
        self._lower = lower if len(lower) == len(text) else None
        self._capitals_only = text.upper() == text
        self._section: Section | None = None
        self._said = False
        self._words: list[Word] = []

    def sentences(self) -> Iterator[SentenceWords]:
        lower = self._lower
        for match in TOKEN.finditer(self._text):
            kind, (start, end) = match.lastgroup, match.span()
            if kind == "word":
                word = lower[start:end] if lower is not None else match[0].lower().replace("’", "'")
                self._words.append(Word(word, start, end))
            elif kind == "mark":
                if match[0] != ":" or not self._heading():
                    self._words.append(Word(match[0], start, end))
            elif kind == "stop":
                if self._stops(start, end):
                    yield from self._sentence()
            else:
                paragraph = len(_NEW_LINE.findall(match[0].replace("\r\n", "\n"))) > 1
                if self._heading():
                    continue
                if paragraph or self._line_ends(end):
                    yield from self._sentence()
                if paragraph and self._said and self._section not in _REPORTED:
                    self._section = None
            if len(self._words) >= _LONGEST_WORDS:
                yield from self._sentence()
        yield from self._sentence()

    def _sentence(self) -> Iterator[SentenceWords]:
        words, self._words = self._words, []
        if words:
            self._said = True
            if self._section in _REPORTED:
                yield SentenceWords(self._section, words)

    def _heading(self) -> bool:
        """Whether the sentence so far is a heading; if so its section begins."""
        if not 0 < len(self._words) <= self._lexicon.longest_heading:
            return False
        section = self._lexicon.headings.get(tuple(word.lower for word in self._words))
        if section is None:
            return False
        self._section, self._said, self._words = section, False, []
        return True

    def _stops(self, start: int, end: int) -> bool:
        last = self._words[-1] if self._words and self._words[-1].end == start else None
        following = self._text[end : end + 1]
        if last is None or not following:
            return True
        if following.isalnum() and not (following.isupper() and len(last.lower) > 1):
            return False
        if len(self._words) == 1 and last.lower.isdigit():
            self._words.clear()
            return False
        initial = len(last.lower) == 1 and last.lower.isalpha() and self._text[end : end + 2].strip().islower()
        return not initial and last.lower not in self._lexicon.grammar.abbreviations

    def _line_ends(self, at: int) -> bool:
        if self._words and self._goes_on(self._words[-1].lower):
            return False
        following = self._text[at : at + 4]
        return bool(_ITEM.match(following)) or (following[:1].isupper() and not self._capitals_only)

    def _goes_on(self, last: str) -> bool:
        grammar = self._lexicon.grammar
        open_words = (grammar.unfinished, grammar.articles, grammar.prepositions, grammar.conjunctions, grammar.verbs)
        return last == "," or any(last in each for each in open_words)
