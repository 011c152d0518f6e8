"""Authorization code with PKCE (RFC 6749 §4.1, RFC 7636 S256): what goes out with the browser, and what must come back with it."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlencode

from wetread.domain.errors import PermanentError
from wetread.oidc.exchange import Exchange
from wetread.oidc.metadata import Metadata
from wetread.oidc.sealing import Seal
from wetread.ports.identity_provider import SentOut

__all__ = ["Client", "Returned", "exchange_code", "receive", "send_out", "was_sent_to"]

_LASTS = timedelta(minutes=10)
_SAYS = {
    "access_denied": "you, or it, said no",
    "login_required": "you are not signed in there",
    "temporarily_unavailable": "it cannot answer now",
}


class Client(Protocol):
    """How we prove to the token endpoint who we are."""

    @property
    def client_id(self) -> str: ...

    def proof(self, audience: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """What goes into the form, and into the headers."""
        ...


@dataclass(frozen=True, slots=True)
class Returned:
    """`began_at` is when the browser was sent out."""

    code: str
    verifier: str
    nonce: str
    redirect_uri: str
    began_at: datetime
    kept: Mapping[str, str]


def send_out(
    metadata: Metadata, seal: Seal, now: datetime, asked: Mapping[str, str], kept: Mapping[str, str], whose: str
) -> SentOut:
    """`asked` are the request's parameters, `client_id` and `redirect_uri` among them; `whose` names the server it is sent to: nobody else may answer (mix-up, RFC 9700 §4.4)."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    own = {"response_type": "code", "state": state, "code_challenge": challenge, "code_challenge_method": "S256"}
    openid = {"nonce": nonce} if "openid" in asked["scope"].split() else {}
    content = {
        "state": state,
        "nonce": nonce,
        "verifier": verifier,
        "redirect_uri": asked["redirect_uri"],
        "began_at": now.isoformat(),
        "kept": dict(kept),
    }
    separator = "&" if "?" in metadata.authorization else "?"
    url = f"{metadata.authorization}{separator}{urlencode({**asked, **own, **openid})}"
    return SentOut(url, seal.close(_purpose(whose), content, now + _LASTS))


def was_sent_to(seal: Seal, sealed: str, now: datetime, whose: str) -> bool:
    """Whether this browser was sent out to that server."""
    try:
        seal.open(_purpose(whose), sealed, now)
    except PermanentError:
        return False
    return True


def receive(
    seal: Seal, sealed: str, answer: Mapping[str, str], metadata: Metadata, now: datetime, whose: str
) -> Returned:
    """Raises PermanentError: nothing was begun in this browser ('bad_seal'), another request is answered ('wrong_state'), another server answers ('wrong_issuer'), or it says no ('provider_refused')."""
    content = seal.open(_purpose(whose), sealed, now)
    state = content["state"]
    if not (isinstance(state, str) and hmac.compare_digest(state.encode(), answer.get("state", "").encode())):
        raise PermanentError("this answers another request: begin again", code="wrong_state")
    named = answer.get("iss", "")
    if metadata.issuer and (named or metadata.names_itself) and named != metadata.issuer:
        raise PermanentError("another provider answers than was asked: begin again", code="wrong_issuer")
    if "error" in answer or not answer.get("code"):
        why = _SAYS.get(answer.get("error", ""), "it did not say why in words that are known")
        raise PermanentError(f"the provider refused: {why}", code="provider_refused")
    kept = content["kept"]
    return Returned(
        code=answer["code"],
        verifier=str(content["verifier"]),
        nonce=str(content["nonce"]),
        redirect_uri=str(content["redirect_uri"]),
        began_at=datetime.fromisoformat(str(content["began_at"])),
        kept={str(name): str(value) for name, value in kept.items()} if isinstance(kept, dict) else {},
    )


def exchange_code(exchange: Exchange, metadata: Metadata, client: Client, returned: Returned) -> Mapping[str, object]:
    """The token endpoint's answer; raises PermanentError 'code_refused'."""
    form, headers = client.proof(metadata.token)
    status, said = exchange.post(
        metadata.token,
        {
            "grant_type": "authorization_code",
            "code": returned.code,
            "redirect_uri": returned.redirect_uri,
            "code_verifier": returned.verifier,
            **form,
        },
        headers,
    )
    if status != 200:
        raise PermanentError(
            "the provider does not take the code back: begin again, or check client id and secret", code="code_refused"
        )
    return said


def _purpose(whose: str) -> str:
    return f"code flow {whose}"
