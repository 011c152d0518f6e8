"""How a request to the record proves that it may ask: SMART Backend Services, a token from a file, or nothing.

SMART App Launch 2.2, Backend Services (https://hl7.org/fhir/smart-app-launch/backend-services.html): an assertion signed by our key, valid for minutes and used once, is
exchanged for an access token, which is kept until shortly before it ends.
"""

import re
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Protocol
from urllib.parse import urlencode

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import PermanentError, TransientError
from wetread.fhir.bounded_http import Answer, BoundedHttp, Budget, checked_url, origin
from wetread.fhir.client_assertion import ClientKey

__all__ = [
    "ASSERTION_TYPE",
    "BackendServices",
    "Credentials",
    "NoCredentials",
    "TokenFile",
    "assertion_claims",
    "read_scope",
]

_ASSERTION_LIFE_S = 240
"""The specification allows 300; the rest is for clocks that differ."""
_LONGEST_TOKEN_LIFE_S = 3600.0
_MARGIN_S = 15.0
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_ERROR_CODE = re.compile(r"[a-z_]{1,40}")


class Credentials(Protocol):
    def authorization(self, budget: Budget, *, renew: bool = False) -> str:
        """The value of the Authorization header, "" for none. `renew`: the last one was refused. Raises TransientError or PermanentError."""
        ...


class NoCredentials:
    def authorization(self, budget: Budget, *, renew: bool = False) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class TokenFile:
    """A bearer token that somebody else keeps fresh; read each time."""

    path: Path

    def authorization(self, budget: Budget, *, renew: bool = False) -> str:
        try:
            token = self.path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise PermanentError(
                f"record_token_file cannot be read ({type(error).__name__})", code="bad_settings"
            ) from None
        return _bearer(token)


@dataclass(slots=True)
class BackendServices:
    """Implements Credentials for one client at one server. `token_url` "" is looked up at the server, and then must have its origin. Safe to share between threads."""

    http: BoundedHttp
    base_url: str
    client_id: str
    key: ClientKey
    scope: str
    token_url: str = ""
    _held: str = field(default="", init=False, repr=False)
    _until: float = field(default=0.0, init=False)
    _turn: Lock = field(default_factory=Lock, init=False, repr=False)

    def authorization(self, budget: Budget, *, renew: bool = False) -> str:
        with self._turn:
            if renew or time.monotonic() >= self._until:
                self._held, life_s = self._exchange(budget)
                self._until = time.monotonic() + max(life_s - _MARGIN_S, 0.0)
            return self._held

    def _exchange(self, budget: Budget) -> tuple[str, float]:
        """The header for a new token, and for how many seconds it holds."""
        self._held, self._until = "", 0.0
        self.token_url = self.token_url or self._discovered(budget)
        form = {
            "grant_type": "client_credentials",
            "scope": self.scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.key.sign(assertion_claims(self.client_id, self.token_url)),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        answer = self.http.ask("POST", self.token_url, headers, budget, urlencode(form).encode())
        return _token(answer)

    def _discovered(self, budget: Budget) -> str:
        """SMART App Launch, conformance: `[base]/.well-known/smart-configuration`."""
        url = f"{self.base_url}/.well-known/smart-configuration"
        answer = self.http.ask("GET", url, {"Accept": "application/json"}, budget)
        if answer.try_again:
            raise _busy(answer)
        found = answer.members().get("token_endpoint") if answer.status == 200 else None
        if not isinstance(found, str) or origin(self.base_url) != origin(checked_url(found)):
            raise PermanentError(
                "the record server names no token endpoint of its own: set record_token_url", code="no_token_endpoint"
            )
        return found


def read_scope(kinds: Collection[RecordKind]) -> str:
    """What reading these kinds needs, in SMART's second scope language (SMART App Launch 2.2, Scopes)."""
    names = {"Patient", *(each.value for each in kinds)}
    names |= {"Medication"} if RecordKind.MEDICATION_STATEMENT in kinds else set()
    names |= {"Binary"} if RecordKind.DOCUMENT_REFERENCE in kinds else set()
    return " ".join(f"system/{name}.rs" for name in sorted(names))


def assertion_claims(client_id: str, audience: str) -> dict[str, object]:
    """RFC 7523 §3; each assertion has an identifier of its own and is sent once."""
    return {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "exp": int(time.time()) + _ASSERTION_LIFE_S,
        "jti": secrets.token_urlsafe(24),
    }


def _token(answer: Answer) -> tuple[str, float]:
    if answer.try_again:
        raise _busy(answer)
    body = answer.members()
    if answer.status != 200:
        named = str(body.get("error", ""))
        reason = named if _ERROR_CODE.fullmatch(named) else f"HTTP {answer.status}"
        raise PermanentError(
            f"the record's authorisation server refuses us ({reason}): check client id, registered key and scope",
            code="token_refused",
        )
    kind, token, life_s = (body.get(name) for name in ("token_type", "access_token", "expires_in"))
    given = isinstance(kind, str) and kind.lower() == "bearer" and isinstance(token, str)
    if not given or isinstance(life_s, bool) or not isinstance(life_s, int | float):
        raise PermanentError("the record's authorisation server gives no bearer token", code="token_refused")
    return _bearer(str(token)), min(float(life_s), _LONGEST_TOKEN_LIFE_S)


def _busy(answer: Answer) -> TransientError:
    return TransientError(
        f"the record's authorisation server cannot answer now (HTTP {answer.status})", code="record_busy"
    )


def _bearer(token: str) -> str:
    """RFC 6750 §2.1: nothing that could end the header and begin another."""
    if not _BEARER.fullmatch(token):
        raise PermanentError("the record's bearer token is none (RFC 6750)", code="bad_token")
    return f"Bearer {token}"
