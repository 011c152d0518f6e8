"""One model server by its base URL: which host, port and path, over which TLS, with which key. Read once, before the drafting service closes its doors."""

import encodings.idna  # noqa: F401 - host names are encoded with it, and it is loaded at the first use: too late once no file can be opened
import socket
import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wetread.domain.errors import PermanentError
from wetread.domain.loopback import is_loopback

__all__ = ["Address", "Endpoint", "read_endpoint", "resolve", "with_key"]

Address = tuple[int, Any]
"""Address family and socket address, as connect(2) takes them."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`path` ends before "/chat/completions"; `authorization` is the whole header value, "" for none."""

    host: str
    port: int
    path: str
    tls: ssl.SSLContext | None = field(repr=False)
    authorization: str = field(default="", repr=False)


def read_endpoint(url: str, *, ca_file: Path | None = None, allow_http: bool = False) -> Endpoint:
    """Raises PermanentError 'bad_composer' for a URL that is not https (http only to this machine, or with `allow_http`), or holds more than host, port and path."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _bad("the URL is no URL") from None
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
        raise _bad("the URL must be http(s)://HOST[:PORT]/PATH, like http://127.0.0.1:8000/v1")
    secure = parts.scheme == "https"
    if not secure and not allow_http and not is_loopback(host):
        raise _bad("plain http goes no further than this machine: use https, or allow it where the network is yours")
    tls = _tls_context(ca_file) if secure else None
    return Endpoint(host, port or (443 if secure else 80), parts.path.rstrip("/"), tls)


def _bad(why: str) -> PermanentError:
    return PermanentError(f"the language model server cannot be used: {why}", code="bad_composer")


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Certificates and host names are checked, TLS 1.2 at least; against `ca_file` alone where one is given."""
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except OSError as error:
        raise _bad(f"its CA file cannot be read ({type(error).__name__})") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def with_key(endpoint: Endpoint, key_file: Path | None) -> Endpoint:
    """The endpoint with the bearer key in `key_file`; raises PermanentError 'bad_composer'."""
    if key_file is None:
        return endpoint
    try:
        key = key_file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(f"its key file cannot be read ({type(error).__name__})") from None
    if not key or not key.isprintable() or " " in key:
        raise _bad("its key file must hold one key and nothing else")
    return replace(endpoint, authorization=f"Bearer {key}")


def resolve(endpoint: Endpoint) -> tuple[Address, ...]:
    """Every address of the host, asked of the name service once; raises PermanentError 'bad_composer' when there is none."""
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except OSError:
        raise _bad("its host name has no address") from None
    return tuple((int(family), address) for family, _, _, _, address in found)
