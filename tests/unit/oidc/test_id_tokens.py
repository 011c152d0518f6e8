"""Which ID tokens open the door: the attacks of RFC 8725 and of OpenID Connect Core 1.0 §3.1.3.7, each refused by name."""

import json

import pytest
from joserfc.jwk import ECKey, RSAKey
from oidc_tokens import CLIENT, EC, ISSUER, RSA, ProviderWorld, b64, by_secret, id_claims, signed

from wetread.domain.errors import PermanentError
from wetread.domain.role import Role
from wetread.oidc.jwt import ASYMMETRIC, SKEW_S, BadToken, verified
from wetread.testing.clock import FixedClock

WORLD = ProviderWorld()
NOW = WORLD.clock.now()
AT = int(NOW.timestamp())
PEM = RSA.as_pem(private=False)


def test_a_right_token_says_who_it_is() -> None:
    identity = ProviderWorld().come_back(amr=["pwd", "otp"], acr="urn:mfa").identity
    assert (identity.issuer, identity.subject, identity.account) == (ISSUER, "u-1", "ann.lee")
    assert (identity.display_name, identity.role, identity.sites) == ("Ann Lee", Role.RADIOLOGIST, ())
    assert (identity.session, identity.how) == ("sid-1", "urn:mfa otp pwd")


def test_an_elliptic_key_of_the_set_is_as_good() -> None:
    world = ProviderWorld()
    sealed, asked = world.go()
    world.hand_out(asked, signed(id_claims(world.clock.now(), nonce=asked["nonce"]), EC, "ES256"))
    assert world.provider.receive(sealed, {"code": "c", "state": asked["state"]}).identity.subject == "u-1"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"iss": ISSUER + "/"}, "another issuer"),
        ({"aud": "another"}, "not for us"),
        ({"aud": ["another"]}, "not for us"),
        ({"aud": None}, "not for us"),
        ({"aud": [CLIENT, "another"]}, "does not say for whom first"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, "another client"),
        ({"azp": "another"}, "another client"),
        ({"nonce": "of another request"}, "another request"),
        ({"nonce": None}, "another request"),
        ({"exp": AT - SKEW_S - 1}, "over"),
        ({"exp": None}, "neither"),
        ({"exp": "tomorrow"}, "no time"),
        ({"exp": True}, "no time"),
        ({"iat": AT + SKEW_S + 5}, "future"),
        ({"iat": None}, "neither"),
        ({"nbf": AT + SKEW_S + 5}, "future"),
        ({"sub": None}, "nobody"),
        ({"sub": ""}, "nobody"),
        ({"sub": 7}, "nobody"),
        ({"sub": "x" * 256}, "nobody"),
    ],
)
def test_a_claim_that_is_wrong_is_refused(changes: dict[str, object], why: str) -> None:
    world = ProviderWorld(FixedClock(NOW))
    sealed, asked = world.go()
    claims = {"nonce": asked["nonce"], **id_claims(NOW), **changes}
    world.hand_out(asked, signed({name: value for name, value in claims.items() if value is not None}))
    with pytest.raises(BadToken, match=why):
        world.provider.receive(sealed, {"code": "c", "state": asked["state"]})


STRANGER = RSAKey.generate_key(2048, {"kid": "rsa-1"})
CLAIMS = id_claims(NOW)


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (f"{b64({'alg': 'none', 'kid': 'rsa-1'})}.{b64(CLAIMS)}.", "algorithm"),
        (f"{b64({'alg': 'None', 'kid': 'rsa-1'})}.{b64(CLAIMS)}.", "algorithm"),
        (f"{b64({'kid': 'rsa-1'})}.{b64(CLAIMS)}.", "algorithm"),
        (by_secret(CLAIMS, PEM), "algorithm"),
        (by_secret(CLAIMS, b"s3cret-of-the-client"), "algorithm"),
        (signed(CLAIMS, STRANGER), "signature"),
        (signed(CLAIMS, RSA, "RS256", kid="ec-1"), "signature"),
        (signed(CLAIMS, RSA, "RS256", crit=["exp"], exp=1), "extension"),
        (signed(CLAIMS, RSA, "RS256", typ="at+jwt"), "another type"),
        (signed(CLAIMS, RSA, "RS256", kid="k" * 300), "key id"),
        (signed(CLAIMS, RSA).rpartition(".")[0] + ".", "signature"),
        (signed(CLAIMS, RSA)[:-4] + "AAAA", "signature"),
        (signed(b"[]", RSA), "no JSON object"),
        (signed(b'{"iss":"a","iss":"b"}', RSA), "no JSON object"),
        ("a.b", "no compact JWS"),
        ("a.b.c.d.e", "no compact JWS"),
        ("x" * 40_000, "no compact JWS"),
        ("é.b.c", "no compact JWS"),
    ],
)  # fmt: skip
def test_a_token_that_no_key_of_the_provider_signed_is_refused(token: str, why: str) -> None:
    with pytest.raises(BadToken, match=why):
        ProviderWorld().come_back(token)


