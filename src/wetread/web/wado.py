"""WADO-RS (PS3.18 §10.4): Part 10 files, streamed: byte for byte as stored, or with another transfer syntax, the pixels never with loss.

The last piece of each file is held back until the whole has hashed to its name: a damaged file breaks the answer off instead of delivering other pixels.
What is asked for without a transfer syntax comes in Explicit VR Little Endian (PS3.18 §8.7.3.3), as stored where we cannot decode it; `transfer-syntax=*` is as stored.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from starlette.responses import Response, StreamingResponse

from wetread.domain.errors import PermanentError, UnsuitableImage
from wetread.domain.identifiers import is_valid_uid
from wetread.ports.vault import VaultInstance
from wetread.web.accept import DICOM, RELATED, Offer, choose
from wetread.web.operations import Call
from wetread.web.related import boundary_of, length_of, one_by_one, related
from wetread.web.retrieved import asked_for, audit_retrieval, drained, instances_in_path, verified

__all__ = ["file_offers", "retrieve"]

_CHUNK_BYTES = 2**20
_DEFAULT, _AS_STORED, _EXPLICIT = "default", "as stored", "1.2.840.10008.1.2.1"


@dataclass(frozen=True, slots=True)
class _Part:
    """`size_bytes` is None before it is known."""

    transfer_syntax_uid: str
    size_bytes: int | None
    pieces: Callable[[], Iterator[bytes]]

    @property
    def described(self) -> str:
        syntax = self.transfer_syntax_uid
        return f"{DICOM}; transfer-syntax={syntax}" if is_valid_uid(syntax) else DICOM


def retrieve(call: Call) -> Response:
    """Of a study, a series or an instance."""
    instances = instances_in_path(call)
    offer = choose(
        call.headers.get("accept", "*/*"), call.query, file_offers(instances, call.house.services.forms.targets)
    )
    make = [partial(_part, call, each, offer.transfer_syntax) for each in instances]
    first = asked_for(make[0])
    audit_retrieval(call, instances)
    if offer.media_type == DICOM:
        headers = {} if first.size_bytes is None else {"Content-Length": str(first.size_bytes)}
        media_type = f"{DICOM}; transfer-syntax={first.transfer_syntax_uid}"
        return StreamingResponse(first.pieces(), media_type=media_type, headers=headers)
    boundary = boundary_of(call)
    parts, headers = one_by_one(first, make[1:]), {}
    if all(_kept_syntax(each, offer.transfer_syntax) for each in instances):
        whole = list(parts)
        length = length_of(((each.described, each.size_bytes or 0) for each in whole), boundary)
        parts, headers = iter(whole), {"Content-Length": str(length)}
    return related(((each.described, each.pieces()) for each in parts), DICOM, boundary, headers)


def file_offers(instances: Sequence[VaultInstance], targets: Sequence[str]) -> list[Offer]:
    """What these files can be given as, several or one of them."""
    stored = {each.header.traits.transfer_syntax_uid for each in instances}
    alike = [
        Offer(RELATED, DICOM, syntax, default=False)
        for syntax in sorted({*targets, *(stored if len(stored) == 1 else ())})
    ]
    several = [Offer(RELATED, DICOM, _DEFAULT), Offer(RELATED, DICOM, _AS_STORED, stored=True, default=False), *alike]
    single = [Offer(DICOM, "", each.transfer_syntax, each.stored, each.default) for each in several]
    return [*several, *(single if len(instances) == 1 else [])]


def _kept_syntax(instance: VaultInstance, wanted: str) -> bool:
    """The bytes go as they are."""
    stored = instance.header.traits.transfer_syntax_uid
    return wanted in (_AS_STORED, stored) or (wanted == _DEFAULT and stored == _EXPLICIT)


def _part(call: Call, instance: VaultInstance, wanted: str) -> _Part:
    """Raises UnsuitableImage where only another syntax than `wanted` can be had."""
    if _kept_syntax(instance, wanted):
        return _stored_part(call, instance)
    target = _EXPLICIT if wanted == _DEFAULT else wanted
    try:
        held = call.house.services.forms.transcoded(verified(call, instance), target)
    except UnsuitableImage:
        if wanted != _DEFAULT:
            raise
        return _stored_part(call, instance)
    return _Part(target, held.size, partial(drained, held))


def _stored_part(call: Call, instance: VaultInstance) -> _Part:
    path = call.house.services.file_store.path_of(instance.content_sha256)
    pieces = partial(_whole_file, path, instance.content_sha256)
    return _Part(instance.header.traits.transfer_syntax_uid, path.stat().st_size, pieces)


def _whole_file(path: Path, sha256: str) -> Iterator[bytes]:
    digest, held = hashlib.sha256(), b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            if held:
                yield held
            held = chunk
    if digest.hexdigest() != sha256:
        raise PermanentError("the stored bytes are damaged: restore them from the archive", code="bytes_damaged")
    yield held
