"""The decoder without its walls: the same parser and codecs in this process, for journeys whose subject is something else."""

from pathlib import Path

from wetread.dicom.byte_source import FileSource
from wetread.dicom.film_facts import FILM_ITEMS, FILM_TAGS, read_film
from wetread.dicom.frame import FRAME_ITEMS, FRAME_TAGS, Frame, read_frame
from wetread.dicom.header import HEADER_ITEMS, HEADER_TAGS, header_of
from wetread.dicom.limits import Limits
from wetread.dicom.part10 import read_part10
from wetread.dicom.render import png_of
from wetread.domain.study import InstanceHeader
from wetread.ports.decoder import DecodedImage
from wetread.ports.film_pixels import FilmPixels


class InProcessDecoder:
    def inspect(self, path: Path) -> InstanceHeader:
        with path.open("rb") as file:
            return header_of(read_part10(FileSource(file.fileno()), HEADER_TAGS, HEADER_ITEMS, Limits()))

    def decode(self, path: Path, *, needed_side_px: int = 0) -> DecodedImage:
        frame = self._frame(path, needed_side_px)
        size = frame.rows, frame.columns
        return DecodedImage(frame.stored, frame.display, frame.row_spacing, frame.column_spacing, *size)

    def render_png(self, path: Path, *, max_side_px: int) -> bytes:
        return png_of(self._frame(path, max_side_px), max_side_px=max_side_px)

    def film_pixels(self, path: Path) -> FilmPixels:
        with path.open("rb") as file:
            return read_film(read_part10(FileSource(file.fileno()), FILM_TAGS, FILM_ITEMS, Limits()), Limits())

    def _frame(self, path: Path, needed_side_px: int) -> Frame:
        with path.open("rb") as file:
            walked = read_part10(FileSource(file.fileno()), FRAME_TAGS, FRAME_ITEMS, Limits())
            return read_frame(walked, Limits(), needed_side_px=needed_side_px)
