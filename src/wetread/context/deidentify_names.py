"""Decides which words name a person or a place, without a list of names: a word that no list of ours holds is taken for one.

Every unknown word goes, however it is written, so that no word passes that is not on a list. Words that are names too go where they stand as a name: behind
a title, beside another name, with a capital inside a sentence.
"""

import re
from collections.abc import Iterator, Sequence

from wetread.context.deidentify_places import is_street
from wetread.context.deidentify_words import WordClass, naming, word_lists
from wetread.context.deidentify_writing import LETTER, Word, Writing, words_of

__all__ = ["names_in"]

_ACTS = re.compile(
    r"[ \t]+(?:to be (?:paged|called|informed|notified|seen)|(?:was|is) (?:paged|called|informed|notified|aware)"
    r"|paged|notified|informed|reachable|dob|lives|aware|states?|reports|attended|requests|requested|called|read|seen (?:in|by|at|on)|dictated|signed)\b"
)
"""What a person does and a finding does not."""

_NAMES_TOO = (WordClass.DOUBTFUL, WordClass.BESIDE)
_SMALL_WORDS = frozenset({"will", "mark"})
_NAME_GAP = re.compile(rf"\.?(?:[ '’-]|{LETTER})+")
_LONGEST_BRIDGE = 3
_FEWEST_FOREIGN = 3


def names_in(
    text: str, taken: Sequence[tuple[int, int]], fixed: Sequence[tuple[int, int]]
) -> Iterator[tuple[str, int, int]]:
    """(kind, start, stop) of names and places outside what is `taken` already and what is `fixed` (eponyms); half-open."""
    words = words_of(text, taken, fixed)
    for index, word in enumerate(words):
        if not word.fixed:
            word.gone = _first_look(text, words, index)
    _institutions(text, words)
    _spread(text, words)
    _bridge(text, words)
    yield from _foreign(words)
    yield from _runs(text, words)


def _first_look(text: str, words: list[Word], index: int) -> str:
    """What a word is by itself and by what stands before it: "name", "unknown" or nothing."""
    word, behind = words[index], _cue(text, words, index)
    if word.plain in naming().titles or (word.plain in naming().degrees and word.found is WordClass.ORDINARY):
        return ""
    if word.found is WordClass.UNKNOWN:
        return "name" if behind or (word.capital and word.writing is not Writing.CAPITALS) else "unknown"
    if behind in {"title", "initial"} and word.plain not in naming().never:
        return "name"
    if behind == "company" and word.title_case and not word.opens:
        return "name"
    if word.found is WordClass.ORDINARY or len(word.text) == 1:
        return ""
    return "name" if _stands_as_name(text, words, index, bool(behind)) else ""


def _stands_as_name(text: str, words: list[Word], index: int, behind_cue: bool) -> bool:
    """Of a word that is a name too."""
    word = words[index]
    if word.writing is not Writing.CASED and _two_names(text, words, index):
        return True
    if word.writing is Writing.CAPITALS or not word.capital:
        return False
    if behind_cue or _inverted(text, words, index):
        return True
    if word.found is WordClass.DOUBTFUL and not word.opens and not _in_heading(words, index):
        return True
    return word.opens and _ACTS.match(text, word.stop) is not None


def _cue(text: str, words: list[Word], index: int) -> str:
    """ "title", "initial", "company", "cue" or "": what the word before says about this one."""
    if not index:
        return ""
    lists, before, word = naming(), words[index - 1], words[index]
    gap = text[before.stop : word.start].replace("\t", " ")
    if before.plain in lists.titles and gap.strip(" ") in {"", "."}:
        # "MR chest" and "DR chest" are examinations
        person = "." in gap or not before.text.isupper() or (index > 1 and words[index - 2].plain in lists.from_)
        alone = before.plain not in lists.titles_with_capital or word.capital
        return "title" if alone and (person or word.found is not WordClass.ORDINARY) else ""
    if gap == ". " and _is_initial(words, index - 1) and word.found is not WordClass.ORDINARY:
        at_head = before.opens or (index > 1 and words[index - 2].plain in lists.cues)
        return "initial" if word.capital or (at_head and word.plain not in word_lists().function) else ""
    if gap.strip(" ") in {"", ":"}:
        if before.plain in lists.company:
            return "company"
        road = before.plain in lists.roads and before.text.islower()
        return "company" if road and word.title_case else "cue" if before.plain in lists.cues and word.capital else ""
    return ""


