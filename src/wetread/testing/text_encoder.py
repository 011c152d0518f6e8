"""A text encoder for tests: each word counts in the dimension that its checksum names. Texts with the same words in any order are the same to it."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

__all__ = ["WordEncoder"]


class WordEncoder:
    """`ports.text_encoder.TextEncoder` for tests."""

    version = "words/1"
    dimensions = 256

    def encode(self, texts: Sequence[str]) -> "NDArray[float32]":
        import numpy as np

        counts = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(counts, texts, strict=True):
            for word in re.findall(r"\w+", text.casefold()):
                row[crc32(word.encode("utf-8", "replace")) % self.dimensions] += 1
        lengths = np.linalg.norm(counts, axis=1, keepdims=True)
        vectors: NDArray[float32] = counts / np.maximum(lengths, np.float32(1e-9))
        return vectors
