"""Decides which transfer syntaxes exist for us, how their data sets are laid out and which codec their pixels need (PS3.5 §10, Annex A)."""

from dataclasses import dataclass

__all__ = ["DEFLATED", "EXPLICIT", "LOSSLESS_TARGETS", "TRANSFER_SYNTAXES", "TransferSyntax"]


@dataclass(frozen=True, slots=True)
class TransferSyntax:
    """`codec` is "native" or the family of the encapsulated stream, "" where we store the instance but cannot decode it."""

    uid: str
    codec: str
    explicit: bool = True
    big_endian: bool = False
    deflated: bool = False

    @property
    def encapsulated(self) -> bool:
        """Pixel data comes as fragments."""
        return self.codec != "native"

    @property
    def may_be_lossy(self) -> bool:
        """A decoder may overshoot the stored bits."""
        return self.uid in _LOSSY


_BASE = "1.2.840.10008.1.2"
EXPLICIT, DEFLATED = f"{_BASE}.1", f"{_BASE}.1.99"
LOSSLESS_TARGETS = tuple(f"{_BASE}.4.{number}" for number in (70, 80, 90, 201))
"""What unsigned greyscale can be compressed to, losslessly."""

_LOSSY = frozenset(f"{_BASE}.4.{number}" for number in (50, 51, 81, 91, 203))
_CODECS = {
    ".4.50": "jpeg",
    ".4.51": "jpeg",
    ".4.57": "jpeg_lossless",
    ".4.70": "jpeg_lossless",
    ".4.80": "jpeg_ls",
    ".4.81": "jpeg_ls",
    ".4.90": "jpeg_2000",
    ".4.91": "jpeg_2000",
    ".4.201": "htj2k",
    ".4.202": "htj2k",
    ".4.203": "htj2k",
    ".5": "rle",
}
_STORED_ONLY = (".4.92", ".4.93", ".4.110", ".4.111", ".4.112", ".8.1", *(f".4.{n}" for n in range(100, 109)))

TRANSFER_SYNTAXES: dict[str, TransferSyntax] = {
    syntax.uid: syntax
    for syntax in (
        TransferSyntax(_BASE, "native", explicit=False),
        TransferSyntax(f"{_BASE}.1", "native"),
        TransferSyntax(f"{_BASE}.1.99", "native", deflated=True),
        TransferSyntax(f"{_BASE}.2", "native", big_endian=True),
        *(TransferSyntax(_BASE + suffix, codec) for suffix, codec in _CODECS.items()),
        *(TransferSyntax(_BASE + suffix, "") for suffix in _STORED_ONLY),
    )
}