def _is_initial(words: list[Word], index: int) -> bool:
    """One letter that is no kind, grade or group ("hepatitis B. White count ...")."""
    return len(words[index].text) == 1 and not (index and words[index - 1].plain in naming().lettered)


def _two_names(text: str, words: list[Word], index: int) -> bool:
    """Where capitals say nothing: a given name beside another, an initial between them or not ("grant green", "GREEN, GRANT")."""
    given = word_lists().given - (_SMALL_WORDS if words[index].writing is Writing.SMALL else frozenset())
    for step in (1, -1):
        other = index + step
        if 0 <= other + step < len(words) and len(words[other].text) == 1:
            other += step
        if not 0 <= other < len(words) or words[other].found is WordClass.ORDINARY:
            continue
        left, right = sorted((index, other))
        gap = re.sub(r"\b\w\. ", "", text[words[left].stop : words[right].start])
        if gap in {" ", ", "} and given & {words[index].plain, words[other].plain}:
            return True
    return False


def _inverted(text: str, words: list[Word], index: int) -> bool:
    """ "Winter, Joy": two names with a comma between them."""
    for left, right in ((index, index + 1), (index - 1, index)):
        if left >= 0 and right < len(words) and text[words[left].stop : words[right].start] == ", ":
            other = words[right if left == index else left]
            if other.title_case and other.found is not WordClass.ORDINARY:
                return True
    return False


def _in_heading(words: list[Word], index: int) -> bool:
    """ "Small Left Effusion": in a heading every word has its capital."""
    near = [w for w in words[max(0, index - 3) : index + 4] if w.sentence == words[index].sentence and len(w.text) > 3]
    known = sum(word.found is WordClass.ORDINARY for word in near)
    return known > 1 and all(word.capital for word in near)


def _institutions(text: str, words: list[Word]) -> None:
    """ "Mercy General Hospital": the capitalised words before a hospital inside a sentence."""
    for index, word in enumerate(words):
        if word.plain not in naming().institutions or not word.title_case or word.gone or word.fixed:
            continue
        first = index
        while (
            first
            and words[first - 1].title_case
            and not words[first].opens
            and text[words[first - 1].stop : words[first].start] in {" ", ". ", "-"}
        ):
            first -= 1
        named = words[first:index]
        if named and not named[0].opens and not any(each.fixed for each in named):
            for each in (*named, word):
                each.gone = "place"


def _spread(text: str, words: list[Word]) -> None:
    """A name takes along what stands beside it: names that are words too, initials, titles, degrees, what makes it a place."""
    for order in (range(1, len(words)), range(len(words) - 2, -1, -1), range(1, len(words))):
        for index in order:
            beside = index - order.step
            word, name = words[index], words[beside]
            if name.gone and not word.gone and not word.fixed:
                word.gone = _taken_along(text, words, index, beside)


def _taken_along(text: str, words: list[Word], index: int, beside: int) -> str:
    """The kind `words[index]` takes from its removed neighbour; nothing where it stays."""
    lists, word, name = naming(), words[index], words[beside]
    left, right = (name, word) if beside < index else (word, name)
    gap = text[left.stop : right.start]
    if gap == ", " and beside > index and word.writing is not Writing.CASED:
        headed = word.opens or (index > 0 and words[index - 1].plain in lists.cues | lists.titles)
        return name.gone if word.found in _NAMES_TOO and headed else ""
    if not _is_close(gap, left) and not (gap == ", " and beside < index and word.plain in lists.degrees):
        return ""
    if len(word.text) == 1:
        return name.gone if _is_initial_here(text, word, gap) else ""
    small_word = word.writing is not Writing.CASED and word.plain in word_lists().function
    if word.found in _NAMES_TOO and (word.capital or word.writing is Writing.SMALL) and not small_word:
        return name.gone
    if not word.capital:
        return name.gone if beside > index and (word.plain in lists.titles or _leads(words, index)) else ""
    if beside < index and (word.plain in lists.after_place or is_street(word.plain)):
        return "place"
    inside = not word.opens or len(left.text) == 1
    if word.title_case and inside and name.gone == "name" and word.plain in word_lists().common:
        return name.gone
    beside_name = lists.titles | lists.before_place if beside > index else lists.degrees
    return name.gone if word.plain in beside_name else ""


