"""The Merkle tree over the audit log (RFC 9162 section 2.1): one root stands for every record up to a size, and a short path shows that a record is among them.

A leaf is a record's hash, which covers the record's content and its predecessor. Hashes are raw bytes (32,).
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

__all__ = ["Frontier", "inclusion_path", "leaf_hash", "root_of_path"]


def leaf_hash(record_hash: str) -> bytes:
    """RFC 9162 section 2.1.1: the prefix keeps a leaf from passing for a node."""
    return sha256(b"\x00" + bytes.fromhex(record_hash)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the complete subtrees so far, largest first: all that is needed to go on, log2(size) hashes."""

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add the next leaf (`leaf_hash`)."""
        self._roots.append(leaf)
        complete = self.size
        while complete & 1:
            right = self._roots.pop()
            self._roots[-1] = _node(self._roots[-1], right)
            complete >>= 1
        self.size += 1

    @property
    def root(self) -> bytes:
        """Of the tree of this size; of no leaves sha256 of nothing (RFC 9162 section 2.1.1)."""
        if not self._roots:
            return sha256(b"").digest()
        root = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            root = _node(left, root)
        return root


def inclusion_path(leaves: Iterable[bytes], index: int, size: int) -> tuple[bytes, ...]:
    """RFC 9162 section 2.1.3.1, from the leaf's sibling up, in one pass over the first `size` leaves.

    Raises ValueError unless 0 <= index < size and there are that many leaves.
    """
    if not 0 <= index < size:
        raise ValueError("no such leaf in a tree of this size")
    spans = list(_siblings(index, 0, size))
    trees = [Frontier() for _ in spans]
    at = -1
    for at, leaf in zip(range(size), leaves, strict=False):
        for (first, end), tree in zip(spans, trees, strict=True):
            if first <= at < end:
                tree.append(leaf)
                break
    if at != size - 1:
        raise ValueError("fewer leaves than the tree's size")
    return tuple(tree.root for tree in trees)


def _siblings(index: int, first: int, end: int) -> Iterator[tuple[int, int]]:
    """The ranges of leaves beside the way down to `index`, the lowest first."""
    if end - first == 1:
        return
    middle = first + (1 << (end - first - 1).bit_length() - 1)
    below = (first, middle) if index < middle else (middle, end)
    beside = (middle, end) if index < middle else (first, middle)
    yield from _siblings(index, *below)
    yield beside


def root_of_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that this path leads to (RFC 9162 section 2.1.3.2); raises ValueError where it has not the length that index and size ask for."""
    spans = list(_siblings(index, 0, size)) if 0 <= index < size else []
    if len(spans) != len(path) or size < 1:
        raise ValueError("not a path of this tree")
    root = leaf
    for (_, end), beside in zip(spans, path, strict=True):
        root = _node(beside, root) if end <= index else _node(root, beside)
    return root
