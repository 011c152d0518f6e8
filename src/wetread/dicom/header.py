"""Translates a walked file into the `InstanceHeader` that the product keeps: typed, trimmed, capped, without control characters.

Text is data: it is never a path, a format or markup here, and every sink escapes it again. What identifies (UIDs, PatientID) is refused rather than repaired.
"""

import re
from datetime import date
from math import isfinite
from typing import Literal

from wetread.dicom.charset import codecs_of, decode_text
from wetread.dicom.part10 import DataSet, Element, Part10File
from wetread.domain.errors import HostileInput
from wetread.domain.finding import Code
from wetread.domain.identifiers import SeriesInstanceUID, SOPInstanceUID, StudyInstanceUID, is_valid_uid
from wetread.domain.study import ImageTraits, Indication, InstanceHeader, PatientIdentity, ProcedureStep, Sex

__all__ = [
    "HEADER_ITEMS",
    "HEADER_TAGS",
    "INDICATION_CAP",
    "decimals_of",
    "header_of",
    "integer_of",
    "number_of",
    "plain",
    "term_of",
]

_CHARACTER_SET = 0x00080005
_TAGS = {
    "image_type": 0x00080008,
    "sop_class_uid": 0x00080016,
    "sop_instance_uid": 0x00080018,
    "study_date": 0x00080020,
    "study_time": 0x00080030,
    "accession_number": 0x00080050,
    "modality": 0x00080060,
    "manufacturer": 0x00080070,
    "institution_name": 0x00080080,
    "referring_physician_name": 0x00080090,
    "timezone_offset_from_utc": 0x00080201,
    "station_name": 0x00081010,
    "study_description": 0x00081030,
    "series_description": 0x0008103E,
    "institutional_department_name": 0x00081040,
    "manufacturer_model_name": 0x00081090,
    "patient_name": 0x00100010,
    "patient_id": 0x00100020,
    "issuer_of_patient_id": 0x00100021,
    "patient_birth_date": 0x00100030,
    "patient_sex": 0x00100040,
    "patient_age": 0x00101010,
    "admitting_diagnoses_description": 0x00081080,
    "additional_patient_history": 0x001021B0,
    "reason_for_visit": 0x00321066,
    "performed_procedure_step_start_date": 0x00400244,
    "performed_procedure_step_start_time": 0x00400245,
    "reason_for_the_requested_procedure": 0x00401002,
    "body_part_examined": 0x00180015,
    "imager_pixel_spacing": 0x00181164,
    "view_position": 0x00185101,
    "study_instance_uid": 0x0020000D,
    "series_instance_uid": 0x0020000E,
    "study_id": 0x00200010,
    "series_number": 0x00200011,
    "instance_number": 0x00200013,
    "patient_orientation": 0x00200020,
    "samples_per_pixel": 0x00280002,
    "photometric_interpretation": 0x00280004,
    "number_of_frames": 0x00280008,
    "rows": 0x00280010,
    "columns": 0x00280011,
    "pixel_spacing": 0x00280030,
    "bits_allocated": 0x00280100,
    "bits_stored": 0x00280101,
    "burned_in_annotation": 0x00280301,
}
_REASONS = (
    "reason_for_the_requested_procedure",
    "reason_for_visit",
    "admitting_diagnoses_description",
    "additional_patient_history",
)
_REQUEST_ATTRIBUTES = 0x00400275
_CODE_SEQUENCES = (0x0040100A, 0x00321067, 0x00081084)
_SCHEDULED_STEP_ID, _REQUESTED_PROCEDURE_ID = 0x00400009, 0x00401001
_CODE_VALUE, _CODING_SCHEME, _CODE_MEANING = 0x00080100, 0x00080102, 0x00080104
HEADER_TAGS = frozenset(_TAGS.values()) | {_CHARACTER_SET}
HEADER_ITEMS = frozenset({_REQUEST_ATTRIBUTES, *_CODE_SEQUENCES})
INDICATION_CAP = 1024
_NAME_CAP, _TEXT_CAP, _CODE_CAP, _IDENTIFIER_CAP = 256, 256, 64, 64
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BIDI = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_DATE = re.compile(r"(\d{4})[.]?(\d\d)[.]?(\d\d)", re.ASCII)
_TIME = re.compile(r"\d\d(?::?\d\d(?::?\d\d(?:\.\d{1,6})?)?)?", re.ASCII)
_OFFSET = re.compile(r"[+-]\d{4}", re.ASCII)
_AGE = re.compile(r"(\d{1,3})([DWMY])", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,12}", re.ASCII)
_UNIT_DAYS = {"D": 1.0, "W": 7.0, "M": 30.4375, "Y": 365.25}
_TEXT_VRS = frozenset(
    ["AE", "AS", "CS", "DA", "DS", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UN", "UT"]
) | {""}


def header_of(file: Part10File) -> InstanceHeader:
    """The header of a walked file; raises HostileInput where an identifier or a number that everything hangs on is missing or broken."""
    read = _Reader(file.data_set)
    uid = _uid(read, "sop_instance_uid")
    sop_class = _uid(read, "sop_class_uid")
    if (uid, sop_class) != (file.sop_instance_uid, file.sop_class_uid):
        raise HostileInput(
            "The file meta information names another instance than the data set; the sender must rewrite the file.",
            code="uid_mismatch",
        )
    identity = _identity(read)
    return InstanceHeader(
        study_instance_uid=StudyInstanceUID(_uid(read, "study_instance_uid")),
        series_instance_uid=SeriesInstanceUID(_uid(read, "series_instance_uid")),
        sop_instance_uid=SOPInstanceUID(uid),
        identity=identity,
        traits=_traits(read, sop_class, file),
        institution_name=read.text("institution_name"),
        station_name=read.text("station_name"),
        series_number=read.integer_text("series_number"),
        instance_number=read.integer_text("instance_number"),
        patient_age_years=_age(read.text("patient_age"), identity),
        specific_character_set=read.character_set,
        institutional_department_name=read.text("institutional_department_name"),
        indication=_indication(read),
        procedure_step=_procedure_step(read),
        timezone_offset_from_utc=offset if _OFFSET.fullmatch(offset := read.text("timezone_offset_from_utc")) else "",
    )


def _procedure_step(read: "_Reader") -> ProcedureStep:
    requested, scheduled = (
        read.remark(read.in_item(_REQUEST_ATTRIBUTES, tag), _CODE_CAP)
        for tag in (_REQUESTED_PROCEDURE_ID, _SCHEDULED_STEP_ID)
    )
    start_date = read.date("performed_procedure_step_start_date")
    return ProcedureStep(start_date, read.time("performed_procedure_step_start_time"), requested, scheduled)


def _indication(read: "_Reader") -> Indication:
    """Reason for the requested procedure (of the data set or its first request), reason for visit, admitting diagnoses and history; each text once."""
    texts = [read.remark(read.in_item(_REQUEST_ATTRIBUTES, _TAGS[_REASONS[0]]))]
    texts += [read.remark(read.element(keyword)) for keyword in _REASONS]
    codes = (_code(read, sequence) for sequence in _CODE_SEQUENCES)
    return Indication("; ".join(dict.fromkeys(filter(None, texts)))[:INDICATION_CAP], tuple(filter(None, codes)))


def _code(read: "_Reader", sequence: int) -> Code | None:
    """The first coded entry (PS3.3 §8.8); None without value and scheme."""
    value, scheme, meaning = (
        read.remark(read.in_item(sequence, tag), _CODE_CAP) for tag in (_CODE_VALUE, _CODING_SCHEME, _CODE_MEANING)
    )
    return Code(value, scheme, meaning) if value and scheme else None


def _identity(read: "_Reader") -> PatientIdentity:
    sex = read.text("patient_sex", _CODE_CAP).upper()
    return PatientIdentity(
        patient_id=read.identifier("patient_id"),
        issuer_of_patient_id=read.identifier("issuer_of_patient_id"),
        patient_name=read.name("patient_name"),
        patient_birth_date=read.date("patient_birth_date"),
        patient_sex=Sex(sex) if sex in ("F", "M", "O") else Sex.UNKNOWN,
        accession_number=read.identifier("accession_number"),
        study_id=read.text("study_id", _CODE_CAP),
        study_date=read.date("study_date"),
        study_time=read.time("study_time"),
        study_description=read.text("study_description"),
        referring_physician_name=read.name("referring_physician_name"),
    )


def _traits(read: "_Reader", sop_class: str, file: Part10File) -> ImageTraits:
    return ImageTraits(
        sop_class_uid=sop_class,
        transfer_syntax_uid=file.syntax.uid,
        modality=read.code("modality"),
        body_part_examined=read.code("body_part_examined"),
        view_position=read.code("view_position"),
        patient_orientation=read.codes("patient_orientation"),
        photometric_interpretation=read.code("photometric_interpretation"),
        rows=read.number("rows"),
        columns=read.number("columns"),
        samples_per_pixel=read.number("samples_per_pixel"),
        bits_allocated=read.number("bits_allocated"),
        bits_stored=read.number("bits_stored"),
        number_of_frames=_frames(read),
        manufacturer=read.text("manufacturer"),
        manufacturer_model_name=read.text("manufacturer_model_name"),
        series_description=read.text("series_description"),
        image_type=read.codes("image_type"),
        burned_in_annotation=read.code("burned_in_annotation"),
        pixel_spacing_mm=read.spacing("pixel_spacing") or read.spacing("imager_pixel_spacing"),
        has_pixel_data=file.data_set.pixels is not None,
    )


def _uid(read: "_Reader", keyword: str) -> str:
    raw = read.raw(keyword)
    uid = raw.rstrip(b"\0 ").decode("latin-1") if raw else ""
    if not uid:
        raise HostileInput(f"{keyword} is missing; an instance without it cannot be filed.", code="missing_uid")
    if not is_valid_uid(uid):
        raise HostileInput(f"{keyword} is not a valid UID (PS3.5 §9.1); the sender must correct it.", code="bad_uid")
    return uid


def _frames(read: "_Reader") -> int:
    frames = integer_of(read.element("number_of_frames"))
    if frames is not None and frames < 0:
        raise HostileInput("NumberOfFrames is negative; the sender must correct it.", code="bad_number")
    return frames or 0


def _age(text: str, identity: PatientIdentity) -> int | None:
    """Whole years: PatientAge if it is one, else from birth to study."""
    found = _AGE.fullmatch(text)
    if found:
        return int(int(found[1]) * _UNIT_DAYS[found[2]] / _UNIT_DAYS["Y"] + 1e-9)
    born, seen = _date(identity.patient_birth_date), _date(identity.study_date)
    if born is None or seen is None or seen < born:
        return None
    return seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day))


