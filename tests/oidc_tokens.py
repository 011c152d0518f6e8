"""A provider in memory: its keys, its documents, and tokens of any shape, right and wrong."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from wetread.domain.role import Role
from wetread.oidc.claims import ClaimTable
from wetread.oidc.clients import PublicClient
from wetread.oidc.exchange import Exchange, Said
from wetread.oidc.provider import OpenIdProvider, ProviderFacts
from wetread.oidc.sealing import Seal
from wetread.testing.clock import FixedClock

ISSUER, CLIENT, BACK = "https://id.example", "wetread", "https://wetread.example/oidc/callback"
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1"})
TABLE = ClaimTable(("groups",), {"radiology": Role.RADIOLOGIST, "residents": Role.RESIDENT})


def b64(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(claims: object, key: RSAKey | ECKey = RSA, alg: str = "RS256", **header: object) -> str:
    """With a header of any shape, which no library would write."""
    content = f"{b64({'alg': alg, 'kid': key.kid, **header})}.{b64(claims)}"
    return f"{content}.{b64(JWSRegistry.algorithms[alg].sign(content.encode(), key))}"


def by_secret(claims: object, secret: bytes) -> str:
    """HS256 with a secret of the attacker's choice, under the name of the provider's key."""
    content = f"{b64({'alg': 'HS256', 'kid': RSA.kid})}.{b64(claims)}"
    return f"{content}.{b64(hmac.digest(secret, content.encode(), 'sha256'))}"


def id_claims(now: datetime, **changes: object) -> dict[str, object]:
    """Of a right ID token; None takes a claim away."""
    at = int(now.timestamp())
    claims: dict[str, object] = {
        "iss": ISSUER, "aud": CLIENT, "sub": "u-1", "iat": at, "exp": at + 300,
        "name": "Ann Lee", "preferred_username": "Ann.Lee", "groups": ["staff", "radiology"], "sid": "sid-1",
    }  # fmt: skip
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


@dataclass
class FakeExchange(Exchange):
    """Answers for the provider: `tokens` is what its token endpoint says next, `keys` what it publishes."""

    documents: dict[str, object] = field(default_factory=dict)
    keys: list[Mapping[str, object]] = field(
        default_factory=lambda: [RSA.as_dict(private=False), EC.as_dict(private=False)]
    )
    tokens: Said = (400, {"error": "invalid_grant"})
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(None, ISSUER, (), "the identity provider")  # type: ignore[arg-type]

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Said:
        self.asked.append((url, {}))
        if url.endswith("/openid-configuration"):
            places = {f"{name}_endpoint": f"{ISSUER}/{name}" for name in ("authorization", "token", "end_session")}
            return 200, {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks", **places, **self.documents}
        return 200, {"keys": self.keys}

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Said:
        self.asked.append((url, form))
        return self.tokens


@dataclass
class ProviderWorld:
    clock: FixedClock = field(default_factory=lambda: FixedClock(datetime.now(UTC)))
    exchange: FakeExchange = field(default_factory=FakeExchange)

    def __post_init__(self) -> None:
        facts = ProviderFacts(ISSUER, "Sign-in of the ward", "openid profile", TABLE, ("urn:mfa",))
        self.provider = OpenIdProvider(facts, PublicClient(CLIENT), self.exchange, Seal(b"s" * 32), self.clock)

    def go(self, *, prove_again: bool = False) -> tuple[str, dict[str, str]]:
        """What the browser keeps, and the request that it takes to the provider."""
        sent = self.provider.send_out(BACK, {"next": "/"}, prove_again=prove_again)
        return sent.sealed, dict(parse_qsl(urlsplit(sent.url).query))

    def hand_out(self, asked: Mapping[str, str], token: str = "", **changes: object) -> None:
        """The token endpoint has an ID token for the request that was made."""
        claims = id_claims(self.clock.now(), **{"nonce": asked.get("nonce"), **changes})
        self.exchange.tokens = (200, {"id_token": token or signed(claims), "refresh_token": "r-1"})

    def come_back(self, token: str = "", *, prove_again: bool = False, **changes: object):  # type: ignore[no-untyped-def]
        sealed, asked = self.go(prove_again=prove_again)
        self.hand_out(asked, token, **changes)
        return self.provider.receive(sealed, {"code": "c-1", "state": asked["state"]})
