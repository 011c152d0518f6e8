"""Which certificate is whose, and until when: registered by file, known by its thumbprint (RFC 8705, RFC 9440). Over real TLS: tests/integration/test_mutual_tls.py."""

import base64
import hashlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlencode

import pytest
from builders_web import Answer, Browser, a_world, open_door
from neighbours.certificate import make_certificates

from wetread.bootstrap_identity import build_certificate_clients, build_service_clients
from wetread.domain.errors import PermanentError
from wetread.settings import SettingsError, load_settings
from wetread.testing.clock import FixedClock
from wetread.web.client_certificates import CertificateClients, thumbprint_of
from wetread.web.services import WebSettings


@dataclass
class Register:
    folder: Path
    clients: CertificateClients
    clock: FixedClock

    def header(self, name: str) -> str:
        return f":{base64.b64encode(self.der(name)).decode()}:"

    def der(self, name: str) -> bytes:
        return ssl.PEM_cert_to_DER_cert((self.folder / name).read_text().partition("-----BEGIN PRIVATE KEY-----")[0])


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Register:
    folder, clock = tmp_path_factory.mktemp("certificates"), FixedClock(datetime.now(UTC))
    make_certificates(folder)
    (folder / "both.pem").write_text((folder / "server.pem").read_text() + (folder / "another.pem").read_text())
    files = {"ris": folder / "both.pem", "gate": folder / "stranger.pem", "old": folder / "expired.pem", "lost": folder / "no.pem", "empty": folder / "empty.pem"}  # fmt: skip
    (folder / "empty.pem").write_text("")
    return Register(folder, CertificateClients(files, clock), clock)


def test_the_thumbprint_is_that_of_rfc_8705(register: Register) -> None:
    digest = hashlib.sha256(register.der("server.pem")).digest()
    assert thumbprint_of(register.header("server.pem")) == base64.urlsafe_b64encode(digest).decode().rstrip("=")


@pytest.mark.parametrize("name", ["server.pem", "another.pem"])
def test_a_client_may_have_several_at_once(register: Register, name: str) -> None:
    """So that one can be exchanged without a gap."""
    assert register.clients.proved("ris", register.header(name)) == thumbprint_of(register.header(name))


@pytest.mark.parametrize(
    ("account", "name", "code"),
    [
        ("ris", "stranger.pem", "bad_certificate"),
        ("gate", "server.pem", "bad_certificate"),
        ("nobody", "server.pem", "bad_certificate"),
        ("", "server.pem", "bad_certificate"),
        ("empty", "server.pem", "bad_certificate"),
        ("old", "expired.pem", "bad_certificate"),
        ("lost", "server.pem", "bad_settings"),
    ],
)
def test_another_s_certificate_or_one_that_is_over_proves_nothing(
    register: Register, account: str, name: str, code: str
) -> None:
    with pytest.raises(PermanentError) as refused:
        register.clients.proved(account, register.header(name))
    assert refused.value.code == code


@pytest.mark.parametrize("days", [-3, 93])
def test_a_certificate_proves_nothing_before_it_begins_and_after_it_ends(register: Register, days: int) -> None:
    then = replace(register.clients, clock=FixedClock(datetime.now(UTC) + timedelta(days=days)))
    with pytest.raises(PermanentError, match="not good today"):
        then.proved("ris", register.header("server.pem"))


@pytest.mark.parametrize(
    "header", ["", ":", "::", ":!!:", "AAAA", ":AAAA", ":AAAAA:", ":AAAA:;a=1", ":AAAA:, :AAAA:", ":AAAA\n:"]
)
def test_what_is_no_byte_sequence_is_no_certificate(register: Register, header: str) -> None:
    assert thumbprint_of(header) == ""
    with pytest.raises(PermanentError):
        register.clients.proved("ris", header)


@pytest.fixture(scope="module")
def door(register: Register) -> Iterator[Browser]:
    """Behind a proxy at 127.0.0.1, which the browser plays."""
    world = a_world(settings=WebSettings(trusted_proxies=(ip_network("127.0.0.1/32"),)))
    files = {"workflow": register.folder / "server.pem", "radiologist": register.folder / "stranger.pem"}
    world.services = replace(world.services, certificate_clients=CertificateClients(files, register.clock))
    with open_door(world) as browser:
        yield browser


def ask(door: Browser, header: str, **changes: str) -> Answer:
    form = {"grant_type": "client_credentials", "client_id": "workflow", "scope": "act/see_workitems", **changes}
    sent = {"Content-Type": "application/x-www-form-urlencoded", "Origin": None, "Sec-Fetch-Site": None}
    return door.send("POST", "/oauth/token", headers={**sent, "Client-Cert": header}, raw=urlencode(form).encode())


def test_a_token_is_bound_to_its_certificate(register: Register, door: Browser) -> None:
    mine = register.header("server.pem")
    answer = ask(door, mine)
    assert answer.status == 200
    bearer = replace(door, defaults={"Authorization": f"Bearer {answer.json()['access_token']}"})
    for shown, statuses in (
        (mine, (200, 204)),
        (register.header("stranger.pem"), (401,)),
        (":AAAA:", (401,)),
        ("", (401,)),
    ):
        assert bearer.get("/dicom-web/workitems", {"Client-Cert": shown or None}).status in statuses


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_id": "radiologist"}, 401, "invalid_client"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"client_secret": "s"}, 401, "invalid_client"),
        ({"client_assertion": "a.b.c"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "act/sign"}, 400, "invalid_scope"),
        ({"scope": ""}, 400, "invalid_scope"),
    ],
)
def test_a_certificate_opens_no_more_than_its_own_account_s_role(
    register: Register, door: Browser, changes: dict[str, str], status: int, error: str
) -> None:
    answer = ask(door, register.header("server.pem"), **changes)
    assert (answer.status, answer.json()) == (status, {"error": error})


def test_two_certificates_in_one_request_are_none(register: Register, door: Browser) -> None:
    mine = register.header("server.pem")
    assert ask(door, f"{mine}, {mine}").status == 401


def test_the_way_is_told_where_it_is_open(door: Browser) -> None:
    told = door.get("/.well-known/oauth-authorization-server").json()
    assert "self_signed_tls_client_auth" in told["token_endpoint_auth_methods_supported"]
    assert told["tls_client_certificate_bound_access_tokens"] is True
    with open_door(a_world()) as other:
        told = other.get("/.well-known/oauth-authorization-server").json()
    assert told["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert told["tls_client_certificate_bound_access_tokens"] is False


def client(**how: str) -> dict[str, object]:
    return {"service_clients": ({"account": "ris", **how},)}


def test_certificates_need_a_proxy_whose_word_is_taken(tmp_path: Path) -> None:
    lone = load_settings(None, data_dir=tmp_path, **client(certificates_file="ris.crt"))
    with pytest.raises(SettingsError, match="trusted_proxies"):
        build_certificate_clients(lone, FixedClock())
    behind = load_settings(None, data_dir=tmp_path, trusted_proxies="10.0.0.1", **client(certificates_file="ris.crt"))
    assert build_certificate_clients(behind, FixedClock()) is not None
    assert build_service_clients(behind, FixedClock()) is None
    keys = load_settings(None, data_dir=tmp_path, **client(keys_file="ris.json"))
    assert (build_certificate_clients(keys, FixedClock()), build_service_clients(keys, FixedClock()) is None) == (
        None,
        False,
    )
    with pytest.raises(SettingsError, match="keys_file, certificates_file or both"):
        load_settings(None, data_dir=tmp_path, **client())
