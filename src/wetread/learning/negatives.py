"""Images the gate must refuse, made from films (inverted, turned, cropped, scrambled) or from nothing (noise, shapes, limbs).

`inverted` means the grey scale is the wrong way round *after* MONOCHROME1 was handled: a mislabelled or re-exported film.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["GATE_CLASSES", "not_frontal_chest", "turned"]

GATE_CLASSES = ("frontal_chest", "inverted", "rotated_90", "rotated_180", "rotated_270", "not_frontal_chest")

Image = NDArray[np.floating]


def turned(films: NDArray[np.uint8], gate_class: str) -> NDArray[np.uint8]:
    """(n, row, column) films as one of the first five gate classes; rotations are clockwise."""
    if gate_class == "inverted":
        return 255 - films
    quarter_turns = {"frontal_chest": 0, "rotated_90": -1, "rotated_180": -2, "rotated_270": -3}[gate_class]
    return np.ascontiguousarray(np.rot90(films, quarter_turns, axes=(1, 2)))


def _grid(size: int) -> tuple[Image, Image]:
    row, column = np.mgrid[0:size, 0:size].astype(np.float32) / size
    return row, column


def _smooth(image: Image, radius: float) -> Image:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(image, radius), np.float32)


def _stretch(image: Image) -> Image:
    low, high = float(image.min()), float(image.max())
    return (image - low) / (high - low) if high > low else image


def _blank(film: Image, random: np.random.Generator) -> Image:
    return np.full_like(film, random.uniform()) + random.normal(0, random.choice([0, 0.01]), film.shape)


def _noise(film: Image, random: np.random.Generator) -> Image:
    white = random.normal(size=film.shape).astype(np.float32)
    return _stretch(_smooth(white, random.uniform(0, 12)))


def _gradient(film: Image, random: np.random.Generator) -> Image:
    row, column = _grid(len(film))
    angle = random.uniform(0, 2 * np.pi)
    return _stretch(np.sin(angle) * row + np.cos(angle) * column) ** random.uniform(0.5, 2)


def _ellipse(size: int, random: np.random.Generator) -> NDArray[np.bool_]:
    row, column = _grid(size)
    angle = random.uniform(0, np.pi)
    r, c = row - random.uniform(0.15, 0.85), column - random.uniform(0.15, 0.85)
    along, across = r * np.cos(angle) + c * np.sin(angle), c * np.cos(angle) - r * np.sin(angle)
    inside: NDArray[np.bool_] = (along / random.uniform(0.04, 0.4)) ** 2 + (across / random.uniform(0.04, 0.4)) ** 2 < 1
    return inside


def _shapes(film: Image, random: np.random.Generator) -> Image:
    image = np.full_like(film, random.uniform(0, 0.6))
    for _ in range(random.integers(1, 9)):
        image = np.where(_ellipse(len(film), random), random.uniform(), image)
    return _smooth(image, random.uniform(0, 3)) + random.normal(0, 0.02, film.shape)


def _limb(film: Image, random: np.random.Generator) -> Image:
    """Long bones in soft tissue: bright bands with a darker marrow, on black."""
    row, column = _grid(len(film))
    angle, image = random.uniform(0, np.pi), np.zeros_like(film)
    across = (row - 0.5) * np.cos(angle) + (column - 0.5) * np.sin(angle)
    image += 0.35 * (np.abs(across) < random.uniform(0.15, 0.4))
    for _ in range(random.integers(1, 5)):
        centre, width = random.uniform(-0.25, 0.25), random.uniform(0.02, 0.09)
        image += 0.5 * (np.abs(across - centre) < width) - 0.25 * (np.abs(across - centre) < width * 0.5)
    return _smooth(image, random.uniform(0.5, 3)) + random.normal(0, 0.02, film.shape)


def _slice(film: Image, random: np.random.Generator) -> Image:
    """A tomographic slice: one bright body outline with dark and bright organs, on black."""
    row, column = _grid(len(film))
    body = ((row - 0.5) / random.uniform(0.3, 0.48)) ** 2 + ((column - 0.5) / random.uniform(0.3, 0.48)) ** 2 < 1
    image = np.where(body, random.uniform(0.3, 0.6), 0.0).astype(np.float32)
    for _ in range(random.integers(2, 9)):
        image = np.where(body & _ellipse(len(film), random), random.uniform(), image)
    return _smooth(image, random.uniform(0.3, 2)) + random.normal(0, 0.02, film.shape)


def _stripes(film: Image, random: np.random.Generator) -> Image:
    row, column = _grid(len(film))
    wave = np.sin((row * random.normal() + column * random.normal()) * random.uniform(10, 120))
    return _stretch(wave * _noise(film, random))


def _document(film: Image, random: np.random.Generator) -> Image:
    lines = np.repeat(random.random((len(film) // 4, len(film))) < 0.5, 4, axis=0)[: len(film)]
    gaps = (np.arange(len(film)) % 8 < 4)[:, None]
    ink = _smooth((lines & gaps).astype(np.float32), 0.5)
    return ink if random.random() < 0.5 else 1 - ink


def _window(film: Image, random: np.random.Generator) -> Image:
    """A small part of the film, enlarged: no chest as a whole is in it."""
    size = len(film)
    side = int(size * random.uniform(0.2, 0.45))
    top, left = random.integers(0, size - side, 2)
    place = np.arange(size) * side // size
    return film[top : top + side, left : left + side][place][:, place]


def _off_centre(film: Image, random: np.random.Generator) -> Image:
    """More than half of the chest lies outside the image."""
    size = len(film)
    shift = int(size * random.uniform(0.55, 0.8)) * int(random.choice([-1, 1]))
    return np.asarray(_shifted(film, shift, int(random.integers(2))), np.float32)


def _shifted(film: Image, shift: int, axis: int) -> Image:
    out = np.roll(film, shift, axis)
    empty = [slice(None), slice(None)]
    empty[axis] = slice(0, shift) if shift > 0 else slice(shift, None)
    out[tuple(empty)] = 0
    return out


def _scrambled(film: Image, random: np.random.Generator) -> Image:
    """The film's spectrum with another phase: same texture, no anatomy."""
    phase = np.exp(2j * np.pi * random.random(film.shape))
    return _stretch(np.real(np.fft.ifft2(np.fft.fft2(film) * phase)).astype(np.float32))


def _tiles(film: Image, random: np.random.Generator) -> Image:
    """Several small films on one sheet."""
    small = film[::2, ::2]
    return np.block([[small, small[:, ::-1]], [small[::-1], small]])


_KINDS: tuple[Callable[[Image, np.random.Generator], Image], ...] = (
    _blank, _noise, _gradient, _shapes, _shapes, _limb, _limb, _slice, _slice, _stripes, _document,
    _window, _window, _off_centre, _scrambled, _tiles,
)  # fmt: skip


def not_frontal_chest(films: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """(n, row, column) -> as many images that are no frontal chest film, of mixed kinds; films give texture to some."""
    images = []
    for film in films:
        kind = _KINDS[random.integers(len(_KINDS))]
        image = kind(film.astype(np.float32) / 255, random)
        images.append(np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8))
    return np.stack(images)
