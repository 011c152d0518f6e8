"""One OpenID provider, by its discovery document: Keycloak, Entra, Okta and others differ by configuration only (`ports.identity_provider`)."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.resting import Resting
from wetread.oidc.claims import ClaimTable, check_id_token, check_proved_again, identity_of
from wetread.oidc.code_flow import Client, exchange_code, receive, send_out
from wetread.oidc.exchange import Exchange
from wetread.oidc.jwks import PublicKeys
from wetread.oidc.jwt import BadToken, check_times, is_for, verified
from wetread.oidc.metadata import KeptMetadata, Metadata, read_metadata
from wetread.oidc.sealing import Seal
from wetread.ports.clock import Clock
from wetread.ports.identity_provider import Arrived, EndedElsewhere, ProvedIdentity, SentOut, StillIn

__all__ = ["OpenIdProvider", "ProviderFacts"]

_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
_LOGOUT_LIFE_S = 600.0
_HELD = "held"
_PROVE_AGAIN = "prove_again"
_WHO = "the identity provider"


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """What a site says of its provider. `levels`: the `acr` that signing asks for, none for any."""

    issuer: str
    name: str
    scope: str
    table: ClaimTable
    levels: tuple[str, ...] = ()
    session_s: float = 12 * 3600.0


@dataclass(slots=True)
class OpenIdProvider:
    """Implements IdentityProvider. Asks nobody before it is used: a provider that is down does not keep wetread from starting."""

    facts: ProviderFacts
    client: Client
    exchange: Exchange
    seal: Seal
    clock: Clock
    _metadata: KeptMetadata = field(init=False)
    _keys: PublicKeys = field(init=False)
    _resting: Resting = field(init=False)

    def __post_init__(self) -> None:
        self._metadata = KeptMetadata(self._discover)
        self._keys = PublicKeys(lambda: self._document(self._metadata().keys))
        self._resting = Resting(time.monotonic)

    @property
    def issuer(self) -> str:
        return self.facts.issuer

    @property
    def name(self) -> str:
        return self.facts.name

    def send_out(self, redirect_uri: str, kept: Mapping[str, str], *, prove_again: bool = False) -> SentOut:
        asked = {"client_id": self.client.client_id, "redirect_uri": redirect_uri, "scope": self.facts.scope}
        if prove_again:
            asked |= {"prompt": "login", "max_age": "0"}
            asked |= {"acr_values": " ".join(self.facts.levels)} if self.facts.levels else {}
        kept = {**kept, _PROVE_AGAIN: "1" if prove_again else ""}
        return send_out(self._metadata(), self.seal, self.clock.now(), asked, kept, self.facts.issuer)

    def receive(self, sealed: str, answer: Mapping[str, str]) -> Arrived:
        metadata, now = self._metadata(), self.clock.now()
        returned = receive(self.seal, sealed, answer, metadata, now, self.facts.issuer)
        said = exchange_code(self.exchange, metadata, self.client, returned)
        token = said.get("id_token")
        claims = self._id_claims(token, returned.nonce)
        if returned.kept[_PROVE_AGAIN]:
            check_proved_again(claims, returned.began_at, self.facts.levels)
        held = self._hold(said, str(token))
        return Arrived(identity_of(claims, self.facts.table), returned.kept, held)

    def ask_again(self, held: str, subject: str) -> StillIn | None:
        """By the refresh token (RFC 6749 §6). A provider that gives none stands by nothing: its sessions end with their first check."""
        kept = self.seal.open(_HELD, held, self.clock.now())
        if not kept["refresh_token"]:
            return None
        if self._resting.rests:
            raise TransientError(f"{_WHO} does not answer", code="provider_unreachable")
        try:
            still = self._refreshed(kept, subject)
        except TransientError:
            self._resting.failed()
            raise
        self._resting.answered()
        return still

    def _refreshed(self, kept: Mapping[str, object], subject: str) -> StillIn | None:
        metadata = self._metadata()
        form, headers = self.client.proof(metadata.token)
        asked = {"grant_type": "refresh_token", "refresh_token": str(kept["refresh_token"])}
        status, said = self.exchange.post(metadata.token, {**asked, **form}, headers)
        if status == 400 and said.get("error") == "invalid_grant":
            return None
        if status != 200:
            raise TransientError(f"{_WHO} does not say whether the session stands", code="provider_unreachable")
        token = said.get("id_token")
        identity: ProvedIdentity | None = None
        if token is not None:
            claims = self._id_claims(token, None)
            if claims["sub"] != subject:
                raise BadToken("it names somebody else")
            identity = identity_of(claims, self.facts.table)
        refresh_token = said.get("refresh_token") or kept["refresh_token"]
        return StillIn(self._hold({"refresh_token": refresh_token}, str(token or kept["id_token"])), identity)

    def ended(self, logout_token: str) -> EndedElsewhere:
        """OpenID Connect Back-Channel Logout 1.0 §2.6."""
        claims = verified(logout_token, self._keys.holding, types=("logout+jwt", "jwt"))
        if claims.get("iss") != self.facts.issuer or not is_for(claims, self.client.client_id):
            raise BadToken("it is of another provider, or for another client")
        ends = check_times(claims, self.clock.now(), longest_s=_LOGOUT_LIFE_S)
        events, subject, session = claims.get("events"), claims.get("sub", ""), claims.get("sid", "")
        if not (isinstance(events, dict) and _LOGOUT in events) or "nonce" in claims:
            raise BadToken("it is no logout token")
        if not (isinstance(subject, str) and isinstance(session, str) and (subject or session)):
            raise BadToken("it names no session")
        named = claims.get("jti")
        if not (isinstance(named, str) and named):
            raise BadToken("it has no name of its own")
        digest = hashlib.sha256(f"{self.facts.issuer} {named}".encode()).hexdigest()
        return EndedElsewhere(self.facts.issuer, subject, session, digest, datetime.fromtimestamp(ends + 60, UTC))

    def farewell(self, held: str, back_to: str) -> str:
        place = self._metadata().end_session
        if not place:
            return ""
        token = str(self.seal.open(_HELD, held, self.clock.now())["id_token"])
        asked = {"id_token_hint": token, "client_id": self.client.client_id, "post_logout_redirect_uri": back_to}
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"

    def _id_claims(self, token: object, nonce: str | None) -> Mapping[str, object]:
        if not isinstance(token, str):
            raise BadToken("there is no ID token: is `openid` among the scopes?")
        claims = verified(token, self._keys.holding, types=("jwt",))
        check_id_token(claims, self.facts.issuer, self.client.client_id, nonce, self.clock.now())
        return claims

    def _hold(self, said: Mapping[str, object], id_token: str) -> str:
        refresh_token = said.get("refresh_token")
        content = {"refresh_token": refresh_token if isinstance(refresh_token, str) else "", "id_token": id_token}
        return self.seal.close(_HELD, content, self.clock.now() + timedelta(seconds=self.facts.session_s))

    def _discover(self) -> Metadata:
        said = self._document(f"{self.facts.issuer.rstrip('/')}/.well-known/openid-configuration")
        return read_metadata(said, self.facts.issuer, self.exchange, _WHO)

    def _document(self, url: str) -> Mapping[str, object]:
        status, said = self.exchange.get(url)
        if status != 200 or not said:
            raise PermanentError(f"{_WHO} has no such document (HTTP {status}): check `issuer`", code="provider_unfit")
        return said
