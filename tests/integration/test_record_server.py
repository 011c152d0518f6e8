"""The record as a real R4 server and real TLS give it: pages, references between resources, our own reports, and certificates."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from neighbours.certificate import Certificates, make_certificates
from record_world import SECRET, FhirRecordWorld, a_number, admit, concept, fhir_record_world

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.finding import Code
from wetread.domain.identifiers import derived_uid
from wetread.fhir.backend_services import NoCredentials
from wetread.fhir.bounded_http import BoundedHttp, Budget, checked_url
from wetread.fhir.record_server import RecordServer
from wetread.ports.patient_record import RecordQuery

pytestmark = pytest.mark.real
K = RecordKind


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FhirRecordWorld]:
    with fhir_record_world(tmp_path_factory.mktemp("fhir")) as running:
        yield running


def test_page_after_page_is_read_newest_first(world: FhirRecordWorld) -> None:
    number = a_number()
    for day in range(1, 8):
        world.lab(number, day, day=f"2026-02-{day:02d}")
    paged = replace(world, limits=replace(world.limits, page_size=3))
    answer = paged.record.entries(admit(world.vault, number), RecordQuery(frozenset({K.OBSERVATION})))
    assert [each.quantity.value for each in answer.entries if each.quantity] == [7, 6, 5, 4, 3, 2, 1]
    assert answer.problems == ()
    cut = replace(world, limits=replace(world.limits, page_size=3, pages=2))
    answer = cut.record.entries(admit(world.vault, number), RecordQuery(frozenset({K.OBSERVATION})))
    assert [each.quantity.value for each in answer.entries if each.quantity] == [7, 6, 5, 4, 3, 2]
    assert answer.problems == ("Observation: only the first 2 pages were read",)


def test_a_medicine_is_named_by_what_it_points_at(world: FhirRecordWorld) -> None:
    number, code = a_number(), Code("11289", "RXNORM", "Warfarin")
    medication = {"resourceType": "Medication", "code": concept(code)}
    elsewhere = world.server.create(medication)
    for reference, inside in (("#m", [{**medication, "id": "m"}]), (f"Medication/{elsewhere}", [])):
        world.server.create(
            {
                "resourceType": "MedicationStatement",
                "status": "active",
                "medicationReference": {"reference": reference},
                **({"contained": inside} if inside else {}),
                **world.subject(number),
            }
        )
    answer = world.record.entries(admit(world.vault, number), RecordQuery(frozenset({K.MEDICATION_STATEMENT})))
    assert [(each.codes, each.text) for each in answer.entries] == [((code,), "Warfarin (active)")] * 2


def test_a_report_of_our_own_is_no_news(world: FhirRecordWorld) -> None:
    number = a_number()
    prior, study = admit(world.vault, number), admit(world.vault, number)
    uid = derived_uid(SECRET, "fhir", prior, "report")
    ours = {
        "resourceType": "DiagnosticReport",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{uid}"}],
        "status": "final",
        "code": {"text": "Chest film"},
        "conclusion": "ours",
        **world.subject(number),
    }
    world.server.create(ours)
    world.report(number, "theirs")
    answer = world.record.entries(study, RecordQuery(frozenset({K.DIAGNOSTIC_REPORT})))
    assert [each.text for each in answer.entries] == ["CT Chest: theirs"]


def test_a_number_full_of_search_syntax_finds_nobody_else(world: FhirRecordWorld) -> None:
    for number in ("a,b", "a|b", "a$b", "a\\b", "*", "%", "a&_count=1", "a b"):
        world.condition(number)
    for number in ("a", "b", "a,", "|", "a&"):
        answer = world.record.entries(admit(world.vault, number), RecordQuery(frozenset({K.CONDITION})))
        assert answer.entries == ()


def test_the_servers_log_of_urls_knows_no_number(world: FhirRecordWorld) -> None:
    number = a_number()
    world.lab(number, 1)
    assert world.record.entries(admit(world.vault, number), RecordQuery(frozenset(K))).entries
    log = world.server.log.read_text()
    assert "/Patient/_search" in log
    assert number not in log


# TLS


@contextmanager
def over_tls(certificates: Certificates, name: str) -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"resourceType": "Bundle", "type": "searchset"}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    context = certificates.server() if name == "server" else certificates.stranger()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def asked(port: int, ca_file: Path | None) -> int:
    server = RecordServer(BoundedHttp(ca_file), checked_url(f"https://127.0.0.1:{port}"), NoCredentials())
    return len(list(server.pages("Condition", {}, Budget(10, 10_000, 10_000))))


def test_only_a_trusted_certificate_for_this_host_is_spoken_to(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    with over_tls(certificates, "server") as port:
        assert asked(port, certificates.trusted) == 1
        with pytest.raises(PermanentError) as raised:
            asked(port, None)
        assert raised.value.code == "tls_failed"
    with over_tls(certificates, "stranger") as port, pytest.raises(PermanentError) as raised:
        asked(port, certificates.trusted)
    assert raised.value.code == "tls_failed"
    (tmp_path / "no.pem").write_text("none")
    with pytest.raises(PermanentError, match="record_ca_file"):
        BoundedHttp(tmp_path / "no.pem")


@pytest.mark.parametrize(
    "url",
    [
        "http://ehr.example/fhir",
        "http://10.0.0.5/fhir",
        "http://127.0.0.1.example/fhir",
        "ftp://127.0.0.1/",
        "https://user:secret@ehr.example/fhir",
        "https://ehr.example/fhir?key=1",
        "https://ehr.example/fhir#x",
        "https:///fhir",
        "https://[::1",
        "ehr.example",
        "",
    ],
)
def test_a_record_is_asked_over_tls_or_on_this_machine_only(url: str) -> None:
    with pytest.raises(PermanentError) as raised:
        checked_url(url)
    assert raised.value.code == "bad_settings"
    assert "secret" not in str(raised.value)


def test_plain_http_to_this_machine_is_taken() -> None:
    for url in (
        "http://127.0.0.1:8080/fhir/",
        "http://localhost/fhir",
        "http://[::1]:1/fhir",
        "https://ehr.example/fhir/",
    ):
        assert checked_url(url) == url.rstrip("/")


def test_nobody_at_the_port_is_a_matter_of_time() -> None:
    with pytest.raises(TransientError, match="nobody listens there"):
        asked(1, None)
