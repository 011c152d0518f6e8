"""One HTTP exchange that cannot run away: verified TLS, no redirect followed, no content coding, and a budget of time and bytes for all exchanges of a reading (RFC 9110)."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import urllib3

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.loopback import is_loopback
from wetread.domain.no_answer import why_no_answer
from wetread.domain.strict_json import StrictJsonError, read_strict_json

__all__ = ["Answer", "BoundedHttp", "Budget", "checked_url", "origin", "within_base"]

_CHUNK_BYTES = 64 * 1024
_TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504, 507)
_DEEPEST_JSON = 16


@dataclass(frozen=True, slots=True)
class Answer:
    """`content_type` is the media type alone, in lower case; `charset` its parameter, "" when it has none."""

    status: int
    content_type: str
    charset: str
    body: bytes

    @property
    def try_again(self) -> bool:
        """Its status says so: the same request may be answered later."""
        return self.status in _TRY_AGAIN

    def members(self) -> dict[str, object]:
        """Of the JSON object that it holds; none for anything else."""
        try:
            value = read_strict_json(self.body, max_depth=_DEEPEST_JSON)
        except StrictJsonError:
            return {}
        return value if isinstance(value, dict) else {}


class Budget:
    """What is left of a reading's time and bytes. `answer_bytes` bounds each answer, `total_bytes` all together."""

    def __init__(self, deadline_s: float, answer_bytes: int, total_bytes: int) -> None:
        self._ends = time.monotonic() + deadline_s
        self._answer_bytes = answer_bytes
        self._bytes = total_bytes

    def seconds(self) -> float:
        """More than 0; raises TransientError 'record_slow' when the time is up."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TransientError("the record server was too slow", code="record_slow")
        return left

    def spend(self, size: int, so_far: int) -> None:
        """Raises PermanentError 'record_too_long'."""
        self._bytes -= size
        if so_far > self._answer_bytes or self._bytes < 0:
            raise PermanentError("the record server's answers are too long", code="record_too_long")


def checked_url(url: str) -> str:
    """The URL without a trailing slash; raises PermanentError 'bad_settings' unless it is https, or http to this machine, and holds no credentials, query or fragment."""
    try:
        parts = urlsplit(url)
        plain = not (parts.username or parts.password or parts.query or parts.fragment)
        fits = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
        acceptable = bool(parts.hostname) and fits and plain and parts.port != 0
    except ValueError:
        acceptable = False
    if not acceptable:
        raise PermanentError(
            "the record's URLs must be https (http only to this machine), without credentials or query",
            code="bad_settings",
        )
    return url.rstrip("/")


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port (RFC 6454 §4)."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def within_base(base: str, reference: str) -> str:
    """The absolute URL of a reference that the server gave us; raises PermanentError 'record_strays' unless it stays at `base` and below: a token goes nowhere else."""
    try:
        url = urljoin(base + "/", reference)
        parts = urlsplit(url)
        stays = origin(url) == origin(base) and not (parts.username or parts.password or parts.fragment)
        path, root = unquote(parts.path), urlsplit(base).path
        stays = stays and (path == root or path.startswith(root + "/")) and ".." not in path.split("/")
        stays = stays and not any(letter <= " " or letter in "\\\x7f" for letter in url)
    except ValueError:
        stays = False
    if not stays:
        raise PermanentError("the record server points to another place, which is not followed", code="record_strays")
    return url


class BoundedHttp:
    """`ca_file` replaces the system's authorities. Every failure is a TransientError or a PermanentError without address, URL or body."""

    def __init__(self, ca_file: Path | None = None) -> None:
        self._pool = urllib3.PoolManager(num_pools=2, ssl_context=_tls(ca_file))

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], budget: Budget, body: bytes | None = None
    ) -> Answer:
        """The whole answer, whatever its status."""
        send = partial(self._sent, method, url, {"Accept-Encoding": "identity", **headers}, body, budget)
        try:
            try:
                response = send()
            except urllib3.exceptions.ProtocolError:
                # a server may close a kept connection in the moment in which a request leaves on it (RFC 9112 §9.5); all that is asked here may be asked twice
                response = send()
            try:
                answer = _read(response, budget)
            except BaseException:
                response.close()  # given up half-way: what is left in the socket must not answer the next request
                raise
            response.release_conn()
            return answer
        except urllib3.exceptions.HTTPError as error:
            budget.seconds()
            raise _unreachable(error) from None

    def _sent(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, budget: Budget
    ) -> urllib3.BaseHTTPResponse:
        left = budget.seconds()
        return self._pool.request(
            method,
            url,
            body=body,
            headers=headers,
            timeout=urllib3.Timeout(connect=left, read=left),
            retries=False,
            redirect=False,
            preload_content=False,
        )


def _read(response: urllib3.BaseHTTPResponse, budget: Budget) -> Answer:
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding != "identity":
        raise PermanentError("the record server compresses, though asked not to", code="record_coded")
    body = bytearray()
    while part := response.read1(_CHUNK_BYTES, decode_content=False):
        body += part
        budget.seconds()
        budget.spend(len(part), len(body))
    media, _, parameters = response.headers.get("Content-Type", "").lower().partition(";")
    charset = parameters.partition("charset=")[2].partition(";")[0].strip(' "')
    return Answer(response.status, media.strip(), charset, bytes(body))


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except OSError as error:
        raise PermanentError(f"record_ca_file cannot be used ({type(error).__name__})", code="bad_settings") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _unreachable(error: urllib3.exceptions.HTTPError) -> TransientError | PermanentError:
    if "CERTIFICATE_VERIFY_FAILED" in repr(error):
        return PermanentError("the record server's certificate is not trusted: see record_ca_file", code="tls_failed")
    return TransientError(f"the record server does not answer: {why_no_answer(error)}", code="record_unreachable")
