"""Bytes to header and pixels, answered by a child process that may be killed at any time (security.md §0.1)."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from wetread.domain.study import InstanceHeader
from wetread.ports.film_pixels import FilmPixels

if TYPE_CHECKING:
    from numpy import float32, uint8, uint16
    from numpy.typing import NDArray

__all__ = ["DecodedImage", "Decoder", "FilmDecoder"]


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """One frame, ready to be looked up.

    `stored` is uint8 or uint16 (row, column), C-contiguous, offset so that its minimum possible value is 0. `display` is a table float32 (n,), n > stored.max(), from stored
    value to display value 0..1, 0 = black: modality LUT, VOI LUT or window, presentation inversion (MONOCHROME1) and pixel padding are all in it (PS3.4 §N.2).
    `rows`, `columns` are the image's full size, in which regions and extents are measured; `stored` may have 2**n times fewer of each, rounded up (see `FilmDecoder`).
    `row_spacing`/`column_spacing` give the pixel aspect (1.0, 1.0 when square or unknown).
    """

    stored: "NDArray[uint8] | NDArray[uint16]"
    display: "NDArray[float32]"
    row_spacing: float
    column_spacing: float
    rows: int
    columns: int


class FilmDecoder(Protocol):
    """The part of the decoder that inference needs."""

    def decode(self, path: Path, *, needed_side_px: int = 0) -> DecodedImage:
        """The first frame of the file; raises UnsuitableImage (code, advice), also when it took two children down (code 'decoder_killed').

        `needed_side_px` is the long side that the caller will average the film down to, 0 where every pixel counts: `stored` may then be halved n times,
        where the codec saves work by it, but keeps at least 4 pixels per needed one.
        """
        ...


class Decoder(FilmDecoder, Protocol):
    def inspect(self, path: Path) -> InstanceHeader:
        """Parse and validate a Part 10 file within limits; raises HostileInput with a stable code."""
        ...

    def render_png(self, path: Path, *, max_side_px: int) -> bytes:
        """8-bit greyscale PNG of the first frame through its display table, long side at most `max_side_px`."""
        ...

    def film_pixels(self, path: Path) -> FilmPixels:
        """The first frame with every stored value, for people who window it themselves; raises UnsuitableImage as `decode` does."""
        ...
