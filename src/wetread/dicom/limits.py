"""Decides how much a file may cost before it is refused: depth, counts, bytes, seconds, memory (attacks 7, 11, 14-16, 23)."""

from dataclasses import asdict, dataclass
from json import dumps, loads

__all__ = ["Limits"]

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound of parsing and decoding, in one place. Raise one only with a file that needs it in hand.

    `elements` counts items of sequences and fragments too; `top_elements` those outside of every sequence, of which each tag has one at most (PS3.5 §7.1) and PS3.6 knows 5,000 for all kinds of objects together.
    """

    nesting_depth: int = 64
    elements: int = 100_000
    top_elements: int = 10_000
    header_bytes: int = 64 * _MIB
    value_bytes: int = 64 * 1024
    inflated_bytes: int = 64 * _MIB
    inflate_ratio: int = 100
    pixels: int = 100_000_000
    address_space_bytes: int = 1536 * _MIB
    open_files: int = 64
    inspect_wall_s: float = 5.0
    inspect_cpu_s: int = 3
    decode_wall_s: float = 60.0
    decode_cpu_s: int = 30
    decode_cpu_s_per_mib: int = 2
    start_wall_s: float = 60.0
    requests_per_child: int = 2_000

    def cpu_s(self, operation: str, size_bytes: int) -> int:
        """CPU seconds for one request: decoding grows with the file (JPEG 2000, the slowest, needs 0.2 s per MiB), so that a small file cannot buy much."""
        if operation == "inspect":
            return self.inspect_cpu_s
        return min(self.decode_cpu_s, 3 + self.decode_cpu_s_per_mib * (size_bytes // _MIB + 1))

    def to_json(self) -> str:
        """For the child's command line."""
        return dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Limits":
        """What `to_json` wrote."""
        return cls(**loads(text))
