"""WADO-RS (PS3.18 §10.4): the stored Part 10 files, byte for byte, streamed. Nothing is transcoded: another transfer syntax is answered 406.

The last piece of each file is held back until the whole has hashed to its name: a damaged file breaks the answer off instead of delivering other pixels.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import Response, StreamingResponse

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError, StudyNotFound
from wetread.domain.identifiers import is_valid_uid
from wetread.ports.vault import VaultInstance
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.qido import find_study, uid_in_path
from wetread.web.veil import instances_of, shown_instances

__all__ = ["accepted_as", "retrieve_instance", "retrieve_series", "retrieve_study"]

_CHUNK_BYTES = 2**20
_DICOM, _RELATED = "application/dicom", "multipart/related"


@dataclass(frozen=True, slots=True)
class _Part:
    path: Path
    sha256: str
    size_bytes: int
    transfer_syntax_uid: str


def retrieve_study(call: Call) -> Response:
    study = find_study(call)
    return _related(call, list(instances_of(call, study.study_key)))


def retrieve_series(call: Call) -> Response:
    series_uid, study = uid_in_path(call, "series_uid"), find_study(call)
    instances = instances_of(call, study.study_key)
    return _related(call, [each for each in instances if each.header.series_instance_uid == series_uid])


def retrieve_instance(call: Call) -> Response:
    uids = [uid_in_path(call, name) for name in ("study_uid", "series_uid", "sop_uid")]
    found = call.house.services.vault.find_instance(*uids)
    if found is None or not shown_instances(call, found.study_key, [found]):
        raise StudyNotFound("no such instance")
    syntax = found.header.traits.transfer_syntax_uid
    if accepted_as(call.headers.get("accept", "*/*"), {syntax}, single=True) == _RELATED:
        return _related(call, [found])
    part = _part(call, found)
    _audit(call, [found])
    headers = {"Content-Length": str(part.size_bytes)}
    return StreamingResponse(_whole_file(part), media_type=f"{_DICOM}; transfer-syntax={syntax}", headers=headers)


def accepted_as(accept: str, stored_syntaxes: set[str], *, single: bool) -> str:
    """multipart/related, or application/dicom when only that is asked for; raises Refusal 406 for what we do not hold (PS3.18 §8.7.3)."""
    for entry in accept.split(","):
        media_type, *parameters = (piece.strip() for piece in entry.split(";"))
        given = dict(_parameter(each) for each in parameters if "=" in each)
        wanted = given.get("transfer-syntax", "*")
        fits = wanted == "*" or stored_syntaxes == {wanted}
        inner = given.get("type", _DICOM).lower()
        if media_type.lower() in ("*/*", "multipart/*", _RELATED) and inner in (_DICOM, "*/*") and fits:
            return _RELATED
        if media_type.lower() in (_DICOM, "application/*") and single and fits:
            return _DICOM
    raise Refusal(
        406, "not_acceptable", "files are given as stored: multipart/related; type=application/dicom; transfer-syntax=*"
    )


def _related(call: Call, instances: list[VaultInstance]) -> Response:
    if not instances:
        raise StudyNotFound("no such series")
    syntaxes = {each.header.traits.transfer_syntax_uid for each in instances}
    accepted_as(call.headers.get("accept", "*/*"), syntaxes, single=False) if len(instances) > 1 else None
    parts = [_part(call, each) for each in instances]
    boundary = f"wetread-{call.house.services.new_secret()}".replace("_", "-")
    _audit(call, instances)
    closing = f"--{boundary}--\r\n".encode()
    length = sum(len(_part_head(each, boundary)) + each.size_bytes + 2 for each in parts) + len(closing)
    return StreamingResponse(
        _multipart(parts, boundary, closing),
        media_type=f'{_RELATED}; type="{_DICOM}"; boundary={boundary}',
        headers={"Content-Length": str(length)},
    )


def _multipart(parts: list[_Part], boundary: str, closing: bytes) -> Iterator[bytes]:
    for part in parts:
        yield _part_head(part, boundary)
        yield from _whole_file(part)
        yield b"\r\n"
    yield closing


def _part_head(part: _Part, boundary: str) -> bytes:
    syntax = f"; transfer-syntax={part.transfer_syntax_uid}" if is_valid_uid(part.transfer_syntax_uid) else ""
    return f"--{boundary}\r\nContent-Type: {_DICOM}{syntax}\r\n\r\n".encode()


def _whole_file(part: _Part) -> Iterator[bytes]:
    digest, held = hashlib.sha256(), b""
    with part.path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            if held:
                yield held
            held = chunk
    if digest.hexdigest() != part.sha256:
        raise PermanentError("the stored bytes are damaged: restore them from the archive", code="bytes_damaged")
    yield held


def _part(call: Call, instance: VaultInstance) -> _Part:
    path = call.house.services.file_store.path_of(instance.content_sha256)
    size_bytes = path.stat().st_size
    return _Part(path, instance.content_sha256, size_bytes, instance.header.traits.transfer_syntax_uid)


def _audit(call: Call, instances: list[VaultInstance]) -> None:
    detail = (("instances", str(len(instances))),)
    actor_id = call.signed_in.actor.actor_id
    call.house.audit(AuditEvent("dicomweb.retrieve", actor_id, study_key=instances[0].study_key, detail=detail))


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip().strip('"')
