"""Every DICOM object that leaves for one report package, and what `dciodvfy` (dicom3tools) says of each."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from builders_delivery import NOW
from imagecodecs import png_encode
from in_process_decoder import InProcessDecoder

from wetread.dicom.documents import report_documents
from wetread.ports.film_pixels import FilmFacts, FilmPixels, Window
from wetread.ports.sink import ReportPackage

DCIODVFY = str(Path(sys.executable).with_name("dciodvfy"))


class FilmOf(InProcessDecoder):
    """A grey film of the size that the package speaks of."""

    def __init__(self, package: ReportPackage) -> None:
        self._traits = package.read_instance.header.traits

    def render_png(self, path: Path, *, max_side_px: int) -> bytes:
        return bytes(png_encode(np.full((self._traits.rows, self._traits.columns), 90, np.uint8)))

    def film_pixels(self, path: Path) -> FilmPixels:
        rows, columns, inverted = (
            self._traits.rows,
            self._traits.columns,
            "1" in self._traits.photometric_interpretation,
        )
        facts = FilmFacts(
            rows, columns, 12, False, self._traits.photometric_interpretation, inverted, None,
            (Window(2000.0, 4000.0, "LINEAR", "film"),), True, "", None, None, "", "", None, "NO", "PA", "U", (), False,
        )  # fmt: skip
        curve = np.linspace(0, 1, 4096, dtype=np.float32) ** 2 if columns % 2 else None
        return FilmPixels(facts, np.zeros((rows, columns), np.uint16), np.arange(4096, dtype=np.float32), curve)


def objects_of(package: ReportPackage) -> Iterator[tuple[str, bytes]]:
    """(suffix, Part 10 file) of each object that this package has."""
    documents = report_documents(("heatmap", "boxes", "regions", "pdf"), lambda: NOW, FilmOf(package), "St. Elsewhere")
    for suffix, encode in documents.items():
        if document := encode(package):
            yield suffix, document


def errors_in(document: bytes, path: Path) -> list[str]:
    path.write_bytes(document)
    said = subprocess.run([DCIODVFY, str(path)], capture_output=True, text=True, errors="replace", check=False)
    lines = said.stderr.splitlines()
    return [line for line in lines if line.startswith("Error")] if lines else ["dciodvfy said nothing"]
