"""Brings films to the network's square input with the very code that does it when a hospital's film arrives, and keeps them decoded."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wetread.inference.resample import fit_long_side
from wetread.learning.manifest import Film
from wetread.ports.decoder import DecodedImage

__all__ = ["decode_film", "load_films", "picture_files"]

_DISPLAY = np.linspace(0, 1, 256, dtype=np.float32)
_EIGHT_BIT_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"}


def decode_film(path: Path) -> DecodedImage:
    """A JPEG or PNG as the runtime's decoder would hand it over: 8 bits, 0 is black; raises OSError or ValueError."""
    from PIL import Image

    try:
        with Image.open(path) as film:
            if film.mode not in _EIGHT_BIT_MODES:
                raise ValueError(
                    f"{film.mode} pixels have more than 8 bits and would be clipped: window it to 8 bits first"
                )
            stored = np.array(film.convert("L"))
    except (SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(str(error)) from error
    return DecodedImage(stored, _DISPLAY, 1.0, 1.0, *stored.shape)


def _read_film(path: Path, size_px: int) -> NDArray[np.uint8]:
    return np.rint(fit_long_side(decode_film(path), size_px)[0] * 255).astype(np.uint8)


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


def picture_files(folder: Path) -> list[Path]:
    """Every picture file in a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in {".png", ".jpg", ".jpeg"})
