"""STOW-RS, the transaction itself (PS3.18 §10.5): who may store, is it a body we take, its parts into the reception, one answer.

Knows no server: `stow_listener` and `stow_asgi` bring the requests. The parts of a request enter together when it is complete; only beyond `_BATCH` parts do the first ones enter
sooner. What was answered with an error may therefore partly be stored: sending it again is safe.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from starlette.responses import Response

from wetread.domain.acting_from import acting_from
from wetread.domain.errors import TransientError
from wetread.domain.identifiers import is_valid_uid
from wetread.domain.role import Act, Actor, require
from wetread.ingest.multipart import Event, MultipartParser, PartBegin, PartEnd, parse_media_type, related_boundary
from wetread.ingest.outcome import Claim, InstanceOutcome
from wetread.ingest.reception import Reception
from wetread.ports.file_store import IncomingFile
from wetread.web.problems import Refusal, problem_from
from wetread.web.stow_response import chosen_media_type, encode_outcomes, status_of

__all__ = ["Authorise", "Body", "StowDoor", "StowRequest"]

_BATCH = 64
_DICOM = "application/dicom"
_RETRY_AFTER_S = "10"

Authorise = Callable[[Mapping[str, str], str], Actor | None]
"""(headers with names in lower case, address of the peer) to who that is; None is answered with 401."""


class Body(Protocol):
    def readinto(self, buffer: memoryview) -> int:
        """Fill some of `buffer`; 0 at the end. Raises ConnectionError when the sender is gone, Refusal when it breaks the rules."""
        ...


@dataclass(frozen=True, slots=True)
class StowRequest:
    """`path` is without query, `headers` with names in lower case, `peer_ip` the address the request came from."""

    path: str
    headers: Mapping[str, str]
    peer_ip: str
    body: Body


class StowDoor:
    """Blocking, and safe to use from many threads."""

    def __init__(
        self,
        reception: Reception,
        authorise: Authorise,
        *,
        prefix: str = "/dicom-web",
        max_body_bytes: int = 2 * 1024**3,
        max_parts: int = 4096,
    ) -> None:
        self.prefix = prefix
        self._reception = reception
        self._authorise = authorise
        self._max_body_bytes = max_body_bytes
        self._max_parts = max_parts
        self._path = re.compile(re.escape(prefix) + r"/studies(?:/([^/]+))?")

    def answers(self, method: str, path: str) -> bool:
        """True when the request is this transaction."""
        return method == "POST" and self._path.fullmatch(path) is not None

    def handle(self, request: StowRequest) -> Response:
        """The answer; raises only ConnectionError, when there is nobody left to be answered."""
        try:
            with acting_from(request.peer_ip):
                return self._store(request)
        except ConnectionError:
            raise
        except TransientError as error:
            status = 507 if error.code == "storage_full" else 503
            return problem_from(Refusal(status, error.code, str(error), {"Retry-After": _RETRY_AFTER_S}))
        except Exception as error:  # noqa: BLE001  (problem_from logs the kind and tells the sender nothing of it)
            return problem_from(error)

    def _store(self, request: StowRequest) -> Response:
        headers = request.headers
        actor = self._authorise(headers, request.peer_ip)
        if actor is None:
            raise Refusal(401, "not_signed_in", "who are you? send a token", {"WWW-Authenticate": "Bearer"})
        require(actor, Act.STORE_INSTANCE)
        claim, media_type = self._claim(request.path), chosen_media_type(headers.get("accept", ""))
        boundary = self._check_content(headers)
        outcomes = self._receive(request.body, boundary, actor.actor_id, claim)
        status = status_of(outcomes)
        wait = {"Retry-After": _RETRY_AFTER_S} if status in (503, 507) else None
        return Response(encode_outcomes(outcomes, media_type, self.prefix), status, wait, media_type)

    def _claim(self, path: str) -> Claim:
        match = self._path.fullmatch(path)
        uid = match[1] if match else None
        if uid is not None and not is_valid_uid(uid):
            raise Refusal(400, "malformed_path", "the path does not name a study by a valid UID")
        return Claim(study_instance_uid=uid or "")

    def _check_content(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("content-encoding", "identity") != "identity":
            raise Refusal(415, "content_encoding", "a compressed body is not taken: send it as it is")
        boundary = related_boundary(headers.get("content-type", ""), _DICOM)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._max_body_bytes:
            raise self._too_large()
        return boundary

    def _too_large(self) -> Refusal:
        return Refusal(
            413, "too_large", f"a request may hold {self._max_body_bytes} bytes: send fewer instances in each"
        )

    def _receive(self, body: Body, boundary: bytes, sender: str, claim: Claim) -> list[InstanceOutcome]:
        outcomes: list[InstanceOutcome] = []
        files: list[IncomingFile] = []
        try:
            for _ in self._files(body, boundary, files):
                if len(files) == _BATCH:
                    batch, files[:] = files[:], ()
                    outcomes += self._reception.receive(batch, sender, claim)
        except BaseException:
            for file in files:
                file.discard()
            raise
        outcomes += self._reception.receive(files, sender, claim)
        if not outcomes:
            raise Refusal(400, "no_parts", "the request holds no instance")
        return outcomes

    def _files(self, body: Body, boundary: bytes, files: list[IncomingFile]) -> Iterator[None]:
        """Appends a file to `files` as each part begins; yields as it ends."""
        for event in self._events(body, MultipartParser(boundary, max_parts=self._max_parts)):
            match event:
                case PartBegin(fields):
                    _check_part(fields)
                    files.append(self._reception.files.receive())
                case PartEnd():
                    yield
                case content:
                    files[-1].write(content)

    def _events(self, body: Body, parser: MultipartParser) -> Iterator[Event]:
        total_bytes = 0
        while received_bytes := body.readinto(parser.vacant()):
            total_bytes += received_bytes
            if total_bytes > self._max_body_bytes:
                raise self._too_large()
            yield from parser.advance(received_bytes)
        yield from parser.finish()


def _check_part(fields: Mapping[str, str]) -> None:
    media_type, _ = parse_media_type(fields.get("content-type", _DICOM))
    encoding = fields.get("content-transfer-encoding", "binary").lower()
    if media_type != _DICOM or encoding not in ("binary", "8bit", "7bit") or "content-encoding" in fields:
        raise Refusal(415, "part_type", f"every part must be {_DICOM}, as it is")
