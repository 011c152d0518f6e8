"""Text to vectors in which near means alike. Vectors give text away (vec2text recovers most short ones): they are kept and guarded like it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

__all__ = ["TextEncoder"]


class TextEncoder(Protocol):
    version: str
    """Names the vector space: vectors of different versions are never compared."""
    dimensions: int

    def encode(self, texts: Sequence[str]) -> "NDArray[float32]":
        """float32 (text, dimensions), each of length 1, or all zeros for a text without a word in it. A text's vector does not depend on what is encoded with it. Never raises for any text."""
        ...
