"""A system proves itself by its certificate over real TLS: a proxy ends it, verifies, and passes the certificate on (RFC 8705, RFC 9440)."""

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.client import HTTPSConnection
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlencode

import pytest
from builders_web import Browser, World, a_world, open_door
from neighbours.certificate import Certificates, make_certificates
from neighbours.tls_proxy import running_tls_proxy

from wetread.bootstrap import SystemClock
from wetread.web.client_certificates import CertificateClients
from wetread.web.services import WebSettings

FORM = urlencode({"grant_type": "client_credentials", "client_id": "workflow", "scope": "act/see_workitems"})
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Site:
    """`registered` is the account's certificates_file; `direct` reaches the door without the proxy, from an address that is not the proxy's word."""

    world: World
    port: int
    direct: Browser
    made: Certificates
    registered: Path

    def ask(
        self, path: str, certificate: str = "", headers: dict[str, str] | None = None, form: str = ""
    ) -> tuple[int, dict[str, object]]:
        context = ssl.create_default_context(cafile=str(self.made.trusted))
        if certificate:
            context.load_cert_chain(self.made.folder / certificate)
        connection = HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)
        try:
            connection.request("POST" if form else "GET", path, form or None, headers or {})
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, json.loads(body) if body[:1] == b"{" else {}
        finally:
            connection.close()

    def token(self, certificate: str = "", **headers: str) -> tuple[int, dict[str, object]]:
        return self.ask("/oauth/token", certificate, {**FORM_TYPE, **headers}, FORM)

    def worklist(self, token: object, certificate: str = "") -> int:
        return self.ask("/dicom-web/workitems", certificate, {"Authorization": f"Bearer {token}"})[0]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("certificates")
    made, registered = make_certificates(folder), folder / "workflow.crt"
    world = a_world(settings=WebSettings(trusted_proxies=(ip_network("127.0.0.1/32"),)))
    known = CertificateClients({"workflow": registered}, SystemClock())
    world.services = replace(world.services, certificate_clients=known)
    with open_door(world) as direct, running_tls_proxy(direct.port, made.server(), made.trusted) as port:
        yield Site(world, port, direct, made, registered)


@pytest.fixture(autouse=True)
def right(site: Site) -> None:
    """What is registered before each test: the certificate alone, without its key."""
    site.registered.write_text(_certificate(site.made.client))


def _certificate(file: Path) -> str:
    return file.read_text().partition("-----BEGIN PRIVATE KEY-----")[0]


def test_the_right_certificate_gets_a_token_that_only_it_may_use(site: Site) -> None:
    status, told = site.token("server.pem")
    assert (status, told["token_type"], told["scope"]) == (200, "bearer", "act/see_workitems")
    assert site.worklist(told["access_token"], "server.pem") in (200, 204)
    assert site.worklist(told["access_token"]) == 401
    assert site.worklist(told["access_token"], "stranger.pem") == 401
    direct = replace(site.direct, defaults={"Authorization": f"Bearer {told['access_token']}"})
    assert direct.get("/dicom-web/workitems").status == 401
    issued = [each.event for each in site.world.services.database.audit_records() if each.event.action == "token.issue"]
    assert (issued[-1].actor_id, issued[-1].outcome, issued[-1].address) == ("workflow", "success", "127.0.0.1")
    assert len(dict(issued[-1].detail)["certificate"]) == 43


def test_without_a_certificate_there_is_no_token(site: Site) -> None:
    assert site.token() == (401, {"error": "invalid_client"})


def test_a_certificate_that_the_authority_signed_for_somebody_else_is_not_enough(site: Site) -> None:
    assert site.token("stranger.pem") == (401, {"error": "invalid_client"})


@pytest.mark.parametrize("name", ["another.pem", "expired.pem"])
def test_of_a_wrong_authority_or_over_it_does_not_pass_the_proxy(site: Site, name: str) -> None:
    site.registered.write_text(_certificate(site.made.folder / name))
    with pytest.raises(OSError, match=r"alert|EOF|closed|reset|Broken"):
        site.token(name)


def test_what_is_taken_out_of_the_file_opens_nothing(site: Site) -> None:
    site.registered.write_text("")
    assert site.token("server.pem") == (401, {"error": "invalid_client"})


def test_a_client_says_nothing_of_its_own_certificate(site: Site) -> None:
    """The proxy takes it off."""
    assert site.token(**{"Client-Cert": site_header(site)}) == (401, {"error": "invalid_client"})


def test_from_an_address_that_is_no_proxy_s_the_header_is_refused(site: Site) -> None:
    world = a_world()  # trusts nobody
    world.services = replace(world.services, certificate_clients=site.world.services.certificate_clients)
    with open_door(world) as direct:
        forged = {**FORM_TYPE, "Origin": None, "Sec-Fetch-Site": None, "Client-Cert": site_header(site)}
        answer = direct.send("POST", "/oauth/token", headers=forged, raw=FORM.encode())
    assert (answer.status, answer.json()["code"]) == (400, "untrusted_certificate")


def site_header(site: Site) -> str:
    return ":" + "".join(_certificate(site.made.client).splitlines()[1:-1]) + ":"
