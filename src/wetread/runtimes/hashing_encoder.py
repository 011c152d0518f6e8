"""Text to vectors without a model: hashed words and groups of three letters (feature hashing, Weinberger et al., ICML 2009). It knows no meaning.

It finds what is written in the same words or in forms of them; "heart failure" and "cardiac insufficiency" are strangers to it. Words that deny are left out: what a
text denies is the labeller's to say. What all this costs against a sentence encoder: docs/retrieval.md.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from math import log

import numpy as np
from numpy.typing import NDArray

__all__ = ["HashingEncoder"]

_WORD = re.compile(r"[^\W_]+(?:[.,][0-9]+)?")
_FUNCTION_WORDS = """
    a an and are as at be been but by for from had has have he her his i in is it its no not of on or she that the their there these they this to was were which will with
    without als am an auf bei das dem den der des die ein eine einer es für im ist kein keine mit nicht ohne sich und von war wird zu zum zur
"""
_LEFT_OUT = frozenset(_FUNCTION_WORDS.split())


class HashingEncoder:
    """`ports.text_encoder.TextEncoder`: a text is the sum of its words' and their trigrams' places, each counted as 1 + log of how often."""

    version = "hashing/1"
    dimensions = 512

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for feature, count in Counter(_features(text)).items():
                place, sign = _place(feature)
                row[place] += sign * (1 + log(count))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = vectors / np.maximum(lengths, np.float32(1e-9))
        return unit


def _features(text: str) -> Iterator[str]:
    for word in _WORD.findall(text.casefold()):
        if word in _LEFT_OUT:
            continue
        yield word
        edged = f"<{word}>"
        yield from (edged[start : start + 3] for start in range(len(edged) - 2))


@lru_cache(1 << 16)
def _place(feature: str) -> tuple[int, float]:
    """Where a feature counts and with which sign: features that meet by chance cancel out on average."""
    digest = int.from_bytes(blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    return (digest >> 1) % HashingEncoder.dimensions, 1.0 if digest & 1 else -1.0