def _date(text: str) -> date | None:
    found = _DATE.fullmatch(text)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def number_of(element: Element | None, *, signed: bool = False) -> int | None:
    """The first US or SS value; None when absent. Raises HostileInput('bad_vr') for any other VR or length."""
    if element is None or not element.value:
        return None
    if element.vr not in ("", "US", "SS") or len(element.value) % 2:
        raise HostileInput("A pixel description has the wrong value representation.", code="bad_vr")
    order: Literal["big", "little"] = "big" if element.big_endian else "little"
    return int.from_bytes(element.value[:2], order, signed=element.vr == "SS" or (signed and element.vr == ""))


def integer_of(element: Element | None) -> int | None:
    """The first IS value; None when absent. Raises HostileInput('bad_number')."""
    text = _ascii(element).split("\\")[0].strip(" \0")
    if not text:
        return None
    if not _INTEGER.fullmatch(text):
        raise HostileInput("A number is not a number; the sender must correct it.", code="bad_number")
    return int(text)


def decimals_of(element: Element | None) -> tuple[float, ...]:
    """The DS (or IS) values, at most 16; empty where any is not a finite decimal."""
    texts = [part.strip(" \0") for part in _ascii(element).split("\\")[:16]]
    if not all(_DECIMAL.fullmatch(text) for text in texts):
        return ()
    values = tuple(float(text) for text in texts)
    return values if all(map(isfinite, values)) else ()


