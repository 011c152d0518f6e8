"""A stored instance in the other forms that DICOMweb gives it; made by the same child processes as every decoded pixel (security.md §0.1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from wetread.ports.film_pixels import Window

__all__ = ["HeldBytes", "InstanceForms", "Rendering"]


@dataclass(frozen=True, slots=True)
class Rendering:
    """How a frame becomes a picture (PS3.18 §8.3.5.1). `frame` from 1; `quality` 1..100, of JPEG only; `window` None for the file's own.

    `viewport`: width and height to fit into, proportions kept; None for the size of the image. `region`: left, top, width and height of the part to show, in image pixels; None for the whole.
    `mirrored`: left to right, top to bottom.
    """

    media_type: str = "image/jpeg"
    frame: int = 1
    quality: int = 90
    window: Window | None = None
    viewport: tuple[int, int] | None = None
    region: tuple[int, int, int, int] | None = None
    mirrored: tuple[bool, bool] = (False, False)


class HeldBytes(Protocol):
    """Bytes that are read once, piece by piece, and then closed."""

    size: int

    def pieces(self) -> Iterator[bytes]: ...
    def close(self) -> None: ...


class InstanceForms(Protocol):
    """Every method raises UnsuitableImage with a stable code: 'no_such_frame', 'no_such_value', 'cannot_transcode', and as `ports.decoder`."""

    targets: tuple[str, ...]
    """Transfer syntaxes that an instance can be transcoded to, Explicit VR Little Endian first."""

    def metadata(self, path: Path) -> dict[str, Any]:
        """All attributes as DICOM JSON (PS3.18 annex F); `BulkDataURI` is the place of the value: "7FE00010", "00283010.1.00283006"."""
        ...

    def value(self, path: Path, place: str) -> HeldBytes:
        """The value at a place of `metadata`, little-endian; not of pixel data."""
        ...

    def frame(self, path: Path, number: int, *, stored: bool) -> HeldBytes:
        """Frame `number`, from 1: its encapsulated stream as `stored`, else its native little-endian cells."""
        ...

    def rendered(self, path: Path, rendering: Rendering) -> bytes:
        """A greyscale picture."""
        ...

    def transcoded(self, path: Path, syntax_uid: str) -> HeldBytes:
        """The whole file in another transfer syntax, pixels without loss."""
        ...

    def keyword_of(self, tag: str) -> str:
        """Of eight hex digits; "" for what is private or unknown."""
        ...
