"""What a provider says of itself (OpenID Connect Discovery 1.0, RFC 8414, SMART App Launch 2.2): read once an hour, believed only where it names itself and places that we may ask."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock

from wetread.domain.errors import PermanentError, TransientError
from wetread.oidc.exchange import Exchange

__all__ = ["KeptMetadata", "Metadata", "read_metadata"]

_FRESH_S, _SILENT_S = 3600.0, 5.0


@dataclass(frozen=True, slots=True)
class Metadata:
    """Addresses are "" where there is none. `names_itself`: it puts `iss` into its answers (RFC 9207)."""

    issuer: str
    authorization: str
    token: str
    keys: str
    end_session: str
    names_itself: bool


def read_metadata(said: Mapping[str, object], issuer: str, exchange: Exchange, who: str) -> Metadata:
    """Raises PermanentError 'provider_unfit'. `issuer` "" for a server that need not name itself (SMART)."""
    if issuer and said.get("issuer") != issuer:
        raise PermanentError(f"{who} names itself otherwise than `issuer` does", code="provider_unfit")
    methods = said.get("code_challenge_methods_supported")
    if isinstance(methods, list) and "S256" not in methods:
        raise PermanentError(f"{who} does not offer PKCE with S256", code="provider_unfit")

    def place(name: str, *, needed: bool = True) -> str:
        if name not in said and needed:
            raise PermanentError(f"{who} names no {name}", code="provider_unfit")
        return exchange.place(said[name]) if name in said else ""

    return Metadata(
        issuer=issuer,
        authorization=place("authorization_endpoint"),
        token=place("token_endpoint"),
        keys=place("jwks_uri", needed=bool(issuer)),
        end_session=place("end_session_endpoint", needed=False),
        names_itself=said.get("authorization_response_iss_parameter_supported") is True,
    )


class KeptMetadata:
    """The last that was read, for an hour, and longer while the provider does not answer; who does not answer is not asked by everybody who waits. Safe to share between threads."""

    def __init__(self, fetch: Callable[[], Metadata], now_s: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._now_s = fetch, now_s
        self._held: Metadata | None = None
        self._due_s = self._silent_until_s = float("-inf")
        self._turn = Lock()

    def __call__(self) -> Metadata:
        with self._turn:
            if self._held is None or self._now_s() >= self._due_s:
                self._held = self._read()
            return self._held

    def _read(self) -> Metadata:
        if self._now_s() < self._silent_until_s:
            raise TransientError("the provider does not answer", code="provider_unreachable")
        try:
            found = self._fetch()
        except TransientError:
            self._silent_until_s = self._now_s() + _SILENT_S
            if self._held is None:
                raise
            self._due_s = self._silent_until_s
            return self._held
        self._due_s = self._now_s() + _FRESH_S
        return found
