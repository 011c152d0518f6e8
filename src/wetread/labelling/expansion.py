"""Short notation of the lexicon to the phrases it stands for: `[x]` is optional, `(a|b)` is either; both nest."""

__all__ = ["MOST_PHRASES", "expand"]

MOST_PHRASES = 2_000
"""A pattern for more is written by mistake: options multiply."""


def expand(pattern: str) -> list[str]:
    """All phrases of a pattern, spaces made single. Raises ValueError on unbalanced brackets and on more than MOST_PHRASES."""
    phrases, rest = _alternatives(pattern, 0)
    if rest != len(pattern):
        raise ValueError(f"unbalanced bracket in {pattern!r}")
    return [" ".join(each.split()) for each in phrases]


_CLOSING = {"(": ")", "[": "]"}


def _alternatives(pattern: str, at: int) -> tuple[list[str], int]:
    found: list[str] = []
    while True:
        phrases, at = _sequence(pattern, at)
        found += phrases
        if at >= len(pattern) or pattern[at] != "|":
            return found, at
        at += 1


def _sequence(pattern: str, at: int) -> tuple[list[str], int]:
    phrases = [""]
    while at < len(pattern) and pattern[at] not in "|)]":
        sign = pattern[at]
        if sign in _CLOSING:
            inner, at = _alternatives(pattern, at + 1)
            if at >= len(pattern) or pattern[at] != _CLOSING[sign]:
                raise ValueError(f"unbalanced bracket in {pattern!r}")
            options = inner if sign == "(" else ["", *inner]
            if len(phrases) * len(options) > MOST_PHRASES:
                raise ValueError(f"more than {MOST_PHRASES} phrases in {pattern!r}")
            phrases = [before + option for before in phrases for option in options]
        else:
            phrases = [before + sign for before in phrases]
        at += 1
    return phrases, at
