"""The way out and back: PKCE, state and nonce bound to one browser, and nobody else's answer taken (RFC 9700)."""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta

import pytest
from oidc_tokens import BACK, CLIENT, ISSUER, TABLE, ProviderWorld, id_claims

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.role import Role
from wetread.oidc.claims import ClaimTable, identity_of
from wetread.oidc.metadata import KeptMetadata, Metadata
from wetread.oidc.sealing import Seal


def test_a_request_is_a_code_flow_with_pkce_and_the_verifier_stays_here() -> None:
    world = ProviderWorld()
    sealed, asked = world.go()
    assert (asked["response_type"], asked["client_id"], asked["redirect_uri"]) == ("code", CLIENT, BACK)
    assert asked["code_challenge_method"] == "S256"
    world.hand_out(asked)
    world.provider.receive(sealed, {"code": "c-1", "state": asked["state"]})
    url, form = world.exchange.asked[-2] if world.exchange.asked[-1][0].endswith("jwks") else world.exchange.asked[-1]
    assert (url, form["code"], form["redirect_uri"]) == (f"{ISSUER}/token", "c-1", BACK)
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
    assert form["code_verifier"] not in sealed
    assert len({*[world.go()[1]["state"] for _ in range(5)], *[world.go()[1]["nonce"] for _ in range(5)]}) == 10


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"code": "c"}, "wrong_state"),
        ({"code": "c", "state": "of another browser"}, "wrong_state"),
        ({"code": "c", "state": "é"}, "wrong_state"),
        ({"code": "c", "state": "RIGHT", "iss": "https://evil.example"}, "wrong_issuer"),
        ({"error": "access_denied", "state": "RIGHT"}, "provider_refused"),
        ({"error": "<script>", "state": "RIGHT"}, "provider_refused"),
        ({"state": "RIGHT"}, "provider_refused"),
    ],
)
def test_an_answer_to_nothing_we_asked_is_refused_before_the_code_is_used(answer: dict[str, str], code: str) -> None:
    world = ProviderWorld()
    sealed, asked = world.go()
    world.hand_out(asked)
    right = {name: asked["state"] if value == "RIGHT" else value for name, value in answer.items()}
    with pytest.raises(PermanentError) as refusal:
        world.provider.receive(sealed, right)
    assert refusal.value.code == code
    assert "script" not in str(refusal.value)
    assert not [url for url, _ in world.exchange.asked if url.endswith("/token")]


def test_a_provider_that_names_itself_in_its_answers_must_do_so(  # RFC 9207: mix-up
) -> None:
    world = ProviderWorld()
    world.exchange.documents["authorization_response_iss_parameter_supported"] = True
    sealed, asked = world.go()
    with pytest.raises(PermanentError, match="another provider"):
        world.provider.receive(sealed, {"code": "c", "state": asked["state"]})
    world.hand_out(asked)
    assert world.provider.receive(sealed, {"code": "c", "state": asked["state"], "iss": ISSUER})


@pytest.mark.parametrize("sealed", ["", "garbage", "a.b.c.d.e", Seal(b"other" * 7).close("code flow", {}, ProviderWorld().clock.now() + timedelta(hours=1))])  # fmt: skip
def test_a_browser_that_began_nothing_ends_nothing(sealed: str) -> None:
    with pytest.raises(PermanentError, match="begin again"):
        ProviderWorld().provider.receive(sealed, {"code": "c", "state": "s"})


def test_what_is_sealed_opens_for_its_purpose_until_its_end() -> None:
    world, seal = ProviderWorld(), Seal(b"s" * 32)
    now = world.clock.now()
    sealed = seal.close("held", {"a": 1}, now + timedelta(minutes=1))
    assert seal.open("held", sealed, now) == {"a": 1}
    for purpose, at in (("code flow", now), ("held", now + timedelta(minutes=1))):
        with pytest.raises(PermanentError, match="begin again"):
            seal.open(purpose, sealed, at)


