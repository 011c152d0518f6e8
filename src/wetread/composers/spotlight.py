"""Spotlighting by datamarking: outside text goes to a model with a mark between its words, so that the model can tell data from its instructions (Hines et al. 2024, https://arxiv.org/abs/2403.14720, §3.2).

It lowers the odds that a model obeys the text; it guarantees nothing. What the model may change is bounded by the guard, not here.
"""

import secrets
import unicodedata

__all__ = ["datamarked", "holds_mark", "new_mark"]

_FIRST_MARK, _LAST_MARK = 0xE000, 0xF8FF
"""The private use area: no language's text and no tokenizer's word holds these."""


def new_mark() -> str:
    """One character, new for every question: text written beforehand cannot hold it."""
    return chr(_FIRST_MARK + secrets.randbelow(_LAST_MARK - _FIRST_MARK + 1))


def datamarked(text: str, mark: str, most_chars: int = 2000) -> str:
    """`text` with `mark` for every run of white space, without control, format and private use characters, cut at `most_chars`."""
    folded = unicodedata.normalize("NFKC", text)
    kept = "".join(c if c.isspace() or unicodedata.category(c)[0] != "C" else "" for c in folded)
    return mark.join(kept.split())[:most_chars]


def holds_mark(text: str) -> bool:
    """True where a private use character stands: marked text came back."""
    return any(_FIRST_MARK <= ord(c) <= _LAST_MARK for c in text)
