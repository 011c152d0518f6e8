"""One careful HTTP request: verified TLS, no redirects, no answer read beyond its head, and an error tree that says who must act (RFC 9110 §15)."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.loopback import is_loopback
from wetread.domain.no_answer import why_no_answer

__all__ = ["HttpPeer", "HttpPoster", "judge_status", "tls_context"]

_TRY_AGAIN = (408, 409, 425, 429)
_ADVICE = {
    401: "check the secret of this channel",
    403: "check the secret of this channel",
    404: "check the URL of this channel",
    410: "the receiver was removed; make a new one and put its URL into the settings",
    413: "the receiver takes only smaller messages",
}


@dataclass(frozen=True, slots=True)
class HttpPeer:
    """A receiver by its URL, which may hold a token: it is in no error and no repr. Raises PermanentError for a URL that is not https, unless it is loopback or `allow_http`."""

    url: str = field(repr=False)
    timeout_s: float = 10.0
    ca_file: Path | None = None
    allow_http: bool = False

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            acceptable = bool(parts.hostname) and (
                parts.scheme == "https" or (parts.scheme == "http" and (self.allow_http or is_loopback(parts.hostname)))
            )
        except ValueError:
            acceptable = False
        if not acceptable:
            raise PermanentError(
                "the URL must be https (http only to this machine, or with allow_http)", code="bad_settings"
            )


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Certificates and host names are checked, TLS 1.2 at least; against `ca_file` alone where one is given."""
    try:
        context = ssl.create_default_context(cafile=str(ca_file.expanduser()) if ca_file else None)
    except OSError as error:
        raise PermanentError(
            f"the file of trusted certificates cannot be used ({type(error).__name__})", code="bad_settings"
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class HttpPoster:
    """Posts to one receiver what `of` names; every failure is a TransientError or a PermanentError without address, URL or body."""

    def __init__(self, peer: HttpPeer, *, of: str = "page") -> None:
        self._peer = peer
        self._of = of
        self._pool = urllib3.PoolManager(num_pools=1, ssl_context=tls_context(peer.ca_file))

    def post(self, body: bytes, headers: Mapping[str, str], *, method: str = "POST") -> int:
        """The status of an accepting answer (2xx)."""
        timeout = urllib3.Timeout(connect=self._peer.timeout_s, read=self._peer.timeout_s)
        try:
            answer = self._pool.request(
                method,
                self._peer.url,
                body=body or None,
                headers=headers,
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise _unreachable(error) from None
        answer.close()  # the status says it all: a body may be long, slow or repeat what we sent
        return judge_status(answer.status, answer.headers.get("Retry-After", ""), of=self._of)


def _unreachable(error: urllib3.exceptions.HTTPError) -> Exception:
    if "CERTIFICATE_VERIFY_FAILED" in repr(error):
        return PermanentError(f"no trusted connection with the receiver: {why_no_answer(error)}", code="tls_failed")
    if isinstance(error, urllib3.exceptions.LocationValueError):
        return PermanentError("the URL of this channel is no URL", code="bad_settings")
    return TransientError(f"the receiver does not answer: {why_no_answer(error)}", code="receiver_unreachable")


def judge_status(status: int, retry_after: str = "", *, of: str = "page") -> int:
    """The status when it accepts what is sent, a page or a report; raises TransientError where waiting may help and PermanentError where a person must act."""
    if 200 <= status < 300:
        return status
    if status in _TRY_AGAIN or status >= 500:
        wish = f", it asks for {int(retry_after)} s" if retry_after.isascii() and retry_after.isdigit() else ""
        raise TransientError(f"the receiver cannot take the {of} now (HTTP {status}{wish})", code="receiver_busy")
    if 300 <= status < 400:
        raise PermanentError(
            f"the receiver redirects (HTTP {status}), which is not followed: configure the final URL",
            code=f"{of}_refused",
        )
    advice = _ADVICE.get(status, "look into its log")
    raise PermanentError(f"the receiver refuses the {of} (HTTP {status}): {advice}", code=f"{of}_refused")
