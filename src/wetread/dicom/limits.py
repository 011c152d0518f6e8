"""Decides how much a file may cost before it is refused: depth, counts, bytes, seconds, memory (attacks 7, 11, 14-16, 23)."""

from dataclasses import asdict, dataclass
from json import dumps, loads

__all__ = ["Limits"]

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound of parsing and decoding, in one place. Raise one only with a file that needs it in hand."""

    nesting_depth: int = 64
    elements: int = 100_000
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
    start_wall_s: float = 60.0
    requests_per_child: int = 2_000

    def to_json(self) -> str:
        """For the child's command line."""
        return dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Limits":
        """What `to_json` wrote."""
        return cls(**loads(text))
