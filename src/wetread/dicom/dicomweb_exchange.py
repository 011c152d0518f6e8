"""One request after the other to a DICOMweb service that may be slow, huge, or lying: bounded in time and bytes, never redirected."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from ssl import create_default_context
from urllib.parse import urlsplit

import urllib3

from wetread.dicom.stow_client import answering
from wetread.domain.errors import PermanentError, TransientError
from wetread.ports import deadline

__all__ = ["DicomwebAnswer", "DicomwebExchange", "DicomwebStream", "StreamBounds"]

_MOST_BYTES = 4 * 2**20
_PIECE_BYTES = 64 * 1024
_LET_GO_S = 1.0
"""The whole exchange is given up first, and says so; then the connection that nobody waits for."""


@dataclass(frozen=True, slots=True)
class DicomwebAnswer:
    """`body` holds at most 4 MiB, `cut` says that there was more. Header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    cut: bool

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class StreamBounds:
    """Of one streamed answer: everything together, and how long it may take."""

    total_bytes: int = 4 * 2**30
    seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class DicomwebStream:
    """An answer whose body is read as it comes; `pieces` may be taken once, within the exchange that made it."""

    status: int
    content_type: str
    pieces: Iterator[bytes]
    retry_after: str = ""


class DicomwebExchange:
    """`url` is the service's base; `authorization` is sent to it only. Raises PermanentError(code='bad_url') for what is no http or https URL."""

    def __init__(self, url: str, *, authorization: str = "", ca_file: str = "", timeout_s: float = 10.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise PermanentError(
                "the neighbour is named by an http or https URL without a password or a query", code="bad_url"
            )
        self.host = parts.hostname
        self._url, self._timeout_s = url.rstrip("/"), timeout_s
        self._authorization = {"Authorization": authorization} if authorization else {}
        context = create_default_context(cafile=ca_file) if ca_file else None
        self._pool = urllib3.PoolManager(num_pools=1, ssl_context=context)

    def ask(
        self, method: str, path: str, accept: str = "*/*", body: bytes = b"", content_type: str = ""
    ) -> DicomwebAnswer:
        """`path` begins with a slash, or is empty for the base. Raises TransientError when there is no answer in time, PermanentError for a connection that cannot be trusted."""
        headers = {"Accept": accept, **self._authorization, **({"Content-Type": content_type} if content_type else {})}
        try:
            with answering(self.host):
                return deadline.within(self._timeout_s, partial(self._exchange, method, path, headers, body))
        except TimeoutError:
            raise TransientError(
                f"{self.host} did not answer within {self._timeout_s:g} s", code="receiver_timeout"
            ) from None

    @contextmanager
    def stream(self, path: str, accept: str, bounds: StreamBounds) -> Iterator[DicomwebStream]:
        """A GET whose body is never all in memory. Raises as `ask`, also while the pieces are read; PermanentError(code='too_large') beyond the bounds."""
        with answering(self.host):
            headers = {"Accept": accept, "Accept-Encoding": "identity", **self._authorization}
            answer = self._sent("GET", path, headers, b"", self._timeout_s)
            try:
                told = (answer.headers.get(name, "") for name in ("Content-Type", "Retry-After"))
                content_type, retry_after = told
                yield DicomwebStream(answer.status, content_type, self._pieces(answer, bounds), retry_after)
            finally:
                answer.close()

    def _pieces(self, answer: urllib3.BaseHTTPResponse, bounds: StreamBounds) -> Iterator[bytes]:
        if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise PermanentError(f"{self.host} compresses, though asked not to", code="content_encoding")
        until, left = time.monotonic() + bounds.seconds, bounds.total_bytes
        while piece := answer.read1(_PIECE_BYTES, decode_content=False):
            left -= len(piece)
            if left < 0:
                raise PermanentError(f"{self.host} sends more than {bounds.total_bytes} bytes", code="too_large")
            if time.monotonic() > until:
                raise TransientError(
                    f"{self.host} is too slow: not done in {bounds.seconds:g} s", code="receiver_timeout"
                )
            yield piece

    def _exchange(self, method: str, path: str, headers: dict[str, str], body: bytes) -> DicomwebAnswer:
        answer = self._sent(method, path, headers, body, self._timeout_s + _LET_GO_S)
        try:
            read = answer.read(_MOST_BYTES + 1, decode_content=False)
            given = {name.lower(): value for name, value in answer.headers.items()}
            return DicomwebAnswer(answer.status, given, read[:_MOST_BYTES], len(read) > _MOST_BYTES)
        finally:
            answer.close()

    def _sent(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, timeout_s: float
    ) -> urllib3.BaseHTTPResponse:
        """What only reads is sent once more: a server may close a kept connection in the moment in which a request leaves on it (RFC 9112 §9.5)."""
        send = partial(
            self._pool.request,
            method,
            self._url + path,
            headers=headers,
            body=body or None,
            timeout=timeout_s,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            return send()
        except urllib3.exceptions.ProtocolError:
            if method != "GET":
                raise
            return send()
