"""Translates a walked file into what a viewer needs (`ports.film_pixels`); runs only inside the sandbox child."""

from wetread.dicom.charset import codecs_of, decode_text
from wetread.dicom.frame import FRAME_ITEMS, FRAME_TAGS, read_stored
from wetread.dicom.greyscale import viewer_tables
from wetread.dicom.header import decimals_of, term_of
from wetread.dicom.limits import Limits
from wetread.dicom.part10 import DataSet, Element, Part10File
from wetread.ports.film_pixels import FilmFacts, FilmPixels, Window

__all__ = ["FILM_ITEMS", "FILM_TAGS", "MOST_TEXT", "MOST_WINDOWS", "read_film"]

_CHARACTER_SET, _ORIENTATION, _LATERALITY = 0x00080005, 0x00200020, 0x00200062
_MAGNIFICATION, _IMAGER_SPACING, _VIEW = 0x00181114, 0x00181164, 0x00185101
_SPACING, _BURNED_IN, _CALIBRATION, _CALIBRATED_BY = 0x00280030, 0x00280301, 0x00280A02, 0x00280A04
_CENTER, _WIDTH, _EXPLANATION, _FUNCTION = 0x00281050, 0x00281051, 0x00281055, 0x00281056
_LOSSY, _LUT_EXPLANATION, _VOI_LUT = 0x00282110, 0x00283003, 0x00283010
FILM_TAGS = FRAME_TAGS | {
    *(_CHARACTER_SET, _ORIENTATION, _LATERALITY, _MAGNIFICATION, _VIEW, _BURNED_IN, _CALIBRATION),
    *(_CALIBRATED_BY, _EXPLANATION, _LOSSY),
}
FILM_ITEMS = FRAME_ITEMS
MOST_TEXT, MOST_WINDOWS = 64, 8
_FUNCTIONS = frozenset({"LINEAR", "LINEAR_EXACT", "SIGMOID"})
_ALWAYS_LOSSY = frozenset({"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"})
_LARGEST_PIXEL_MM, _MOST_MAGNIFIED = 10.0, 5.0


def read_film(file: Part10File, limits: Limits) -> FilmPixels:
    """The first frame, full size. Raises as `frame.read_frame`."""
    frame, data_set = read_stored(file, limits), file.data_set
    shape = frame.shape
    tables = viewer_tables(data_set, frame.stored, bits_stored=shape.bits_stored, signed=shape.signed)
    words = _Words(data_set)
    windows = _windows(data_set, words)
    values = data_set.values
    facts = FilmFacts(
        rows=shape.rows,
        columns=shape.columns,
        bits_stored=shape.bits_stored,
        signed=shape.signed,
        photometric_interpretation=frame.photometric,
        inverted=frame.inverted,
        padding=tables.padding,
        windows=windows or (tables.stretch,),
        windows_stated=bool(windows),
        voi_lut_explanation=words.first(data_set.first_items.get(_VOI_LUT, {}).get(_LUT_EXPLANATION)),
        pixel_spacing_mm=_spacing(values.get(_SPACING)),
        imager_pixel_spacing_mm=_spacing(values.get(_IMAGER_SPACING)),
        calibration_type=words.term(values.get(_CALIBRATION)),
        calibration_description=words.first(values.get(_CALIBRATED_BY)),
        magnification=_magnification(values.get(_MAGNIFICATION)),
        burned_in_annotation=words.term(values.get(_BURNED_IN)),
        view_position=words.term(values.get(_VIEW)),
        image_laterality=words.term(values.get(_LATERALITY)),
        patient_orientation=tuple(words.all(values.get(_ORIENTATION))[:2]),
        lossy=term_of(values.get(_LOSSY)) == "01" or file.syntax.uid in _ALWAYS_LOSSY,
    )
    return FilmPixels(facts, frame.stored, tables.modality, tables.voi_lut)


def _windows(data_set: DataSet, words: "_Words") -> tuple[Window, ...]:
    values = data_set.values
    centers, widths = decimals_of(values.get(_CENTER)), decimals_of(values.get(_WIDTH))
    explained = words.all(values.get(_EXPLANATION))
    function = term_of(values.get(_FUNCTION))
    function = function if function in _FUNCTIONS else "LINEAR"
    named = [*explained, *([""] * len(centers))]
    pairs = zip(centers, widths, named, strict=False)
    return tuple(Window(center, width, function, name) for center, width, name in pairs if width > 0)[:MOST_WINDOWS]


def _spacing(element: Element | None) -> tuple[float, float] | None:
    pair = decimals_of(element)
    return (pair[0], pair[1]) if len(pair) == 2 and all(0 < each <= _LARGEST_PIXEL_MM for each in pair) else None


def _magnification(element: Element | None) -> float | None:
    factor = decimals_of(element)
    return factor[0] if len(factor) == 1 and 1.0 <= factor[0] <= _MOST_MAGNIFIED else None


class _Words:
    """Short texts without anything that a screen would obey instead of show."""

    def __init__(self, data_set: DataSet) -> None:
        element = data_set.values.get(_CHARACTER_SET)
        terms = (element.value[:256].decode("latin-1") if element else "").split("\\")[:16]
        self._codecs = codecs_of(tuple(terms))

    def all(self, element: Element | None) -> list[str]:
        if element is None:
            return []
        text = decode_text(element.value[:1024], self._codecs, b"\\\r\n\t\f")
        return ["".join(filter(str.isprintable, part)).strip()[:MOST_TEXT] for part in text.split("\\")]

    def first(self, element: Element | None) -> str:
        return next(iter(self.all(element)), "")

    def term(self, element: Element | None) -> str:
        return "".join(filter(str.isprintable, term_of(element)))
