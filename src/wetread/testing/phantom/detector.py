"""From line integrals to a display-ready film: Beer-Lambert, scatter, blur, the vendor's look-up, quantum noise.

The image is linear in -log(exposure) before the look-up, as digital detectors are; noise in that domain is 1/sqrt(photons).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wetread.testing.phantom.canvas import Canvas, FloatMap, as_map
from wetread.testing.phantom.habitus import stream
from wetread.testing.phantom.spec import PhantomSpec

__all__ = ["Exposure", "Look", "add_noise", "draw_exposure", "enhance", "expose", "tone"]

_COARSE = 8
_AIR = 0.4  # -log exposure below which only air lies in the beam


@dataclass(frozen=True, slots=True)
class Look:
    """A vendor's processing: multi-scale gains, dynamic-range compression and curve."""

    fine_gain: float
    medium_gain: float
    compression: float
    steepness: float
    toe: float


_LOOKS = (
    Look(0.5, 0.35, 0.80, 3.4, 0.27),
    Look(1.1, 0.70, 0.62, 3.2, 0.28),
    Look(0.2, 0.15, 0.95, 3.6, 0.30),
    Look(0.8, 0.45, 0.72, 3.8, 0.26),
)


@dataclass(frozen=True, slots=True)
class Exposure:
    """How the film was taken: scatter-to-primary ratio, noise at the mean exposure, blur in mm, look."""

    scatter: float
    noise: float
    blur_mm: float
    brightness: float
    look: Look


def draw_exposure(spec: PhantomSpec) -> Exposure:
    """Draws the exposure of a spec; the manufacturer's name picks the look."""
    rng = stream(spec.seed, "detector")
    ap = spec.view_position == "AP"
    thick = max(0.0, spec.patient.bmi - 22) / 12
    look = _LOOKS[sum(spec.manufacturer.encode()) % len(_LOOKS)]
    return Exposure(
        scatter=float(0.35 + 0.25 * thick + (0.45 if ap else 0.0) + rng.uniform(0, 0.15)),
        noise=float(0.011 * (1 + 0.5 * thick) * (1.5 if ap else 1.0) * rng.uniform(0.8, 1.3)),
        blur_mm=float(rng.uniform(0.18, 0.32) + (0.12 if ap else 0.0)),
        brightness=float(rng.normal(0, 0.03)),
        look=look,
    )


def expose(line_integral: FloatMap, exposure: Exposure, canvas: Canvas) -> FloatMap:
    """-log(exposure) with scatter and blur, shape of the canvas."""
    primary = np.exp(-line_integral)
    scatter = exposure.scatter * _smooth(np.minimum(primary, 0.35), 26.0, canvas)
    primary = ndimage.gaussian_filter(primary, exposure.blur_mm / canvas.pitch_mm, truncate=3.0)
    return as_map(-np.log(primary + scatter + np.float32(1e-4)))


def _smooth(image: FloatMap, sigma_mm: float, canvas: Canvas) -> FloatMap:
    rows, columns = (side // _COARSE * _COARSE for side in image.shape)
    coarse = image[:rows, :columns].reshape(rows // _COARSE, _COARSE, columns // _COARSE, _COARSE).mean(axis=(1, 3))
    coarse = ndimage.gaussian_filter(coarse, sigma_mm / canvas.pitch_mm / _COARSE, mode="nearest", truncate=3.0)
    offset = (0.5 - _COARSE / 2) / _COARSE
    return np.asarray(
        ndimage.affine_transform(coarse, [1 / _COARSE] * 2, offset, output_shape=image.shape, order=1, mode="nearest"),
        np.float32,
    )


def enhance(image: FloatMap, exposure: Exposure, canvas: Canvas) -> FloatMap:
    """Multi-scale contrast enhancement and dynamic-range compression of a -log image, then scaled so that lung-to-abdomen spans 0..1."""
    look = exposure.look
    image = np.minimum(image, 6.0)
    broad = _smooth(image, 22.0, canvas)
    medium = _smooth(image, 4.5, canvas)
    fine = ndimage.gaussian_filter(image, 1.1 / canvas.pitch_mm, truncate=3.0)
    middle = np.float32(2.6)
    result = middle + look.compression * (broad - middle) + (1 + 0.3 * look.medium_gain) * (medium - broad)
    result = result + (1 + look.medium_gain) * (fine - medium) + (1 + look.fine_gain) * (image - fine)
    low, high = _anatomy_range(result, image > _AIR, canvas)
    return as_map((result - low) / (high - low))


def _anatomy_range(image: FloatMap, inside: NDArray[np.bool_], canvas: Canvas) -> tuple[np.float32, np.float32]:
    rows = (canvas.row_mm[:, 0] > 10) & (canvas.row_mm[:, 0] < 300)
    columns = np.abs(canvas.column_mm[0]) < 140
    chest = np.ix_(rows, columns)
    region = image[chest][::4, ::4][inside[chest][::4, ::4]]
    low, high = np.percentile(region, (2, 98))
    return np.float32(low), np.float32(high)


def tone(value: FloatMap, exposure: Exposure) -> FloatMap:
    """The S-shaped film curve: 0 (black) to 1 (white)."""
    look = exposure.look
    centre = look.toe + exposure.brightness
    table_in = np.linspace(-1.5, 2.5, 4096, dtype=np.float32)
    curve = 1 / (1 + np.exp(-look.steepness * (table_in - centre)))
    floor = 1 / (1 + np.exp(-look.steepness * (-0.50 - centre)))
    ceiling = 1 / (1 + np.exp(-look.steepness * (1.6 - centre)))
    table = np.clip((curve - floor) / (ceiling - floor), 0, 1).astype(np.float32)
    index = np.clip((value + np.float32(1.5)) * np.float32(4095 / 4), 0, 4095).astype(np.uint16)
    return np.asarray(table[index])


def add_noise(value: FloatMap, exposure: Exposure, rng: np.random.Generator, pixel_mm: float) -> FloatMap:
    """Adds quantum noise at the film's own pixels; denser anatomy (higher value) lets fewer photons through."""
    grain = rng.standard_normal(value.shape, dtype=np.float32)
    if pixel_mm < 0.25:
        grain = ndimage.uniform_filter(grain, 2) * np.float32(1.6)
    sigma = np.float32(exposure.noise * (0.4 / max(pixel_mm, 0.12)) ** 0.5) * np.exp(
        np.float32(0.45) * np.clip(value, -1, 1.6)
    )
    return as_map(value + grain * sigma)
