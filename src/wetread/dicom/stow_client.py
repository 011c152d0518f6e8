"""STOW-RS as user agent (PS3.18 §10.5): one request, and what its answer says about each instance.

An instance counts as stored only where the answer names it: Orthanc 1.10 answers 200 with empty sequences to a body it did not understand.
"""

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import urlsplit

import urllib3

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.no_answer import why_no_answer
from wetread.ports.sink import Encoder, ReportPackage

__all__ = [
    "TRY_AGAIN_STATUS",
    "StowAnswer",
    "StowPeer",
    "StowSink",
    "answering",
    "read_answer",
    "store_instances",
    "stow_outcome",
    "values_of",
]

_ANSWER_LIMIT_BYTES = 4 * 1024 * 1024
_REFERENCED, _FAILED = "00081199", "00081198"
_SOP_INSTANCE, _FAILURE = "00081155", "00081197"
_DUPLICATE = (0x0111, 45070)
_TRY_AGAIN_REASONS = (0x0110, 45071, *range(0xA700, 0xA800))
TRY_AGAIN_STATUS = (408, 425, 429, 500, 502, 503, 504, 507)


@dataclass(frozen=True, slots=True)
class StowPeer:
    """A DICOMweb service by its base URL. `authorization` is the value of that header, sent to this service only."""

    url: str
    authorization: str = ""
    timeout_s: float = 60.0

    @property
    def host(self) -> str:
        """What error messages call it: a URL's path or query may carry secrets."""
        return urlsplit(self.url).hostname or "the archive"


@dataclass(frozen=True, slots=True)
class StowAnswer:
    """HTTP status, the SOP Instance UIDs that were stored, and those that failed with their failure reason (0008,1197)."""

    status: int
    stored: frozenset[str]
    failed: Mapping[str, int]


def store_instances(
    peer: StowPeer, parts: Sequence[tuple[int, Iterable[bytes]]], pool: urllib3.PoolManager
) -> StowAnswer:
    """Send Part 10 files given as (length in bytes, chunks), never all in memory. Raises TransientError or PermanentError when there was no readable exchange."""
    boundary = secrets.token_hex(24)  # unguessable, so that no file can contain it
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    tail = f"--{boundary}--\r\n".encode()
    headers = {
        "Accept": "application/dicom+json",
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        "Content-Length": str(sum(len(head) + length + 2 for length, _ in parts) + len(tail)),
    }
    if peer.authorization:
        headers["Authorization"] = peer.authorization
    status, body = _exchange(peer, headers, _body(parts, head, tail), pool)
    return read_answer(status, body)


def _body(parts: Sequence[tuple[int, Iterable[bytes]]], head: bytes, tail: bytes) -> Iterator[bytes]:
    for _, chunks in parts:
        yield head
        yield from chunks
        yield b"\r\n"
    yield tail


def _exchange(
    peer: StowPeer, headers: Mapping[str, str], body: Iterator[bytes], pool: urllib3.PoolManager
) -> tuple[int, bytes]:
    with answering(peer.host):
        answer = pool.request(
            "POST",
            f"{peer.url.rstrip('/')}/studies",
            body=body,
            headers=headers,
            timeout=urllib3.Timeout(connect=min(10.0, peer.timeout_s), read=peer.timeout_s),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            return answer.status, answer.read(_ANSWER_LIMIT_BYTES)
        finally:
            answer.release_conn()


@contextmanager
def answering(host: str) -> Iterator[None]:
    """What urllib3 raises in here as TransientError or PermanentError; `host` is what they call the service."""
    try:
        yield
    except (urllib3.exceptions.SSLError, urllib3.exceptions.LocationValueError) as error:
        raise PermanentError(f"{host}: no trusted connection: {why_no_answer(error)}", code="tls_failed") from error
    except urllib3.exceptions.HTTPError as error:
        raise TransientError(f"{host} does not answer: {why_no_answer(error)}", code="receiver_unreachable") from error


def read_answer(status: int, body: bytes) -> StowAnswer:
    """The Store Instances Response Module (PS3.18 table 10.5.3-1) of a DICOM JSON body; a body that is none names no instance."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = {}
    stored = {uid: 0 for uid, _ in _items(answer, _REFERENCED)}
    failed = {uid: reason for uid, reason in _items(answer, _FAILED) if uid}
    return StowAnswer(status, frozenset(stored), failed)


def _items(answer: object, tag: str) -> Iterator[tuple[str, int]]:
    for item in values_of(answer, tag):
        uids, reasons = list(values_of(item, _SOP_INSTANCE)), list(values_of(item, _FAILURE))
        reason = reasons[0] if reasons else 0
        yield str(uids[0]) if uids else "", reason if isinstance(reason, int) else 0


def values_of(item: object, tag: str) -> Sequence[object]:
    """Of an element of DICOM JSON (PS3.18 F.2.2); none where there is none, or something else stands."""
    element = item.get(tag) if isinstance(item, dict) else None
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else []


def stow_outcome(answer: StowAnswer, sop_instance_uid: str, peer: str) -> str:
    """'stored' or 'duplicate' for one instance; raises TransientError or PermanentError where the answer says, or leaves open, that it was not stored."""
    if sop_instance_uid in answer.stored and answer.status < 300:
        return "stored"
    if answer.status in (401, 403):
        raise PermanentError(
            f"{peer} does not let us store (HTTP {answer.status}): check our credentials there", code="not_authorised"
        )
    reason = answer.failed.get(sop_instance_uid)
    said = f"HTTP {answer.status}" + ("" if reason is None else f", reason {reason:04X}")
    if reason in _DUPLICATE:
        return "duplicate"
    if reason in _TRY_AGAIN_REASONS or (reason is None and answer.status in TRY_AGAIN_STATUS):
        raise TransientError(f"{peer} cannot store now ({said})", code="receiver_busy")
    if reason is None and answer.status < 300:
        raise PermanentError(
            f"{peer} answered {answer.status} but does not say that it stored the object", code="unconfirmed"
        )
    raise PermanentError(f"{peer} refuses the object ({said}): look into its log", code="store_refused")


class StowSink:
    """Sends every document the encoders make to one archive, in one request each. Fixed UIDs make a repeated one known there."""

    def __init__(self, peer: StowPeer, encoders: Sequence[Encoder], name: str = "stow") -> None:
        self.name = name
        self._peer = peer
        self._encoders = encoders
        self._pool = urllib3.PoolManager(num_pools=1)

    def deliver(self, package: ReportPackage) -> str:
        documents = [document for encode in self._encoders if (document := encode(package)) is not None]
        return ", ".join(self._store(document) for document in documents)

    def _store(self, document: bytes) -> str:
        from pydicom import dcmread  # a server lists its sinks; only a delivery needs pydicom

        uid = str(dcmread(BytesIO(document), specific_tags=["SOPInstanceUID"]).SOPInstanceUID)
        answer = store_instances(self._peer, [(len(document), [document])], self._pool)
        return stow_outcome(answer, uid, self._peer.host)
