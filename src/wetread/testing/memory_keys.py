"""A twin of a key source (`ports.keys`)."""

from dataclasses import dataclass

from wetread.domain.errors import PermanentError
from wetread.ports.keys import LEAST_KEY_BYTES, MOST_KEY_BYTES

__all__ = ["MemoryKey"]


@dataclass(frozen=True, slots=True)
class MemoryKey:
    content: bytes | None

    def __str__(self) -> str:
        return "memory"

    def __repr__(self) -> str:
        return "MemoryKey()"

    def read(self) -> bytes:
        if self.content is None:
            raise PermanentError("a key is not there: memory holds none", code="no_key")
        if not LEAST_KEY_BYTES <= len(self.content) <= MOST_KEY_BYTES:
            raise PermanentError("memory holds no key: it has not the length of one", code="bad_key")
        return self.content
