"""Is a composer's text fit to be read at all? Characters, markup, identifiers, length: before any word is looked at."""

import re

from wetread.drafting.guard_faults import Fault

__all__ = ["LONGEST_CHARS", "plain", "unfit"]

LONGEST_CHARS = 400
"""Four findings in one sentence, each with side, hedge and prior, are below 300."""

_HYPHENS = str.maketrans("\u2010\u2011", "--")
_DASH = re.compile(r"\s*[\u2013\u2014]\s*")
_MARKUP = re.compile(r"[<>*_`#|\[\]{}\\~^=&@]|://|\bwww\b|(?m:^\s*(?:-|\d+\.)\s)")
_IDENTIFIER = re.compile(r"\d{5}|\d[-/.:]\d|\d+\.\d+\.\d|[A-Za-z]\d|\d[A-Za-z]")


def plain(text: str) -> str:
    """Without white space around it; hyphens as ASCII and dashes as commas, for models write typographic ones."""
    return text if len(text) > LONGEST_CHARS else _DASH.sub(", ", text.strip().translate(_HYPHENS))


def unfit(text: str) -> Fault | None:
    """The first fault of a plain text, None when it may be read."""
    if not text:
        return Fault.EMPTY
    if len(text) > LONGEST_CHARS:
        return Fault.TOO_LONG
    if not (text.isascii() and text.isprintable()):
        return Fault.CHARACTERS
    if _MARKUP.search(text):
        return Fault.MARKUP
    if _IDENTIFIER.search(text):
        return Fault.IDENTIFIER
    return None
