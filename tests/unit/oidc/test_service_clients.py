"""What a system's assertion must be: every rule of RFC 7523 §3 and of SMART Backend Services, broken one at a time."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey
from oidc_tokens import b64, by_secret, signed

from wetread.domain.errors import PermanentError
from wetread.oidc.service_clients import RegisteredClients
from wetread.testing.clock import FixedClock

HERE = "https://wetread.example/oauth/token"
KEY = ECKey.generate_key("P-384", {"kid": "k-1"})
RSA_KEY = RSAKey.generate_key(2048, {"kid": "k-2"})
OTHER = ECKey.generate_key("P-384", {"kid": "k-1"})
CLOCK = FixedClock()
AT = int(CLOCK.now().timestamp())
CLAIMS = {"iss": "ris", "sub": "ris", "aud": HERE, "exp": AT + 240, "jti": "j-1"}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "ris.jwks.json"
    file.write_text(json.dumps({"keys": [KEY.as_dict(private=False), RSA_KEY.as_dict(private=False)]}))
    return file


@pytest.fixture
def clients(keys: Path) -> Iterator[RegisteredClients]:
    return RegisteredClients({"ris": keys}, CLOCK)  # type: ignore[return-value]


@pytest.mark.parametrize(("key", "alg"), [(KEY, "ES384"), (RSA_KEY, "RS384")])
def test_a_registered_key_proves_its_account(clients: RegisteredClients, key: ECKey, alg: str) -> None:
    client = clients(signed(CLAIMS, key, alg, typ="JWT"), HERE)
    assert (client.account, len(client.assertion_sha256)) == ("ris", 64)
    assert client.expires_at >= CLOCK.now() + timedelta(seconds=240)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"iss": "nobody"}, "no such client"),
        ({"iss": None}, "no such client"),
        ({"iss": ["ris"]}, "no such client"),
        ({"iss": "../../etc/passwd"}, "no such client"),
        ({"sub": "other"}, "both the client"),
        ({"sub": None}, "both the client"),
        ({"aud": "https://wetread.example"}, "alone"),
        ({"aud": HERE + "/"}, "alone"),
        ({"aud": [HERE, "https://other.example/token"]}, "alone"),
        ({"aud": None}, "alone"),
        ({"exp": None}, "ends"),
        ({"exp": AT - 11}, "over"),
        ({"exp": AT + 311}, "longer"),
        ({"iat": AT - 400, "exp": AT + 60}, "longer"),
        ({"iat": AT + 11}, "future"),
        ({"nbf": AT + 11}, "future"),
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": 7}, "jti"),
    ],
)
def test_a_claim_that_is_wrong_proves_nothing(clients: RegisteredClients, changes: dict[str, object], why: str) -> None:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    with pytest.raises(PermanentError, match=why):
        clients(signed(claims, KEY, "ES384"), HERE)


@pytest.mark.parametrize(
    ("assertion", "why"),
    [
        (f"{b64({'alg': 'none', 'kid': 'k-1'})}.{b64(CLAIMS)}.", "algorithm"),
        (by_secret(CLAIMS, KEY.as_pem(private=False)), "algorithm"),
        (signed(CLAIMS, OTHER, "ES384"), "signature"),
        (signed(CLAIMS, RSA_KEY, "RS256"), "algorithm"),
        (signed(CLAIMS, RSA_KEY, "RS384", kid="k-1"), "signature"),
        (signed(CLAIMS, KEY, "ES384", kid="k-3"), "no such key"),
        (signed(CLAIMS, KEY, "ES384", kid=None), "no such key"),
        (signed(CLAIMS, KEY, "ES384", kid="../ris.jwks.json"), "no such key"),
        (signed(CLAIMS, OTHER, "ES384", jwk=OTHER.as_dict(private=False)), "signature"),
        (signed(CLAIMS, KEY, "ES384", typ="at+jwt"), "type"),
        ("", "no such client"),
        ("a.b.c", "no compact JWS|JSON object"),
    ],
)
def test_another_signature_proves_nothing(clients: RegisteredClients, assertion: str, why: str) -> None:
    with pytest.raises(PermanentError, match=why):
        clients(assertion, HERE)


def test_a_key_that_is_taken_away_opens_nothing_from_then_on(clients: RegisteredClients, keys: Path) -> None:
    assertion = signed(CLAIMS, KEY, "ES384")
    clients(assertion, HERE)
    keys.write_text('{"keys": []}')
    with pytest.raises(PermanentError, match="no such key"):
        clients(assertion, HERE)
    keys.unlink()
    with pytest.raises(PermanentError, match="cannot be used"):
        clients(assertion, HERE)


def test_a_secret_key_among_the_public_ones_is_none(clients: RegisteredClients, keys: Path) -> None:
    keys.write_text(json.dumps({"keys": [{"kty": "oct", "k": b64(b"x" * 48), "kid": "k-1"}]}))
    with pytest.raises(PermanentError, match="no such key"):
        clients(signed(CLAIMS, KEY, "ES384"), HERE)
