"""A film as a viewer needs it: every stored value, and all that says how values become grey and millimetres."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float32, uint8, uint16
    from numpy.typing import NDArray

__all__ = ["FilmFacts", "FilmPixels", "Window"]


@dataclass(frozen=True, slots=True)
class Window:
    """PS3.3 §C.11.2.1.2, in modality values; `function` is LINEAR, LINEAR_EXACT or SIGMOID, `explanation` the file's own words ("" where it has none)."""

    center: float
    width: float
    function: str
    explanation: str


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """What the header says of the pixels, nothing of the patient. Spacings are (row, column) in mm, None where absent or beyond belief.

    `signed`: 0 of `stored` is the smallest negative stored value. `inverted`: the greatest value is black (MONOCHROME1, or presentation LUT shape INVERSE). `padding`: first and last stored value that is no image.
    `windows` holds at least one; the VOI LUT, where there is one, comes before them. `windows_stated` is False where the file names none and the only one is ours.
    `pixel_spacing_mm` is PixelSpacing, whose `calibration_type` (GEOMETRY, FIDUCIAL or "") says what it was corrected by; `imager_pixel_spacing_mm` is at the detector
    and `magnification` the estimated factor from there to the patient (PS3.3 §10.7.1, §C.8.11.4).
    """

    rows: int
    columns: int
    bits_stored: int
    signed: bool
    photometric_interpretation: str
    inverted: bool
    padding: tuple[int, int] | None
    windows: tuple[Window, ...]
    windows_stated: bool
    voi_lut_explanation: str
    pixel_spacing_mm: tuple[float, float] | None
    imager_pixel_spacing_mm: tuple[float, float] | None
    calibration_type: str
    calibration_description: str
    magnification: float | None
    burned_in_annotation: str
    view_position: str
    image_laterality: str
    patient_orientation: tuple[str, ...]
    lossy: bool


@dataclass(frozen=True, slots=True)
class FilmPixels:
    """`stored` as of `DecodedImage`, full size. `modality` float32 (2**bits_stored,): the value that each stored value means. `voi_lut` float32 (2**bits_stored,), 0..1 by stored
    value before inversion, None where the file has none."""

    facts: FilmFacts
    stored: "NDArray[uint8] | NDArray[uint16]"
    modality: "NDArray[float32]"
    voi_lut: "NDArray[float32] | None"
