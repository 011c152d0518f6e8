"""Cuts a text of the record into pieces short enough to be encoded, quoted and read: whole sentences where they fit, with their place in the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["LONGEST_CHARS", "Chunk", "chunks"]

LONGEST_CHARS = 400
"""About 100 word pieces: well inside what the sentence encoders read (256), and a quotation a person takes in at a glance."""

_BREAK = re.compile(r"(?<=[.!?;])(?=\s)|\n\s*\n|(?<=\n)(?=\s*[-*•])")
_SPACE = re.compile(r"\s")
_ABBREVIATION = re.compile(
    r"(?:\b(?:dr|mr|mrs|ms|prof|st|no|vs|ca|approx|resp|e\.g|i\.e|cf|pt|z\.b|d\.h|bzw)|\b[a-z])\.$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """`text` is exactly source[start:end]."""

    text: str
    start: int
    end: int


def chunks(text: str, *, longest_chars: int = LONGEST_CHARS) -> tuple[Chunk, ...]:
    """In order, without overlap, none longer than `longest_chars`, none blank; every character that is no space is in one of them."""
    found: list[tuple[int, int]] = []
    for start, end in _sentences(text):
        if found and end - found[-1][0] <= longest_chars and not _paragraph_between(text, found[-1][1], start):
            found[-1] = (found[-1][0], end)
        else:
            found.extend(_pieces(text, start, end, longest_chars))
    return tuple(Chunk(text[start:end], start, end) for start, end in found)


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """Stripped spans between sentence ends; a point after an abbreviation or an initial ends none."""
    start = 0
    for end in [*(match.start() for match in _BREAK.finditer(text)), len(text)]:
        if end < len(text) and _ABBREVIATION.search(text, max(start, end - 12), end):
            continue
        span = _stripped(text, start, end)
        if span[0] < span[1]:
            yield span
        start = end


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())


def _paragraph_between(text: str, end: int, start: int) -> bool:
    return text.count("\n", end, start) > 1


def _pieces(text: str, start: int, end: int, longest: int) -> Iterator[tuple[int, int]]:
    """A sentence that is too long by itself, cut at spaces; a word that is too long by itself, cut anywhere."""
    while end - start > longest:
        space = max((m.start() for m in _SPACE.finditer(text, start + 1, start + longest + 1)), default=start + longest)
        yield _stripped(text, start, space)
        start, end = _stripped(text, space, end)
    yield start, end
