"""Text with named slots, parsed once. What fills a slot is never read again: braces or percent signs in a record's text stay what they are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from wetread.domain.errors import PermanentError

__all__ = ["Template"]

_SLOT = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """`parts` alternate: literal text, a slot's name, literal text, ..."""

    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Template":
        """Raises PermanentError 'bad_phrase' for a brace that is not part of a {slot}."""
        parts = tuple(_SLOT.split(text))
        if any("{" in literal or "}" in literal for literal in parts[::2]):
            raise PermanentError("a brace stands alone: a slot is written {name}", code="bad_phrase")
        return cls(parts)

    @property
    def slots(self) -> frozenset[str]:
        return frozenset(self.parts[1::2])

    def fill(self, values: Mapping[str, str]) -> str:
        """Raises KeyError for a slot without a value: the caller's fault, never the data's."""
        filled = list(self.parts)
        for place in range(1, len(filled), 2):
            filled[place] = values[filled[place]]
        return "".join(filled)
