"""Says to the sender what became of each instance (PS3.18 §10.5.3 and §I.2: Store Instances Response Module), as DICOM JSON or Native DICOM XML.

| outcome | in | reason (0008,1197) | meaning |
|---|---|---|---|
| stored, duplicate (same bytes) | Referenced SOP Sequence | | durable here |
| conflict | Failed SOP Sequence | 45070 (B00E) | same UID, other bytes: the first is kept |
| identity_conflict | Failed SOP Sequence | 49153 (C001) | the study belongs to another patient |
| claim_mismatch | Failed SOP Sequence | 43265 (A901) | not of the study in the path |
| refused | Other Failures Sequence | 43264 (A900) | malformed or over a limit; it cannot name itself |
| storage_full | Failed / Other | 42752 (A700) | send again later |
| unavailable | Failed / Other | 272 (0110) | send again later |

HTTP: 200 all durable, 202 some, none: 507 when space is missing, 503 when something is down, else 409.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from wetread.ingest.outcome import InstanceOutcome, Outcome

__all__ = ["FAILURE_REASON", "chosen_media_type", "encode_outcomes", "status_of"]

DICOM_JSON, DICOM_XML = "application/dicom+json", "application/dicom+xml"
FAILURE_REASON = {
    Outcome.CONFLICT: 0xB00E,
    Outcome.IDENTITY_CONFLICT: 0xC001,
    Outcome.CLAIM_MISMATCH: 0xA901,
    Outcome.REFUSED: 0xA900,
    Outcome.STORAGE_FULL: 0xA700,
    Outcome.UNAVAILABLE: 0x0110,
}


@dataclass(frozen=True, slots=True)
class _Element:
    tag: str
    vr: str
    keyword: str
    value: "str | int | tuple[_Item, ...]"


_Item = tuple[_Element, ...]


def status_of(outcomes: Sequence[InstanceOutcome]) -> int:
    """The HTTP status of a whole request; `outcomes` is not empty."""
    kinds = {each.outcome for each in outcomes}
    if all(kind.acknowledged for kind in kinds):
        return 200
    if any(kind.acknowledged for kind in kinds):
        return 202
    if Outcome.STORAGE_FULL in kinds:
        return 507
    return 503 if Outcome.UNAVAILABLE in kinds else 409


def chosen_media_type(accept: str) -> str:
    """XML where it is asked for before JSON, else JSON: an image is not refused for what its sender would like to read (RFC 9110 §12.5.1 allows that)."""
    for each in accept.lower().split(","):
        name, *parameters = (part.strip() for part in each.split(";"))
        if "q=0" in parameters:
            continue
        if name in ("*/*", "application/*", DICOM_JSON, "application/json"):
            return DICOM_JSON
        if DICOM_XML in (name, *(part.partition("=")[2].strip('"') for part in parameters)):
            return DICOM_XML
    return DICOM_JSON


def encode_outcomes(outcomes: Sequence[InstanceOutcome], media_type: str, base_url: str) -> bytes:
    """The answer's body; `base_url` stands before `/studies/...` in Retrieve URLs."""
    content = tuple(_response_module(outcomes, base_url))
    return _to_xml(content) if media_type == DICOM_XML else _to_json(content)


def _response_module(outcomes: Sequence[InstanceOutcome], base_url: str) -> Iterator[_Element]:
    stored = [each for each in outcomes if each.outcome.acknowledged]
    failed = [each for each in outcomes if not each.outcome.acknowledged and each.sop_instance_uid]
    nameless = [each for each in outcomes if not each.outcome.acknowledged and not each.sop_instance_uid]
    studies = {each.study_instance_uid for each in stored}
    if len(studies) == 1:
        yield _Element("00081190", "UR", "RetrieveURL", f"{base_url}/studies/{studies.pop()}")
    if failed:
        items = tuple((*_reference(each), _reason(each)) for each in failed)
        yield _Element("00081198", "SQ", "FailedSOPSequence", items)
    if stored:
        items = tuple((*_reference(each), _retrieve_url(each, base_url)) for each in stored)
        yield _Element("00081199", "SQ", "ReferencedSOPSequence", items)
    if nameless:
        yield _Element("0008119A", "SQ", "OtherFailuresSequence", tuple((_reason(each),) for each in nameless))


def _reference(outcome: InstanceOutcome) -> _Item:
    return (
        _Element("00081150", "UI", "ReferencedSOPClassUID", outcome.sop_class_uid),
        _Element("00081155", "UI", "ReferencedSOPInstanceUID", outcome.sop_instance_uid),
    )


def _reason(outcome: InstanceOutcome) -> _Element:
    return _Element("00081197", "US", "FailureReason", FAILURE_REASON[outcome.outcome])


def _retrieve_url(outcome: InstanceOutcome, base_url: str) -> _Element:
    path = f"studies/{outcome.study_instance_uid}/series/{outcome.series_instance_uid}/instances/{outcome.sop_instance_uid}"
    return _Element("00081190", "UR", "RetrieveURL", f"{base_url}/{path}")


def _to_json(content: _Item) -> bytes:
    return json.dumps(_json_item(content), separators=(",", ":")).encode()


def _json_item(item: _Item) -> dict[str, object]:
    return {each.tag: {"vr": each.vr, "Value": _json_values(each.value)} for each in item}


def _json_values(value: "str | int | tuple[_Item, ...]") -> list[object]:
    return [_json_item(each) for each in value] if isinstance(value, tuple) else [value]


def _to_xml(content: _Item) -> bytes:
    """PS3.19 §A.1."""
    inside = "".join(map(_xml_element, content))
    namespace = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
    text = f'<?xml version="1.0" encoding="utf-8"?><NativeDicomModel xmlns="{namespace}">{inside}</NativeDicomModel>'
    return text.encode()


def _xml_element(element: _Element) -> str:
    names = f'tag="{element.tag}" vr="{element.vr}" keyword="{element.keyword}"'
    if isinstance(element.value, tuple):
        items = enumerate(element.value, start=1)
        inside = "".join(f'<Item number="{at}">{"".join(map(_xml_element, item))}</Item>' for at, item in items)
    else:
        inside = f'<Value number="1">{_escaped(str(element.value))}</Value>'
    return f"<DicomAttribute {names}>{inside}</DicomAttribute>"


def _escaped(text: str) -> str:
    return quoteattr(text)[1:-1]
