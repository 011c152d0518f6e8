"""Text from outside, made fit to stand in one line of a draft between quotation marks: it stays what it says, and cannot look like anything else."""

import re
from unicodedata import category, normalize

__all__ = ["is_opaque_id", "one_line"]

_OPAQUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/#=-]{0,79}")
_DOUBLE_QUOTES = str.maketrans(dict.fromkeys('"“”„‟«»‹›＂〝〞〟', "'"))
_REMOVED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SPACE = re.compile(r"\s+")


def one_line(text: str, most: int) -> str:
    """At most `most` characters, the last an ellipsis where it was longer; "" when nothing is left.

    Controls, line ends, bidirectional and zero-width marks, tag characters, private and unassigned code points go (Unicode categories C*, Zl, Zp); quotation marks become apostrophes, so that the
    quotation ends where we end it.
    """
    shown = text[: 8 * most]
    if not shown.isprintable():
        shown = "".join(" " if category(each) in _REMOVED else each for each in shown)
    shown = _SPACE.sub(" ", normalize("NFC", shown)).strip().translate(_DOUBLE_QUOTES)
    cut = len(shown) > most or len(text) > 8 * most
    return f"{shown[: most - 1].rstrip()}…" if cut else shown


def is_opaque_id(text: str) -> bool:
    """May this stand in a draft as a source? Letters, digits and . _ : / # = - only, at most 80, so that it cannot hold a sentence."""
    return _OPAQUE.fullmatch(text) is not None