@pytest.mark.parametrize("key_id", ["../../../etc/passwd", "' OR 1=1 --", "https://evil.example/jwks", "unknown"])
def test_a_key_id_is_compared_and_nothing_else(key_id: str) -> None:
    world = ProviderWorld()
    with pytest.raises(PermanentError, match="does not publish") as refusal:
        world.come_back(signed(CLAIMS, RSA, "RS256", kid=key_id))
    assert refusal.value.code == "unknown_key"
    assert key_id not in str(refusal.value)
    assert {url for url, _ in world.exchange.asked} == {
        f"{ISSUER}/.well-known/openid-configuration", f"{ISSUER}/token", f"{ISSUER}/jwks"
    }  # fmt: skip


@pytest.mark.parametrize("header", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_the_token_brings_along_is_not_taken(header: str) -> None:
    """CVE-2018-0114 and its kin."""
    own = ECKey.generate_key("P-256", {"kid": "ec-1"})
    brought = {
        "jwk": own.as_dict(private=False),
        "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/x",
        "x5c": ["AAAA"],
    }
    world = ProviderWorld()
    with pytest.raises(BadToken, match="signature"):
        world.come_back(signed(CLAIMS, own, "ES256", **{header: brought[header]}))
    assert not [url for url, _ in world.exchange.asked if "evil" in url]


def test_only_asymmetric_algorithms_are_on_the_list() -> None:
    assert not [each for each in ASYMMETRIC if each.startswith("HS") or each == "none"]
    assert set(ASYMMETRIC) >= {"RS256", "ES256", "ES384", "RS384"}


def test_clocks_may_differ_a_little() -> None:
    ProviderWorld().come_back(iat=AT + int(SKEW_S) - 3)
    late = ProviderWorld()
    late.come_back(exp=int(late.clock.now().timestamp() - SKEW_S + 5))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"acr": "urn:mfa"}, "does not say when"),
        ({"acr": "urn:mfa", "auth_time": "now"}, "does not say when"),
        ({"acr": "urn:mfa", "auth_time": AT - 3600}, "did not prove again"),
        ({"acr": "urn:mfa", "auth_time": AT - SKEW_S - 2}, "did not prove again"),
        ({"auth_time": AT + 1}, "in the way"),
        ({"auth_time": AT + 1, "acr": "urn:pwd"}, "in the way"),
    ],
)
def test_a_provider_that_ignores_the_question_makes_no_signature(changes: dict[str, object], why: str) -> None:
    world = ProviderWorld(FixedClock(NOW))
    with pytest.raises(BadToken, match=why):
        world.come_back(prove_again=True, **changes)


def test_who_proves_it_again_is_asked_so_and_believed() -> None:
    world = ProviderWorld()
    _, asked = world.go(prove_again=True)
    assert (asked["prompt"], asked["max_age"], asked["acr_values"]) == ("login", "0", "urn:mfa")
    arrived = world.come_back(prove_again=True, auth_time=int(world.clock.now().timestamp()), acr="urn:mfa")
    assert arrived.identity.authenticated_at is not None


def test_a_token_says_nothing_of_itself_when_it_is_refused() -> None:
    token = signed({**CLAIMS, "name": "Secret Name"}, STRANGER)
    with pytest.raises(BadToken) as refusal:
        verified(token, lambda _: WORLD.provider._keys.holding("rsa-1"))
    assert "Secret" not in str(refusal.value)
    assert json.dumps(CLAIMS["sub"]) not in str(refusal.value)
