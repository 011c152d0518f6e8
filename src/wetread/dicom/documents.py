"""The DICOM documents of a signed report as encoders that know their own clock: the SR, and the film with its heat map."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from imagecodecs import png_decode, png_encode

from wetread.dicom.secondary_capture import burn_in, encode_secondary_capture
from wetread.dicom.structured_report import encode_sr
from wetread.domain.analysis import Analysis
from wetread.ports.decoder import Decoder
from wetread.ports.sink import Encoder, ReportPackage

__all__ = ["film_overlay", "overlay_png", "report_document"]

_OVERLAY_SIDE_PX = 1024


def report_document(now: Callable[[], datetime], organisation: str) -> Encoder:
    """Encodes the SR; `organisation` verifies it."""
    return lambda package: encode_sr(package, now(), organisation=organisation)


def film_overlay(now: Callable[[], datetime], decoder: Decoder) -> Encoder:
    """Encodes the secondary capture; None where the model called nothing. The film's pixels come from the sandbox."""

    def encode(package: ReportPackage) -> bytes | None:
        if package.analysis is None or not package.analysis.called:
            return None
        film = png_decode(decoder.render_png(Path(package.film_path), max_side_px=_OVERLAY_SIDE_PX))
        return encode_secondary_capture(package, now(), film)

    return encode


def overlay_png(film_png: bytes, analysis: Analysis, stored_shape: tuple[int, int]) -> bytes:
    """The film with heat and boxes of the called findings as PNG; the bare film when none is called."""
    if analysis.heat is None or not analysis.called:
        return film_png
    return bytes(png_encode(burn_in(png_decode(film_png), analysis, analysis.heat, stored_shape)))