def _is_close(gap: str, left: Word) -> bool:
    if gap in {" ", "  ", "-", ".-", "'", "’", "\t"}:
        return True
    lists = naming()
    dotted = len(left.text) == 1 or "." in left.text or left.plain in lists.titles | lists.degrees | {"st"}
    return gap in {". ", "."} and dotted


def _is_initial_here(text: str, word: Word, gap: str) -> bool:
    if "/" in (text[word.stop : word.stop + 1], text[word.start - 1 : word.start]):
        return False  # "R/O"
    return word.capital or (word.writing is Writing.SMALL and "." in (gap[:1], text[word.stop : word.stop + 1]))


def _leads(words: list[Word], index: int) -> bool:
    """A particle at the head of a name: "Dr. de la [name]", "von [name]" where a sentence begins."""
    lists, word, before = naming(), words[index], words[index - 1] if index else None
    if word.plain not in lists.particles:
        return False
    if before is not None and (
        before.plain in lists.titles or (word.writing is not Writing.CASED and before.plain in lists.cues)
    ):
        return True
    if not words[index + 1].capital and not words[index + 1].gone:
        return False
    return word.opens or (
        before is not None and (len(before.text) == 1 or before.plain in lists.cues or before.plain in lists.particles)
    )


def _bridge(text: str, words: list[Word]) -> None:
    """ "Maillot-la-Forêt", "Pfaffenhofen an der Ilm": up to three particles between a name and what follows as one."""
    particles = naming().particles
    for last, word in enumerate(words):
        if not word.gone:
            continue
        stop = last + 1
        while (
            stop < len(words)
            and stop - last <= _LONGEST_BRIDGE
            and words[stop].plain in particles
            and not words[stop].gone
        ):
            stop += 1
        if not last + 1 < stop < len(words) or any(each.fixed for each in words[last + 1 : stop + 1]):
            continue
        end = words[stop]
        named = end.gone or (end.title_case and end.found in _NAMES_TOO)
        if named and _NAME_GAP.fullmatch(text, word.stop, end.start):
            for each in words[last + 1 : stop + 1]:
                each.gone = each.gone or word.gone


def _foreign(words: list[Word]) -> Iterator[tuple[str, int, int]]:
    """A sentence of which half the small words are unknown is in a language without a list here: what would be left of it could say the opposite."""
    by_sentence: dict[int, list[Word]] = {}
    for word in words:
        by_sentence.setdefault(word.sentence, []).append(word)
    for sentence in by_sentence.values():
        small = [w for w in sentence if len(w.text) > 1 and (not w.capital or w.writing is Writing.CAPITALS)]
        unknown = sum(word.found is WordClass.UNKNOWN for word in small)
        if unknown >= _FEWEST_FOREIGN and 2 * unknown > len(small):
            yield "unknown", sentence[0].start, sentence[-1].stop


def _runs(text: str, words: list[Word]) -> Iterator[tuple[str, int, int]]:
    """Neighbouring names as one place."""
    at = 0
    while at < len(words):
        stop = at
        if words[at].gone:
            while (
                stop + 1 < len(words)
                and words[stop + 1].gone
                and _is_one(text[words[stop].stop : words[stop + 1].start])
            ):
                stop += 1
            kinds = {word.gone for word in words[at : stop + 1]}
            end = words[stop].stop
            end += text[end : end + 1] == "." and words[stop].plain in naming().degrees
            yield next(kind for kind in ("place", "name", "unknown") if kind in kinds), words[at].start, end
        at = stop + 1


def _is_one(gap: str) -> bool:
    return len(gap) <= 3 and not gap.strip(" \t.'’-")
