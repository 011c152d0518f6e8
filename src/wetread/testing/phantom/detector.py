"""From line integrals to a display-ready film: Beer-Lambert, scatter, blur, the vendor's look-up, quantum noise.

The image is linear in -log(exposure) before the look-up, as digital detectors are; noise in that domain is 1/sqrt(photons).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wetread.testing.phantom.canvas import FloatMap, as_map
from wetread.testing.phantom.habitus import stream
from wetread.testing.phantom.spec import PhantomSpec

__all__ = ["Exposure", "Look", "add_noise", "develop", "draw_exposure", "tone"]

_COARSE = 8
_WINDOW_STEP = 3

Chest = NDArray[np.bool_]


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


def develop(line_integral: FloatMap, intact: FloatMap, exposure: Exposure, pitch_mm: float, chest: Chest) -> FloatMap:
    """Line integrals to processed values before the curve: 0 is well-aerated lung, 1 the densest anatomy.

    `intact` is the same body without disease. It sets the window, so that disease does not show itself by changing
    the brightness of everything else.
    """
    step = _WINDOW_STEP
    reference = _enhance(_expose(intact[::step, ::step], exposure, pitch_mm * step), exposure, pitch_mm * step)
    region = reference[chest[::step, ::step]]
    dark, high = np.percentile(region, (30, 98))
    low = dark - 0.22 * (high - dark)
    value = _enhance(_expose(line_integral, exposure, pitch_mm), exposure, pitch_mm)
    return as_map((value - np.float32(low)) / np.float32(high - low))


def _expose(line_integral: FloatMap, exposure: Exposure, pitch_mm: float) -> FloatMap:
    """-log(exposure) with scatter and blur."""
    primary = np.exp(-line_integral)
    scatter = exposure.scatter * _smooth(np.minimum(primary, 0.35), 26.0, pitch_mm)
    primary = ndimage.gaussian_filter(primary, exposure.blur_mm / pitch_mm, truncate=3.0)
    return as_map(-np.log(primary + scatter + np.float32(1e-4)))


def _smooth(image: FloatMap, sigma_mm: float, pitch_mm: float) -> FloatMap:
    """A Gaussian wide enough to be taken on a grid coarser by `factor`, about a third of its sigma."""
    factor = int(np.clip(sigma_mm / 3 / pitch_mm, 1, _COARSE))
    rows, columns = (side // factor for side in image.shape)
    blocks = image[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor)
    coarse = ndimage.gaussian_filter(
        blocks.mean(axis=(1, 3)), sigma_mm / pitch_mm / factor, mode="nearest", truncate=3.0
    )
    offset = (0.5 - factor / 2) / factor
    return as_map(
        ndimage.affine_transform(coarse, [1 / factor] * 2, offset, output_shape=image.shape, order=1, mode="nearest")
    )


def _enhance(image: FloatMap, exposure: Exposure, pitch_mm: float) -> FloatMap:
    """Multi-scale contrast enhancement and dynamic-range compression of a -log image."""
    look = exposure.look
    image = np.minimum(image, 6.0)
    broad = _smooth(image, 22.0, pitch_mm)
    medium = _smooth(image, 4.5, pitch_mm)
    fine = ndimage.gaussian_filter(image, 1.1 / pitch_mm, truncate=3.0)
    middle = np.float32(2.6)
    result = middle + look.compression * (broad - middle) + (1 + 0.3 * look.medium_gain) * (medium - broad)
    return as_map(result + (1 + look.medium_gain) * (fine - medium) + (1 + look.fine_gain) * (image - fine))


def tone(value: FloatMap, exposure: Exposure) -> FloatMap:
    """The S-shaped film curve: 0 (black) to 1 (white)."""
    look = exposure.look
    centre = look.toe + exposure.brightness
    table_in = np.linspace(-1.5, 2.5, 4096, dtype=np.float32)
    curve = 1 / (1 + np.exp(-look.steepness * (table_in - centre)))
    floor = 1 / (1 + np.exp(-look.steepness * (-0.60 - centre)))
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
