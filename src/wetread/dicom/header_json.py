"""Translates an `InstanceHeader` to plain JSON and back, trusting nothing on the way back: the child may have been taken over."""

from typing import Any, TypeVar, cast

from wetread.dicom.header import INDICATION_CAP
from wetread.domain.finding import Code
from wetread.domain.identifiers import SeriesInstanceUID, SOPInstanceUID, StudyInstanceUID, is_valid_uid
from wetread.domain.study import ImageTraits, Indication, InstanceHeader, PatientIdentity, ProcedureStep, Sex

__all__ = ["header_from_json", "header_to_json"]

_Kind = TypeVar("_Kind", str, int, bool)
_LONGEST = 256


def header_to_json(header: InstanceHeader) -> dict[str, Any]:
    """A JSON object with the dataclasses' own field names. Not `dataclasses.asdict`, which copies every text: a fifth of what a header costs."""
    return cast(dict[str, Any], _to_json(header))


def _to_json(value: Any) -> Any:
    names = getattr(value, "__dataclass_fields__", None)
    if names is not None:
        return {name: _to_json(getattr(value, name)) for name in names}
    return [_to_json(each) for each in value] if isinstance(value, tuple) else value


def header_from_json(data: Any) -> InstanceHeader:
    """Raises ValueError for anything that is not exactly a header."""
    try:
        return _header(data)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError("not an instance header") from error


def _header(data: dict[str, Any]) -> InstanceHeader:
    age = data["patient_age_years"]
    return InstanceHeader(
        study_instance_uid=StudyInstanceUID(_uid(data["study_instance_uid"])),
        series_instance_uid=SeriesInstanceUID(_uid(data["series_instance_uid"])),
        sop_instance_uid=SOPInstanceUID(_uid(data["sop_instance_uid"])),
        identity=_identity(data["identity"]),
        traits=_traits(data["traits"]),
        institution_name=_text(data["institution_name"]),
        station_name=_text(data["station_name"]),
        series_number=_text(data["series_number"]),
        instance_number=_text(data["instance_number"]),
        patient_age_years=None if age is None else _is(age, int),
        specific_character_set=_texts(data["specific_character_set"]),
        institutional_department_name=_text(data["institutional_department_name"]),
        indication=_indication(data["indication"]),
        procedure_step=ProcedureStep(**{name: _text(value) for name, value in data["procedure_step"].items()}),
        timezone_offset_from_utc=_text(data["timezone_offset_from_utc"]),
    )


def _indication(data: dict[str, Any]) -> Indication:
    codes = (Code(_text(each["value"]), _text(each["scheme"]), _text(each["meaning"])) for each in data["codes"])
    return Indication(_text(data["text"], INDICATION_CAP), tuple(codes))


def _identity(data: dict[str, Any]) -> PatientIdentity:
    texts = {name: _text(value) for name, value in data.items() if name != "patient_sex"}
    return PatientIdentity(patient_sex=Sex(_text(data["patient_sex"])), **texts)


_NUMBERS = ("rows", "columns", "samples_per_pixel", "bits_allocated", "bits_stored", "number_of_frames")
_OTHERS = ("patient_orientation", "image_type", "pixel_spacing_mm", "has_pixel_data", *_NUMBERS)


def _traits(data: dict[str, Any]) -> ImageTraits:
    spacing = data["pixel_spacing_mm"]
    texts: dict[str, Any] = {name: _text(value) for name, value in data.items() if name not in _OTHERS}
    numbers: dict[str, Any] = {name: _is(data[name], int) for name in _NUMBERS}
    return ImageTraits(
        patient_orientation=_texts(data["patient_orientation"]),
        image_type=_texts(data["image_type"]),
        pixel_spacing_mm=None if spacing is None else (float(spacing[0]), float(spacing[1])),
        has_pixel_data=_is(data["has_pixel_data"], bool),
        **texts,
        **numbers,
    )


def _is(value: Any, kind: type[_Kind]) -> _Kind:
    if type(value) is not kind:
        raise ValueError("not an instance header")
    return value


def _text(value: Any, longest: int = _LONGEST) -> str:
    text = _is(value, str)
    if len(text) > longest:
        raise ValueError("not an instance header")
    return text


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(_text(value) for value in values)


def _uid(value: Any) -> str:
    uid = _text(value)
    if not is_valid_uid(uid):
        raise ValueError("not an instance header")
    return uid