def term_of(element: Element | None) -> str:
    """The first CS value in upper case; "" when absent."""
    return _ascii(element).split("\\")[0].strip(" \0").upper()[:_CODE_CAP]


def _ascii(element: Element | None) -> str:
    return "" if element is None else element.value[:1024].decode("latin-1")


class _Reader:
    """Values by keyword. Every text leaves here without control or bidirectional characters."""

    def __init__(self, data_set: DataSet) -> None:
        self._values = data_set.values
        self._items = data_set.first_items
        terms = _ascii(self._values.get(_CHARACTER_SET)).split("\\")[:16]
        self._codecs = codecs_of(tuple(terms))
        self.character_set = tuple(plain(term)[:_CODE_CAP] for term in terms) if terms != [""] else ()

    def element(self, keyword: str) -> Element | None:
        return self._values.get(_TAGS[keyword])

    def in_item(self, sequence: int, tag: int) -> Element | None:
        return self._items.get(sequence, {}).get(tag)

    def remark(self, element: Element | None, cap: int = INDICATION_CAP) -> str:
        """Text that a film can do without: "" where its VR is none of text."""
        if element is None or element.vr not in _TEXT_VRS:
            return ""
        return plain(decode_text(element.value, self._codecs, b"\\\r\n\t\f").rstrip("\0 "))[:cap]

    def raw(self, keyword: str) -> bytes:
        element = self.element(keyword)
        if element is None:
            return b""
        if element.vr not in _TEXT_VRS:
            raise HostileInput(f"{keyword} has the wrong value representation.", code="bad_vr")
        return element.value

    def _decode(self, keyword: str, delimiters: bytes = b"\\\r\n\t\f") -> str:
        return decode_text(self.raw(keyword), self._codecs, delimiters).rstrip("\0 ")

    def text(self, keyword: str, cap: int = _TEXT_CAP) -> str:
        return plain(self._decode(keyword))[:cap]

    def name(self, keyword: str) -> str:
        return plain(self._decode(keyword, b"\\^="))[:_NAME_CAP].rstrip("^= ")

    def identifier(self, keyword: str) -> str:
        """Refused, not repaired: two identifiers must never become one."""
        text = self._decode(keyword).strip(" ")
        if len(text) > _IDENTIFIER_CAP or _CONTROL.search(text) or _BIDI.search(text):
            raise HostileInput(
                f"{keyword} is longer than {_IDENTIFIER_CAP} characters or holds control characters.",
                code="bad_identifier",
            )
        return text

    def code(self, keyword: str) -> str:
        return self.text(keyword, _CODE_CAP).upper()

    def codes(self, keyword: str) -> tuple[str, ...]:
        text = self.text(keyword)
        return tuple(part.strip().upper()[:_CODE_CAP] for part in text.split("\\")[:16]) if text else ()

    def date(self, keyword: str) -> str:
        found = _date(self.text(keyword, _CODE_CAP))
        return found.strftime("%Y%m%d").zfill(8) if found else ""

    def time(self, keyword: str) -> str:
        text = self.text(keyword, _CODE_CAP)
        return text.replace(":", "") if _TIME.fullmatch(text) else ""

    def number(self, keyword: str) -> int:
        return number_of(self.element(keyword)) or 0

    def integer_text(self, keyword: str) -> str:
        text = self.text(keyword, _CODE_CAP)
        return text if _INTEGER.fullmatch(text) else ""

    def spacing(self, keyword: str) -> tuple[float, float] | None:
        values = decimals_of(self.element(keyword))
        return (values[0], values[1]) if len(values) == 2 and min(values) > 0 else None


def plain(text: str) -> str:
    """Without control and bidirectional characters."""
    return _BIDI.sub("", _CONTROL.sub(" ", text)).strip()
