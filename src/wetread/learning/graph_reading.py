"""Reads pictures with an exported graph exactly as the running product does: its resampling to floats, its runtime, one film at a time.

Calibration and every reported figure rest on this reading. Training sees the same films rounded to 8 bits, because they are kept so.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wetread.inference.resample import fit_long_side
from wetread.learning.export import OUTPUTS
from wetread.learning.film import decode_film, picture_files
from wetread.learning.manifest import Film
from wetread.learning.parity import open_graph

__all__ = ["GraphReading", "Image", "film_images", "folder_images", "kept_images", "read_graph"]

Image = NDArray[np.float32]
"""(row, column) 0..1, MONOCHROME2, as the network takes it"""


class GraphReading(NamedTuple):
    """logits (n, finding), features (n, 1280), cam (n, finding, row, column), gate_logits (n, class), ood_score (n,)."""

    logits: NDArray[np.float64]
    features: NDArray[np.float32]
    cam: NDArray[np.float32]
    gate_logits: NDArray[np.float64]
    ood_score: NDArray[np.float64]

    def only(self, chosen: NDArray[Any]) -> "GraphReading":
        """The chosen films: (n,) booleans, or places."""
        return GraphReading(*(column[chosen] for column in self))


def film_images(films: Iterable[Film], root: Path, side_px: int) -> Iterator[Image]:
    """Films of a manifest, decoded from the files below `root`."""
    return (fit_long_side(decode_film(root / film.file), side_px)[0] for film in films)


def folder_images(folder: Path, side_px: int) -> Iterator[Image]:
    """Every picture file of a folder, by name."""
    return (fit_long_side(decode_film(path), side_px)[0] for path in picture_files(folder))


def kept_images(films: NDArray[np.uint8]) -> Iterator[Image]:
    """(n, row, column) uint8 that were made here and exist in no other form."""
    return (np.divide(film, 255, dtype=np.float32) for film in films)


def read_graph(model: Path, images: Iterable[Image]) -> GraphReading:
    """One film after the other through `model.onnx`; raises ValueError without a film."""
    graph = open_graph(model)
    found = [graph.run(list(OUTPUTS), {"image": image[None, None]}) for image in images]
    columns = dict(zip(OUTPUTS, (np.concatenate(column) for column in zip(*found, strict=True)), strict=True))
    exact = {name: columns[name].astype(np.float64) for name in ("logits", "gate_logits", "ood_score")}
    return GraphReading(**{**columns, **exact})
