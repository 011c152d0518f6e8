"""What is fuzzed: a function of bytes that may refuse in the words of its contract and no others, and seeds that our own code makes."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from films import film
from hl7_messages import message, orm, pid

from wetread.dicom.byte_source import BytesSource
from wetread.dicom.codec_header import FrameShape, check_frame, rle_segments
from wetread.dicom.commitment_message import read_message
from wetread.dicom.dimse_identifier import read_question, read_selection
from wetread.dicom.header import HEADER_ITEMS, HEADER_TAGS, header_of
from wetread.dicom.limits import Limits
from wetread.dicom.part10 import read_part10
from wetread.domain.errors import HostileInput, PermanentError, UnsuitableImage
from wetread.domain.strict_json import StrictJsonError, read_strict_json
from wetread.fhir.orders_read import ResourceRefused, order_of, status_of
from wetread.hl7.instructions import HospitalWays, instruction_of
from wetread.hl7.parse import ParseLimits, parse_message, read_header
from wetread.ingest.multipart import MultipartParser, parse_media_type, related_boundary
from wetread.web.problems import Refusal
from wetread.web.stow_http import parse_head

__all__ = ["TARGETS", "Target"]

_NOW = datetime(2026, 11, 29, tzinfo=UTC)
_IMPLICIT, _EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


@dataclass(frozen=True, slots=True)
class Target:
    """`refusals`: what `run` may raise; anything else is a crash."""

    run: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    seeds: Callable[[], Iterable[bytes]]

    def try_out(self, data: bytes) -> None:
        """Raises only what the contract does not allow."""
        try:
            self.run(data)
        except self.refusals:
            return


def _part10(data: bytes) -> None:
    header_of(read_part10(BytesSource(data), HEADER_TAGS, HEADER_ITEMS, Limits()))


def _multipart(data: bytes) -> None:
    """However the body is cut, the parts are the same."""
    whole, pieces = _events(data, len(data) or 1), _events(data, 7)
    assert whole == pieces, "cut another way, the body reads otherwise"


def _events(data: bytes, step: int) -> list[object]:
    parser = MultipartParser(b"x", max_parts=50, max_fields_bytes=500, buffer_bytes=1 << 12)
    found: list[object] = []
    try:
        while data:
            room = parser.vacant()
            taken = min(len(room), step, len(data))
            room[:taken], data = data[:taken], data[taken:]
            for event in parser.advance(taken):
                piece = bytes(event) if isinstance(event, memoryview) else event
                if isinstance(piece, bytes) and found and isinstance(found[-1], bytes):
                    found[-1] += piece
                else:
                    found.append(piece)
        parser.finish()
    except PermanentError as error:
        found.append(error.code)
    return found


def _media_type(data: bytes) -> None:
    text = data.decode("latin-1")
    parse_media_type(text)
    related_boundary(text, "application/dicom")


def _hl7(data: bytes) -> None:
    read_header(data)
    instruction_of(parse_message(data, ParseLimits()), HospitalWays(), _NOW)


def _fhir_order(data: bytes) -> None:
    resource = read_strict_json(data, max_depth=50)
    if isinstance(resource, dict):
        status_of(resource)
        order_of(resource, "k", {"HOSPITAL": "urn:h"}, lambda _: resource, _NOW)


def _identifier(data: bytes) -> None:
    syntax, model, content = (_IMPLICIT, _EXPLICIT)[data[:1] > b"\x7f"], data[1:2] > b"\x7f", data[2:]
    for read in (read_question, read_selection):
        try:
            read(content, syntax, patient_root=model)
        except (HostileInput, PermanentError):
            continue


def _commitment(data: bytes) -> None:
    read_message(data[1:], (_IMPLICIT, _EXPLICIT)[data[:1] > b"\x7f"])


def _frame(data: bytes) -> None:
    shape = FrameShape(16, 16, 1, 16, 16, signed=False)
    codec = ("jpeg", "jpeg_lossless", "jpeg_ls", "jpeg_2000", "rle")[data[0] % 5] if data else "rle"
    if codec == "rle":
        rle_segments(data[1:], shape)
    else:
        check_frame(codec, data[1:], shape)


def _films() -> Iterable[bytes]:
    whole = film(side=128)
    return whole, whole[:2000], whole[:400]


def _bodies() -> Iterable[bytes]:
    part = b"--x\r\nContent-Type: application/dicom\r\n\r\nDICM\r\n"
    return part + b"--x--", b"preamble\r\n" + part * 3 + b"--x--\r\n", part


def _orders() -> Iterable[bytes]:
    person = {"resourceType": "Patient", "identifier": [{"system": "urn:h", "value": "1"}], "name": [{"family": "Doe"}]}
    accession = {"type": {"coding": [{"code": "ACSN"}]}, "value": "A1"}
    order = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "identifier": [accession],
        "subject": {"reference": "#p"},
        "contained": [person],
        "priority": "stat",
        "reasonCode": [{"text": "cough", "coding": [{"system": "http://snomed.info/sct", "code": "49727002"}]}],
    }
    return json.dumps(order).encode(), json.dumps({**order, "subject": {"identifier": {"value": "1"}}}).encode()


def _data_sets() -> Iterable[bytes]:
    level = b"\x08\x00\x52\x00\x06\x00\x00\x00STUDY " + b"\x10\x00\x20\x00\x04\x00\x00\x00AB*1"
    return b"\x00\x00" + level, b"\xff\xffRubbish", b"\x00\xff" + level * 2


TARGETS: dict[str, Target] = {
    "part10": Target(_part10, (HostileInput,), _films),
    "multipart": Target(_multipart, (), _bodies),
    "media_type": Target(_media_type, (PermanentError,), lambda: (b'multipart/related; type="application/dicom"; boundary=x',)),
    "http_head": Target(lambda data: parse_head(data + b"\r\n\r\n"), (Refusal,), lambda: (b"POST /dicom-web/studies HTTP/1.1\r\nHost: a\r\nContent-Length: 5",)),
    "hl7": Target(_hl7, (PermanentError,), lambda: (orm(), orm(notes="\\X0D\\PID"), message(pid()))),
    "strict_json": Target(lambda data: read_strict_json(data, max_depth=50), (StrictJsonError,), lambda: (b'{"a":[1,2.5,null,"\\u00e9"]}',)),
    "fhir_order": Target(_fhir_order, (StrictJsonError, ResourceRefused), _orders),
    "dimse_identifier": Target(_identifier, (), _data_sets),
    "commitment": Target(_commitment, (HostileInput, PermanentError), _data_sets),
    "frame": Target(_frame, (UnsuitableImage,), lambda: (b"\x00\xff\xd8\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00\xff\xd9", b"\x04" + bytes(64))),
}  # fmt: skip


def write_seeds(name: str, folder: Path) -> None:
    """The corpus that the fuzzer begins with; what it found before stays beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds()):
        (folder / f"seed-{number}").write_bytes(seed)
