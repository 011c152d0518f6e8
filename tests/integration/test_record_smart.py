"""SMART Backend Services against an authorisation server that checks what the specification tells it to, in front of a real FHIR endpoint."""

import json
import stat
import subprocess
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hostile_record import FHIR, HostileServer, Reply, a_condition, hostile_server, page
from neighbours.asking import ask_once
from neighbours.fhir_server import FhirServer, fhir_server
from record_world import FhirRecordWorld, a_fhir_record, a_number, admit

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import PermanentError, TransientError
from wetread.fhir.backend_services import BackendServices, Credentials, NoCredentials, TokenFile, assertion_claims
from wetread.fhir.bounded_http import BoundedHttp, Budget
from wetread.fhir.client_assertion import ClientKey, load_client_key, new_client_key
from wetread.ports.patient_record import RecordAnswer, RecordQuery
from wetread.testing.memory_vault import MemoryVault

SCOPE = "system/Patient.rs system/Condition.rs"
CONDITIONS = RecordQuery(frozenset({RecordKind.CONDITION}))


def write_key(
    path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, password: str = ""
) -> Path:
    encryption = form.BestAvailableEncryption(password.encode()) if password else form.NoEncryption()
    path.write_bytes(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, encryption))
    return path


@dataclass
class Guarded:
    """A server that knows two clients: by an EC key and by an RSA key."""

    server: FhirServer
    keys: dict[str, ClientKey]

    def client(self, name: str = "ec", **changes: object) -> BackendServices:
        return replace(
            BackendServices(BoundedHttp(), self.server.url.rstrip("/"), name, self.keys[name], SCOPE), **changes
        )  # type: ignore[arg-type]

    def read(self, credentials: Credentials, query: RecordQuery = CONDITIONS) -> RecordAnswer:
        world = FhirRecordWorld(self.server, credentials=credentials)
        number = a_number()
        world.condition(number)
        return world.record.entries(admit(world.vault, number), query)

    def tokens_given(self) -> int:
        return self.server.log.read_text().count("POST /token")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("smart")
    rsa_file = write_key(folder / "rsa.pem", rsa.generate_private_key(public_exponent=65537, key_size=2048))
    keys = {"ec": new_client_key(folder / "ec.pem"), "rsa": load_client_key(rsa_file, "our-rsa-key")}
    clients = {name: {"keys": [key.jwk], "scope": SCOPE} for name, key in keys.items()}
    with fhir_server(folder, clients) as server:
        yield Guarded(server, keys)


pytestmark = pytest.mark.real


@pytest.mark.parametrize("name", ["ec", "rsa"])
def test_a_registered_key_opens_the_record(guarded: Guarded, name: str) -> None:
    assert len(guarded.read(guarded.client(name)).entries) == 1


def test_without_a_token_nothing_is_read(guarded: Guarded) -> None:
    with pytest.raises(PermanentError, match="401"):
        guarded.read(NoCredentials())


def test_a_token_serves_until_it_ends_and_is_renewed_when_refused(guarded: Guarded) -> None:
    client, before = guarded.client(), guarded.tokens_given()
    for _ in range(3):
        guarded.read(client)
    assert guarded.tokens_given() == before + 1
    guarded.server.forget_tokens()
    assert len(guarded.read(client).entries) == 1
    assert guarded.tokens_given() == before + 2


