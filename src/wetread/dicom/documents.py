"""The DICOM documents of a signed report as encoders that know their own clock: the SR, and the pictures that go with it."""

from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

from imagecodecs import png_decode, png_encode

from wetread.dicom.encapsulated_pdf import encode_encapsulated_pdf
from wetread.dicom.pdf_fonts import typeface
from wetread.dicom.placed_findings import placed_findings
from wetread.dicom.presentation_state import encode_presentation_state
from wetread.dicom.secondary_capture import burn_in, encode_secondary_capture
from wetread.dicom.segmentation import encode_segmentation
from wetread.dicom.structured_report import encode_sr
from wetread.domain.analysis import Analysis
from wetread.ports.decoder import Decoder
from wetread.ports.sink import Encoder, ReportPackage, ReportPicture

__all__ = ["overlay_png", "report_documents"]

_OVERLAY_SIDE_PX = 1024


def report_documents(
    pictures: Collection[ReportPicture],
    now: Callable[[], datetime],
    decoder: Decoder,
    organisation: str,
    pdf_fonts: tuple[Path, ...] = (),
) -> dict[str, Encoder]:
    """The SR, which `organisation` verifies, and the wanted pictures, by file suffix. An encoder answers None where there is nothing to draw; pixels come from the sandbox.

    `pdf_fonts`: the site's TrueType files, for letters that ours lack. Raises PermanentError 'bad_settings' for one that is none.
    """
    if "pdf" in pictures:
        typeface(pdf_fonts)  # a file that is no font is said now, not when the first report leaves

    def heatmap(package: ReportPackage) -> bytes | None:
        if package.analysis is None or not package.analysis.called:
            return None
        film = png_decode(decoder.render_png(Path(package.film_path), max_side_px=_OVERLAY_SIDE_PX))
        return encode_secondary_capture(package, now(), film)

    def boxes(package: ReportPackage) -> bytes | None:
        if not placed_findings(package):
            return None
        return encode_presentation_state(package, now(), decoder.film_pixels(Path(package.film_path)))

    drawn: dict[ReportPicture, Encoder] = {
        "heatmap": heatmap,
        "boxes": boxes,
        "regions": lambda package: encode_segmentation(package, now()),
        "pdf": lambda package: encode_encapsulated_pdf(package, now(), organisation, typeface(pdf_fonts)),
    }
    return {
        "sr.dcm": lambda package: encode_sr(package, now(), organisation=organisation),
        **{f"{name}.dcm": drawn[name] for name in pictures},
    }


def overlay_png(film_png: bytes, analysis: Analysis, stored_shape: tuple[int, int]) -> bytes:
    """The film with heat and boxes of the called findings as PNG; the bare film when none is called."""
    if analysis.heat is None or not analysis.called:
        return film_png
    return bytes(png_encode(burn_in(png_decode(film_png), analysis, analysis.heat, stored_shape)))
