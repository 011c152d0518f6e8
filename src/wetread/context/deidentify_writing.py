"""Decides how a text is written, word by word: what each word is, where it stands, and whether capitals say anything in its sentence."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from wetread.context.deidentify_words import WordClass, letters_of, naming, word_class

__all__ = ["LETTER", "Word", "Writing", "words_of"]

LETTER = r"[^\W\d_]"
_OTHER_SCRIPT = r"[\u0590-\u1dff\u2c00-\u2fff\u3040-\ud7ff\uf900-\ufaff\ufb1d-\ufdff\ufe70-\ufefc\U00010000-\U0001d3ff\U00020000-\U0003ffff]"
"""Neither Latin, Greek nor Cyrillic: their vowel signs are no letters to Python, so a word is a run of anything from there."""

_WORD = re.compile(
    rf"(?:{LETTER}*{_OTHER_SCRIPT}+)+{LETTER}*|(?:{LETTER}\.){{1,4}}{LETTER}{{1,4}}\.?(?!{LETTER})"
    rf"|(?:{LETTER}[\u0300-\u036f]*)+(?:['’-](?:{LETTER}[\u0300-\u036f]*)+)*"
)
_SENTENCE_END = re.compile(r"(?<=[.!?])[\s\"')\]]+|[\n\r\u2028]+|;\s*")
_OPENERS = ".!?:;\n\r•*>=/|#)"
_CAPITALS_SHARE = 0.85
_DAY_HALVES = frozenset({"am", "pm"})
_ABBREVIATION = 3


class Writing(Enum):
    """CASED: capitals mean something. SMALL: even the sentence's first letter is small. CAPITALS: nearly all letters are."""

    CASED = 1
    SMALL = 2
    CAPITALS = 3


@dataclass(slots=True)
class Word:
    """One word: half-open place, class, its sentence's writing and number; `opens` where a sentence, item or value begins; `fixed` words stay; `gone` is its kind once removed."""

    start: int
    stop: int
    text: str
    found: WordClass
    opens: bool
    sentence: int
    fixed: bool
    writing: Writing = Writing.CASED
    gone: str = ""

    @property
    def plain(self) -> str:
        """As the lists hold it."""
        return letters_of(self.text).rstrip(".")

    @property
    def capital(self) -> bool:
        """Of any of its parts ("al-Hus"); letters without case count as capitals."""
        return any(not part[:1].islower() for part in self.text.split("-"))

    @property
    def title_case(self) -> bool:
        """Written as a name in a cased sentence: "Smith", not "SMITH" nor "smith"."""
        return self.capital and self.writing is not Writing.CAPITALS and not self.text.isupper()


def words_of(text: str, taken: Sequence[tuple[int, int]], fixed: Sequence[tuple[int, int]]) -> list[Word]:
    """The words outside `taken`; those in `fixed`, and letters that belong to a number ("T6"), are fixed."""
    closed, kept = _cover(len(text), taken), _cover(len(text), fixed)
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    words: list[Word] = []
    number = 0
    for match in _WORD.finditer(text):
        start, stop = match.span()
        while number < len(ends) and ends[number] <= start:
            number += 1
        if 1 in closed[start:stop]:
            continue
        opens = _opens(text, start)
        measure = text[start - 1 : start].isdigit() or text[stop : stop + 1].isdigit()
        found = WordClass.ORDINARY if measure else _class(match[0])
        if found is WordClass.UNKNOWN and opens and _class(match[0].lower()) is WordClass.ORDINARY:
            found = WordClass.DOUBTFUL  # "Prev exam": an abbreviation with the capital of its sentence
        stays = measure or bool(kept[start]) or letters_of(match[0]) in naming().negations
        words.append(Word(start, stop, match[0], found, opens, number, stays))
    _judge_writing(words)
    return words


def _cover(length: int, places: Sequence[tuple[int, int]]) -> bytearray:
    covered = bytearray(length)
    for start, stop in places:
        covered[start:stop] = b"\x01" * (stop - start)
    return covered


def _class(text: str) -> WordClass:
    if not all(
        ord(letter) < 0x250 or 0x300 <= ord(letter) < 0x370 or 0x1E00 <= ord(letter) < 0x1F00
        for letter in text
        if letter not in "’"
    ):
        return WordClass.ORDINARY if len(text) == 1 and "α" <= text <= "ω" else WordClass.UNKNOWN
    if len(text) == 1:
        return WordClass.ORDINARY
    letters = text.replace(".", "")
    if letters != text and not letters.islower() and len(text) <= 4 and letters.lower() not in _DAY_HALVES:
        return WordClass.UNKNOWN  # "J.S."
    return word_class(letters)


def _opens(text: str, start: int) -> bool:
    before = text[max(0, start - 4) : start].rstrip(" \t\"'“”‘(")
    if before.lower().endswith("st."):
        return False
    return not before or before[-1] in _OPENERS or (before[-1] in "-–" and not before[:-1].strip())


def _judge_writing(words: list[Word]) -> None:
    at = 0
    while at < len(words):
        stop = at
        while stop < len(words) and words[stop].sentence == words[at].sentence:
            stop += 1
        writing = _writing(words[at:stop])
        before = words[at - 1] if at else None
        if writing is Writing.SMALL and before and _ends_abbreviated(before):
            writing = before.writing  # the full stop was an abbreviation's
        for word in words[at:stop]:
            word.writing = writing
        at = stop


def _ends_abbreviated(word: Word) -> bool:
    return len(word.text) == 1 or (len(word.text) <= _ABBREVIATION and not word.text.isupper())


def _writing(sentence: list[Word]) -> Writing:
    letters = [letter for word in sentence for letter in word.text if letter.isalpha()]
    long = sum(len(word.text) > 2 for word in sentence)
    if long > 1 and sum(letter.isupper() for letter in letters) >= _CAPITALS_SHARE * len(letters):
        return Writing.CAPITALS
    return Writing.SMALL if sentence[0].opens and sentence[0].text[:1].islower() else Writing.CASED