def test_a_kind_beyond_the_scope_is_said_and_the_rest_is_read(guarded: Guarded) -> None:
    answer = guarded.read(guarded.client(), RecordQuery(frozenset({RecordKind.CONDITION, RecordKind.PROCEDURE})))
    assert len(answer.entries) == 1
    assert answer.problems == (
        "Procedure: the record server refuses (HTTP 403, security): check which resources we may read there",
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_id": "rsa"}, "invalid_client"),
        ({"scope": "system/*.cruds"}, "invalid_scope"),
    ],
)
def test_what_the_server_refuses_is_said_in_its_own_code(
    guarded: Guarded, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(PermanentError, match=reason):
        guarded.read(guarded.client(**changes))


def test_a_key_that_is_not_registered_is_refused(guarded: Guarded, tmp_path: Path) -> None:
    stranger = new_client_key(tmp_path / "stranger.pem")
    stolen_name = replace(stranger, jwk={**stranger.jwk, "kid": guarded.keys["ec"].jwk["kid"]})
    for key in (stranger, stolen_name):
        with pytest.raises(PermanentError, match="invalid_client"):
            guarded.read(guarded.client(key=key))


def test_an_assertion_is_good_once_and_for_minutes(guarded: Guarded) -> None:
    """The server refuses a replay, another audience and a life of more than five minutes: our own claims, changed one by one."""
    client = guarded.client()
    audience = f"{guarded.server.url}token"

    def offered(**changes: object) -> int:
        claims = {**assertion_claims("ec", audience), **changes}
        fields = {
            "grant_type": "client_credentials",
            "scope": SCOPE,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": client.key.sign(claims),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return ask_once("POST", audience, body=urlencode(fields), headers=headers).status

    claims = assertion_claims("ec", audience)
    assert offered(jti=claims["jti"]) == 200
    assert offered(jti=claims["jti"]) == 401
    assert offered(aud="http://elsewhere/token") == 401
    assert offered(exp=int(str(claims["exp"])) + 120) == 401
    assert offered(exp=0) == 401
    assert offered() == 200


def test_assertions_are_signed_for_this_client_and_never_alike(guarded: Guarded) -> None:
    client = guarded.client()
    first, second = (assertion_claims("ec", "https://a/token") for _ in range(2))
    assert first["jti"] != second["jti"]
    assert (first["iss"], first["sub"], first["aud"]) == ("ec", "ec", "https://a/token")
    header, body, _ = client.key.sign(first).split(".")
    decoded = json.loads(urlsafe_b64decode(header + "=="))
    assert decoded == {"alg": "ES384", "kid": client.key.jwk["kid"], "typ": "JWT"}
    assert json.loads(urlsafe_b64decode(body + "==")) == first


# a token endpoint of any kind


def tokens(server: HostileServer, reply: Callable[[], Reply], key: ClientKey) -> BackendServices:
    server.routes["token"] = lambda _: reply()
    server.routes[".well-known"] = lambda _: (200, FHIR, json.dumps({"token_endpoint": f"{server.url}/token"}).encode())
    return BackendServices(BoundedHttp(), server.url, "ec", key, SCOPE)


def token_reply(**changes: object) -> Reply:
    return 200, FHIR, json.dumps({"access_token": "abc", "token_type": "Bearer", "expires_in": 300, **changes}).encode()


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with hostile_server() as running:
        yield running


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> ClientKey:
    return new_client_key(tmp_path_factory.mktemp("key") / "k.pem")


def a_budget(seconds: float = 5) -> Budget:
    return Budget(seconds, 100_000, 1_000_000)


@pytest.mark.parametrize(
    "reply",
    [
        token_reply(access_token="abc\r\nX-Evil: 1"),
        token_reply(access_token=""),
        token_reply(access_token=None),
        token_reply(token_type="mac"),
        token_reply(expires_in="soon"),
        token_reply(expires_in=None),
        (200, FHIR, b"<html>"),
        (200, FHIR, b"[]"),
        (302, {"Location": "http://127.0.0.1:1/"}, b""),
        (400, FHIR, b'{"error": "Patient Okonkwo is not known"}'),
    ],
)
def test_an_answer_without_a_token_is_refused(server: HostileServer, key: ClientKey, reply: Reply) -> None:
    with pytest.raises(PermanentError) as raised:
        tokens(server, lambda: reply, key).authorization(a_budget())
    assert "Okonkwo" not in str(raised.value)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_token_endpoint_that_is_busy_is_asked_again_another_time(
    server: HostileServer, key: ClientKey, status: int
) -> None:
    replies = iter([(status, FHIR, b""), token_reply()])
    client = tokens(server, lambda: next(replies), key)
    with pytest.raises(TransientError):
        client.authorization(a_budget())
    assert client.authorization(a_budget()) == "Bearer abc"


@pytest.mark.parametrize("life_s", [0, -1, 10])
def test_a_token_that_ends_at_once_is_not_kept(server: HostileServer, key: ClientKey, life_s: int) -> None:
    client = tokens(server, lambda: token_reply(expires_in=life_s), key)
    for _ in range(2):
        assert client.authorization(a_budget()) == "Bearer abc"
    assert sum("token" in each.path for each in server.asked) == 2


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:{other}/token", "http://169.254.169.254/token", "file:///token", "", None, 7]
)
def test_a_token_endpoint_elsewhere_must_be_configured(
    server: HostileServer, key: ClientKey, endpoint: str | int | None
) -> None:
    with hostile_server() as other:
        named = endpoint.format(other=other.port) if isinstance(endpoint, str) else endpoint
        client = tokens(server, token_reply, key)
        server.routes[".well-known"] = lambda _: (200, FHIR, json.dumps({"token_endpoint": named}).encode())
        with pytest.raises(PermanentError):
            client.authorization(a_budget())
        assert other.asked == []
        other.routes["token"] = lambda _: token_reply(access_token="from-elsewhere")
        configured = replace(client, token_url=f"{other.url}/token")
        assert configured.authorization(a_budget()) == "Bearer from-elsewhere"


def test_one_refused_token_is_renewed_once_and_no_more(server: HostileServer, key: ClientKey) -> None:
    server.routes["Patient"] = lambda _: (401, FHIR, b"")
    vault = MemoryVault()
    record = a_fhir_record(server.url, vault, tokens(server, token_reply, key))
    with pytest.raises(PermanentError, match="check our credentials"):
        record.entries(admit(vault, a_number()), CONDITIONS)
    assert [each.path for each in server.asked if "Patient" in each.path] == ["/Patient/_search"] * 2
    assert sum("token" in each.path for each in server.asked) == 2


# a token from a file


def test_a_token_file_is_read_each_time(server: HostileServer, tmp_path: Path) -> None:
    file, vault = tmp_path / "token", MemoryVault()
    server.routes["Condition"] = lambda _: page(a_condition())
    record = a_fhir_record(server.url, vault, TokenFile(file))
    for token in ("first-token", "second-token"):
        file.write_text(token + "\n")
        assert len(record.entries(admit(vault, a_number()), CONDITIONS).entries) == 1
        assert server.asked[-1].headers["Authorization"] == f"Bearer {token}"


@pytest.mark.parametrize("content", [b"", b"two words", b"a\r\nX-Evil: 1", b"gr\xc3\xbc\xc3\x9fe", b"=="])
def test_a_token_file_without_a_token_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    for file in (tmp_path / "token", tmp_path / "missing"):
        with pytest.raises(PermanentError):
            TokenFile(file).authorization(a_budget())


# keys


def test_a_new_key_is_its_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    key = new_client_key(tmp_path / "k.pem")
    assert stat.S_IMODE((tmp_path / "k.pem").stat().st_mode) == 0o600
    assert load_client_key(tmp_path / "k.pem").jwk == key.jwk
    assert not {"d", "p", "q"} & set(key.jwk)
    with pytest.raises(PermanentError, match="never overwritten"):
        new_client_key(tmp_path / "k.pem")
    with pytest.raises(PermanentError, match="cannot be written"):
        new_client_key(tmp_path / "no" / "k.pem")


def test_a_key_made_by_openssl_is_read(tmp_path: Path) -> None:
    for command in ("ecparam -name secp384r1 -genkey -noout -out ec", "genrsa -out rsa 2048"):
        subprocess.run(["openssl", *command.split()], cwd=tmp_path, check=True, capture_output=True)
    assert load_client_key(tmp_path / "ec").algorithm == "ES384"
    assert load_client_key(tmp_path / "rsa", "mine").jwk["kid"] == "mine"


def test_keys_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    bad = {
        "p256": write_key(tmp_path / "p256", ec.generate_private_key(ec.SECP256R1())),
        "short": write_key(tmp_path / "short", rsa.generate_private_key(65537, 1024)),  # noqa: S505 - to be refused
        "ed25519": write_key(tmp_path / "ed", ed25519.Ed25519PrivateKey.generate()),
        "encrypted": write_key(tmp_path / "enc", ec.generate_private_key(ec.SECP384R1()), "secret"),
        "missing": tmp_path / "missing",
    }
    (tmp_path / "text").write_text("-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n")
    for path in (*bad.values(), tmp_path / "text"):
        with pytest.raises(PermanentError) as raised:
            load_client_key(path)
        assert raised.value.code == "bad_client_key"