def test_what_began_too_long_ago_is_over() -> None:
    world = ProviderWorld()
    sealed, asked = world.go()
    world.clock.advance(660)
    with pytest.raises(PermanentError, match="too long"):
        world.provider.receive(sealed, {"code": "c", "state": asked["state"]})


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"issuer": "https://evil.example"}, "provider_unfit"),
        ({"issuer": None}, "provider_unfit"),
        ({"code_challenge_methods_supported": ["plain"]}, "provider_unfit"),
        ({"token_endpoint": "https://169.254.169.254/latest"}, "provider_strays"),
        ({"token_endpoint": "http://id.example/token"}, "provider_strays"),
        ({"token_endpoint": "file:///etc/passwd"}, "provider_strays"),
        ({"token_endpoint": "https://id.example@evil.example/"}, "provider_strays"),
        ({"jwks_uri": "https://id.example:444/jwks"}, "provider_strays"),
        ({"jwks_uri": 7}, "provider_strays"),
        ({"authorization_endpoint": "https://evil.example/auth"}, "provider_strays"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "provider_strays"),
        ({"end_session_endpoint": "https://id.example/a b"}, "provider_strays"),
    ],
)
def test_a_provider_sends_us_to_no_other_place(document: dict[str, object], code: str) -> None:
    world = ProviderWorld()
    world.exchange.documents.update(document)
    with pytest.raises(PermanentError) as refusal:
        world.go()
    assert refusal.value.code == code


def test_a_new_key_is_fetched_but_not_for_every_name_that_somebody_makes_up() -> None:
    world, now_s = ProviderWorld(), [0.0]
    world.provider._keys._now_s = lambda: now_s[0]
    fetched = lambda: sum(url.endswith("/jwks") for url, _ in world.exchange.asked)  # noqa: E731
    kept, world.exchange.keys = world.exchange.keys, world.exchange.keys[1:]
    with pytest.raises(PermanentError, match="publish"):
        world.come_back()
    world.exchange.keys = kept  # the provider turns to its new key
    with pytest.raises(PermanentError, match="publish"):
        world.come_back()
    assert fetched() == 1
    now_s[0] = 31.0
    assert world.come_back().identity.subject == "u-1"
    for _ in range(5):
        world.come_back()
    assert fetched() == 2
    now_s[0] = 3700.0
    world.come_back()
    assert fetched() == 3


def test_a_provider_that_is_silent_is_not_asked_by_everybody_who_waits() -> None:
    now_s, asked = [0.0], []

    def fetch() -> Metadata:
        asked.append(now_s[0])
        if len(asked) in (1, 3):
            raise TransientError("silent", code="provider_unreachable")
        return Metadata(ISSUER, "a", "t", "k", "", False)

    kept = KeptMetadata(fetch, lambda: now_s[0])
    for _ in range(3):
        with pytest.raises(TransientError):
            kept()
    assert len(asked) == 1
    now_s[0] = 5.1
    found = kept()
    now_s[0] = 4000.0  # silent again: what was read last goes on
    assert [kept(), kept()] == [found, found]
    assert len(asked) == 3
    now_s[0] = 4006.0
    kept()
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("given", "role"),
    [(["radiology"], Role.RADIOLOGIST), ("residents", Role.RESIDENT), (["residents", "radiology"], Role.RADIOLOGIST),
     (["Radiology"], None), ([], None), (None, None), (7, None), ([["radiology"]], None), ("staff radiology", None)],
)  # fmt: skip
def test_a_role_comes_from_the_table_alone(given: object, role: Role | None) -> None:
    assert identity_of(id_claims(ProviderWorld().clock.now(), groups=given), TABLE).role is role


def test_roles_and_sites_may_lie_deep_in_the_token() -> None:
    table = ClaimTable(
        ("realm_access", "roles"), {"rad": Role.RADIOLOGIST}, ("sites",), {"n": ("north",), "s": ("south",), "hq": ()}
    )
    now = ProviderWorld().clock.now()
    found = {"realm_access": {"roles": ["rad"]}}
    for sites, reached in (
        (["n", "s"], ("north", "south")),
        ("n", ("north",)),
        (["n", "hq"], ()),
        (["x"], None),
        (None, None),
    ):
        identity = identity_of(id_claims(now, **found, sites=sites), table)
        assert (identity.role, identity.sites) == (Role.RADIOLOGIST, reached)
    assert identity_of(id_claims(now, realm_access=["rad"]), table).role is None


@pytest.mark.parametrize(
    ("username", "account"),
    [("Ann.Lee@Hospital.Example", "ann.lee@hospital.example"), ("DOM\\ann", "dom-ann"), ("", ""), ("../../x", "x"), (7, ""), ("é", ""), ("a" * 99, "a" * 48)],
)  # fmt: skip
def test_an_account_is_named_in_our_letters(username: object, account: str) -> None:
    claims = id_claims(ProviderWorld().clock.now(), preferred_username=username)
    assert identity_of(claims, replace(TABLE)).account == account
