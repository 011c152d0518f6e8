"""What an administrator tries: real listeners on loopback that answer, refuse, or are not there. No test sends anything of a patient."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from neighbours.certificate import make_certificates
from pynetdicom import AE
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ComprehensiveSRStorage,
    SecondaryCaptureImageStorage,
    Verification,
)

from wetread.bootstrap_connections import build_administration
from wetread.channels.reach import reach_http, reach_tcp
from wetread.domain.errors import PermanentError, TransientError
from wetread.settings import load_settings
from wetread.web.services import Administration


@pytest.fixture
def nobody() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class _Answers(BaseHTTPRequestHandler):
    seen: list[tuple[str, str, dict[str, str]]] = []  # noqa: RUF012  one list for all requests of a test

    def do_GET(self) -> None:
        self.seen.append((self.command, self.path, dict(self.headers)))
        self.send_response(401 if "closed" in self.path else 302 if "moved" in self.path else 200)
        self.send_header("Location", "http://192.0.2.1/")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def web() -> Iterator[str]:
    _Answers.seen.clear()
    with HTTPServer(("127.0.0.1", 0), _Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def administration(tmp_path: Path, **settings: object) -> Administration:
    return build_administration(load_settings(data_dir=tmp_path, **settings))


def tried(shown: Administration, name: str) -> str:
    said = next(each for each in shown.connections if each.name == name).test()
    assert isinstance(said, str)
    return said


def steps(shown: Administration, name: str) -> list[tuple[str, str]]:
    found = next(each for each in shown.connections if each.name == name).test()
    return [(each.name, each.verdict) for each in found if not isinstance(each, str)]


def test_any_answer_is_an_answer_and_no_secret_is_sent(web: str, nobody: int) -> None:
    assert reach_http(f"{web}/metadata") == "127.0.0.1 answers HTTP 200"
    assert "asks for credentials" in reach_http(f"{web}/closed")
    assert reach_http(f"{web}/moved") == "127.0.0.1 answers HTTP 302"
    assert all("authorization" not in {name.lower() for name in headers} for _, _, headers in _Answers.seen)
    with pytest.raises(TransientError, match="does not answer"):
        reach_http(f"http://127.0.0.1:{nobody}/", 2)


def test_a_listener_is_reached_and_a_closed_port_is_not(nobody: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert reach_tcp("127.0.0.1", listener.getsockname()[1], 2) == "127.0.0.1 accepts connections"
    with pytest.raises(TransientError, match="does not answer"):
        reach_tcp("127.0.0.1", nobody, 2)


def test_every_destination_of_the_settings_can_be_tried(tmp_path: Path, web: str, nobody: int) -> None:
    server = AE("ARCHIVE")
    for uid in (Verification, ComprehensiveSRStorage, SecondaryCaptureImageStorage):
        server.add_supported_context(uid)
    running = server.start_server(("127.0.0.1", 0), block=False)
    try:
        port = running.server_address[1]  # type: ignore[union-attr]
        shown = administration(
            tmp_path,
            stow_sink_url=f"{web}/closed",
            stow_sink_authorization="Bearer very-secret",
            fhir_sink_url=web,
            cstore_sink=f"ARCHIVE@127.0.0.1:{port}",
        )
        assert [each.name for each in shown.connections] == ["folder", "stow", "cstore", "fhir"]
        found = steps(shown, "cstore")
        assert found[:3] == [(f"127.0.0.1:{port}", "yes"), ("WETREAD calls ARCHIVE", "yes"), ("C-ECHO", "yes")]
        assert {verdict for _, verdict in found} == {"yes"}
        assert tried(shown, "fhir") == "127.0.0.1 answers HTTP 200"
        assert "credentials" in tried(shown, "stow")
        assert _Answers.seen[0][1] == "/metadata"
    finally:
        running.shutdown()  # type: ignore[union-attr]
        running.server_close()  # type: ignore[union-attr]
    gone = steps(administration(tmp_path, cstore_sink=f"ARCHIVE@127.0.0.1:{nobody}"), "cstore")
    assert [verdict for _, verdict in gone] == ["no", *["not tried"] * 4]
    values = {name: value for name, value, _, _ in shown.settings}
    assert values["stow_sink_authorization"] == "********"
    assert "very-secret" not in repr(shown)


def test_the_records_own_authority_is_the_one_that_is_asked(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    with HTTPServer(("127.0.0.1", 0), _Answers) as server:
        server.socket = certificates.server().wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asked = {"record_fhir_url": f"https://127.0.0.1:{server.server_port}"}
        trusting = administration(tmp_path, **asked, record_ca_file=certificates.trusted)
        assert tried(trusting, "record") == "127.0.0.1 answers HTTP 200"
        with pytest.raises(PermanentError, match="certificate that does not hold"):
            tried(administration(tmp_path, **asked), "record")
        server.shutdown()


def test_the_folder_and_the_policy_say_what_is_wrong(tmp_path: Path) -> None:
    shown = administration(tmp_path, triage_policy=tmp_path / "gone.yaml")
    with pytest.raises(PermanentError, match="not there yet"):
        tried(shown, "folder")
    with pytest.raises(PermanentError, match="cannot be read"):
        shown.policy_text()
    (tmp_path / "outbox").mkdir()
    assert tried(administration(tmp_path), "folder") == "the folder is there and can be written"
