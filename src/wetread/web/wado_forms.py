"""WADO-RS metadata, frames and bulk data (PS3.18 §10.4.1.1): made by the sandboxed decoder, of verified bytes."""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from starlette.responses import Response, StreamingResponse

from wetread.ports.vault import VaultInstance
from wetread.web.accept import DICOM_JSON, DICOM_XML, RELATED, Offer, choose
from wetread.web.dicom_xml import native_model
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.qido import base_url
from wetread.web.related import boundary_of, one_by_one, related
from wetread.web.retrieved import asked_for, audit_retrieval, drained, instances_in_path, verified

__all__ = ["COMPRESSED_TYPES", "retrieve_bulk_data", "retrieve_frames", "retrieve_metadata"]

OCTETS = "application/octet-stream"
COMPRESSED_TYPES = {
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.201": "image/jphc",
    "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
    "1.2.840.10008.1.2.5": "image/dicom-rle",
}
"""PS3.18 tables 8.7.3-2 and -3: media type of a frame by the transfer syntax that it is stored in."""

_METADATA = (Offer(DICOM_JSON), Offer("application/json"), Offer(RELATED, DICOM_XML))
_EXPLICIT, _PIXEL_DATA = "1.2.840.10008.1.2.1", "7FE00010"
_PLACE = re.compile(r"[0-9A-F]{8}(?:\.[1-9][0-9]{0,6}\.[0-9A-F]{8}){0,64}")
_FRAME_LIST = re.compile(r"[1-9][0-9]{0,5}(?:,[1-9][0-9]{0,5}){0,255}")


def retrieve_metadata(call: Call) -> Response:
    """Of a study, series or instance: an array with one data set an instance, or as many XML parts; written as they are made."""
    instances = instances_in_path(call)
    offer = choose(call.headers.get("accept", "*/*"), call.query, _METADATA)
    first = asked_for(partial(_metadata, call, instances[0]))
    audit_retrieval(call, instances, "metadata")
    data_sets = one_by_one(first, [partial(_metadata, call, each) for each in instances[1:]])
    if offer.media_type != RELATED:
        return StreamingResponse(_json_array(data_sets), media_type=offer.media_type)
    boundary = boundary_of(call)
    documents = (native_model(each, call.house.services.forms.keyword_of) for each in data_sets)
    parts = ((DICOM_XML, iter([each])) for each in documents)
    return related(parts, DICOM_XML, boundary)


def retrieve_frames(call: Call) -> Response:
    """The frames named, in the order named: little-endian cells, or as stored where those are compressed. Raises Refusal 400, 404 and 406."""
    (instance,) = instances_in_path(call)
    numbers = frame_numbers(call)
    if max(numbers) > max(1, instance.header.traits.number_of_frames):
        raise Refusal(404, "no_such_frame", "the instance has fewer frames")
    offer = choose(call.headers.get("accept", "*/*"), call.query, _frame_offers(instance, single=len(numbers) == 1))
    kind, stored = offer.part_type or offer.media_type, (offer.part_type or offer.media_type) != OCTETS
    path, forms = verified(call, instance), call.house.services.forms
    make = [partial(forms.frame, path, at, stored=stored) for at in numbers]
    first = asked_for(make[0])
    audit_retrieval(call, [instance], "frames")
    described = f"{kind}; transfer-syntax={instance.header.traits.transfer_syntax_uid if stored else _EXPLICIT}"
    if offer.media_type != RELATED:
        return StreamingResponse(drained(first), media_type=described, headers={"Content-Length": str(first.size)})
    parts = ((described, drained(each)) for each in one_by_one(first, make[1:]))
    return related(parts, kind, boundary_of(call))


def retrieve_bulk_data(call: Call) -> Response:
    """The value that `BulkDataURI` of the metadata names; pixel data are all frames one after the other, uncompressed."""
    (instance,) = instances_in_path(call)
    place = call.path["place"].upper()
    if not _PLACE.fullmatch(place):
        raise Refusal(400, "query_misfit", "bulk data are named by tag, or tag.item.tag")
    offer = choose(call.headers.get("accept", "*/*"), call.query, (Offer(RELATED, OCTETS), Offer(OCTETS)))
    path, forms = verified(call, instance), call.house.services.forms
    if place == _PIXEL_DATA:
        count = max(1, instance.header.traits.number_of_frames)
        make = [partial(forms.frame, path, at, stored=False) for at in range(1, count + 1)]
        held = one_by_one(asked_for(make[0]), make[1:])
    else:
        held = iter([asked_for(partial(forms.value, path, place))])
    audit_retrieval(call, [instance], "bulkdata")
    pieces = (piece for each in held for piece in drained(each))
    if offer.media_type == OCTETS:
        return StreamingResponse(pieces, media_type=OCTETS)
    return related(iter([(OCTETS, pieces)]), OCTETS, boundary_of(call))


def frame_numbers(call: Call) -> list[int]:
    """Of the path, from 1; raises Refusal 400."""
    text = call.path["frames"]
    if not _FRAME_LIST.fullmatch(text):
        raise Refusal(400, "query_misfit", "frames are numbers from 1, with commas between")
    return [int(each) for each in text.split(",")]


def _frame_offers(instance: VaultInstance, *, single: bool) -> list[Offer]:
    syntax = instance.header.traits.transfer_syntax_uid
    kinds = [(OCTETS, _EXPLICIT)] + ([(COMPRESSED_TYPES[syntax], syntax)] if syntax in COMPRESSED_TYPES else [])
    offers = [Offer(RELATED, kind, each, stored=True) for kind, each in kinds]
    return offers + ([Offer(kind, "", each, stored=True) for kind, each in kinds] if single else [])


def _metadata(call: Call, instance: VaultInstance) -> dict[str, Any]:
    found = call.house.services.forms.metadata(verified(call, instance))
    header = instance.header
    place = (
        "studies",
        header.study_instance_uid,
        "series",
        header.series_instance_uid,
        "instances",
        header.sop_instance_uid,
    )
    _address(found, "/".join((base_url(call) or "/dicom-web", *place, "bulkdata")))
    return found


def _address(data_set: dict[str, Any], base: str) -> None:
    """Puts the address before each place of a value."""
    todo = [data_set]
    while todo:
        for element in todo.pop().values():
            if "BulkDataURI" in element:
                element["BulkDataURI"] = f"{base}/{element['BulkDataURI']}"
            if element["vr"] == "SQ":
                todo += element.get("Value", [])


def _json_array(data_sets: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    before = b"["
    for each in data_sets:
        yield before + json.dumps(each, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(
            "utf-8", "replace"
        )
        before = b","
    yield b"]"
