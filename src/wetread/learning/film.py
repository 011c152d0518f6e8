"""Brings a film to the network's square input: exact area average of the long side, central padding with black.

The arithmetic is the definition that the runtime's compiled resampler must reproduce: every output pixel is the mean of the
input area it covers, with fractional weights at the borders.
"""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wetread.learning.manifest import Film

__all__ = ["area_average", "fit_long_side", "load_films", "read_image_folder"]


def _area_weights(size_in: int, size_out: int) -> NDArray[np.float64]:
    """(size_out, size_in) rows sum to 1: the share of each input pixel in each output pixel."""
    edges = np.arange(size_out + 1) * (size_in / size_out)
    pixels = np.arange(size_in)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights: NDArray[np.float64] = np.clip(overlap, 0, None) * (size_out / size_in)
    return weights


def area_average(image: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Exact area average of a (row, column) image to (rows, columns)."""
    by_row = _area_weights(image.shape[0], rows) @ image.astype(np.float64)
    return (by_row @ _area_weights(image.shape[1], columns).T).astype(np.float32)


def fit_long_side(image: NDArray[np.float32], size_px: int) -> NDArray[np.float32]:
    """(row, column) values 0..1 -> (size_px, size_px): long side = size_px, aspect kept, padded centrally with 0."""
    scale = size_px / max(image.shape)
    rows, columns = (max(1, round(side * scale)) for side in image.shape)
    top, left = (size_px - rows) // 2, (size_px - columns) // 2
    square = np.zeros((size_px, size_px), np.float32)
    square[top : top + rows, left : left + columns] = area_average(image, rows, columns)
    return square


def _read_film(path: Path, size_px: int) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(path) as film:
        values = np.asarray(film.convert("L"), np.float32) / np.float32(255)
    return np.rint(fit_long_side(values, size_px) * 255).astype(np.uint8)


def load_films(films: list[Film], root: Path, size_px: int, cache: Path) -> NDArray[np.uint8]:
    """(film, size_px, size_px) uint8, read once and then kept in `cache` under the hash of the list."""
    key = hashlib.sha256("\n".join(film.file for film in films).encode()).hexdigest()[:16]
    path = cache / f"films-{size_px}-{key}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        stack = np.stack([_read_film(root / film.file, size_px) for film in films])
        np.save(path, stack, allow_pickle=False)
    kept: NDArray[np.uint8] = np.load(path, allow_pickle=False)
    return kept


def read_image_folder(folder: Path, size_px: int) -> NDArray[np.uint8]:
    """(image, size_px, size_px) uint8 of every picture file in a folder, by name."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in {".png", ".jpg", ".jpeg"})
    return np.stack([_read_film(path, size_px) for path in paths])
