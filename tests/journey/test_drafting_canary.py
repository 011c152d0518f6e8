"""Real-looking identity goes in by STOW, in header and indication, in a signed prior and in the hospital's record; the drafting wire, headers and bodies alike, the snippet store's
files and the logs carry none of it."""

import json
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import grpc
import pytest
from neighbours.fhir_server import FhirServer, fhir_server
from neighbours.wetread import ACCOUNT, PASSWORD, Wetread
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from tests.films import film
from tests.journey.waiting import wait_for

from wetread.bootstrap import build_core, build_desk
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import ReportContent, ReportFinding, Section
from wetread.domain.role import Actor, Role
from wetread.drafting.grammar import GrammarDrafter
from wetread.fhir.client_assertion import new_client_key
from wetread.rpc import drafting_pb2 as pb
from wetread.rpc.translate import from_request
from wetread.rpc.translate_draft import to_response
from wetread.settings import load_settings

IDENTITY = {
    "PatientName": "Okonkwo^Brunhilde",
    "PatientID": "MRN44718829",
    "IssuerOfPatientID": "CLINIC9",
    "PatientBirthDate": "19530417",
    "AccessionNumber": "ACC7730912",
    "StudyID": "SID55120",
    "StudyDate": "20260228",
    "StudyTime": "031741",
    "ReferringPhysicianName": "Vandersloot^Ignatius",
    "OperatorsName": "Quillfeather^Odette",
    "InstitutionName": "Saint Walpurga Infirmary",
    "StudyDescription": "Okonkwo followup",
    "PatientAddress": "17 Larkspur Crescent",
    "DeviceSerialNumber": "DSN998811",
    "StationName": "WALPURGA3",
}


class Recorder(grpc.GenericRpcHandler):  # type: ignore[misc]
    """A drafting service that keeps every byte and header it is sent."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[str] = []

    def service(self, details: Any) -> Any:
        self.headers.append(f"{details.method} {details.invocation_metadata}")
        return grpc.unary_unary_rpc_method_handler(self._draft)

    def _draft(self, body: bytes, _: Any) -> bytes:
        self.bodies.append(body)
        draft = GrammarDrafter().draft(from_request(pb.DraftRequest.FromString(body)))
        return bytes(to_response(draft).SerializeToString())


@contextmanager
def _recording() -> Iterator[tuple[Recorder, str]]:
    recorder, server = Recorder(), grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((recorder,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield recorder, f"127.0.0.1:{port}"
    server.stop(0).wait()


def _marked_film(reason: str = "", **changes: str) -> tuple[bytes, list[str]]:
    dataset = dcmread(BytesIO(film(41)))
    for keyword, value in (IDENTITY | changes).items():
        setattr(dataset, keyword, value)
    if reason:
        request = Dataset()
        request.ReasonForTheRequestedProcedure = reason
        dataset.RequestAttributesSequence = [request]
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(dataset, keyword, generate_uid())
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    content = BytesIO()
    dataset.save_as(content)
    words = [part for value in IDENTITY.values() for part in value.replace("^", " ").split() if len(part) > 4]
    uids = [str(dataset.StudyInstanceUID), str(dataset.SeriesInstanceUID), str(dataset.SOPInstanceUID)]
    return content.getvalue(), [*words, *uids, "1953-04-17", "2026-02-28"]


def test_no_identity_crosses_the_drafting_wire_with_the_film(tmp_path: Path) -> None:
    content, canaries = _marked_film()
    stored = tmp_path / "film.dcm"
    stored.write_bytes(content)
    house = Wetread(tmp_path / "house")
    with _recording() as (recorder, address):
        house.settings = {"DRAFTER_ADDRESS": address, "DRAFTER_SENDS_FILM": "true", "DRAFTER_DEADLINE_S": "60"}
        house.add_radiologist()
        with house.serving() as service:
            assert house.run("send", str(stored), "--to", house.dicomweb_url).returncode == 0
            wait_for(lambda: [r["state"] for r in service.client.worklist("open")] == ["drafted"], "a draft")
            (row,) = service.client.worklist("open")
    assert recorder.bodies
    request = pb.DraftRequest.FromString(recorder.bodies[0])
    assert request.findings, "the film was not read"
    assert 0 < len(request.film.grey) == request.film.rows * request.film.columns
    wire = b"".join(recorder.bodies).lower() + " ".join(recorder.headers).lower().encode()
    assert _found(wire, [*canaries, row["study_key"]]) == []


SYSTEM = "urn:oid:2.999.1"
SCOPE = " ".join(f"system/{kind}.rs" for kind in ("Patient", "Condition", "DocumentReference", "Observation"))
REASON = "Pleural effusion? Dr Vandersloot 0307712345, film of 17.02.2026"
LETTER = (
    "Brunhilde Okonkwo, born 17.04.1953, number MRN44718829, of 17 Larkspur Crescent, was with us from 2026-01-28. "
    "Pleural effusion on the left, drained by Dr Philippa Ashgrove. Her son Thaddeus Okonkwo: +49 30 7712345, "
    "thaddeus.okonkwo@mail.example, https://portal.example/okonkwo."
)
SIGNED = "Moderate pleural effusion of Mrs Okonkwo, as on 12.02.2026. Phoned to Dr Quillfeather at Saint Walpurga."
IN_TEXTS = (
    "Vandersloot", "0307712345", "7712345", "17.02.2026", "Okonkwo", "Brunhilde", "17.04.1953", "MRN44718829",
    "Larkspur", "2026-01-28", "Ashgrove", "Philippa", "Thaddeus", "mail.example", "portal.example", "12.02.2026",
    "Quillfeather", "Walpurga",
)  # fmt: skip


def _fill(server: FhirServer) -> None:
    named = [{"system": SYSTEM, "value": IDENTITY["PatientID"]}]
    patient = server.create({"resourceType": "Patient", "identifier": named, "birthDate": "1953-04-17"})
    subject = {"subject": {"reference": f"Patient/{patient}"}}
    condition = {"text": "Pleural effusion of Mrs Okonkwo"}
    server.create({"resourceType": "Condition", "code": condition, "recordedDate": "2026-01-28", **subject})
    letter = {"contentType": "text/plain", "data": b64encode(LETTER.encode()).decode()}
    document = {"status": "current", "date": "2026-02-10T08:00:00Z", "content": [{"attachment": letter}]}
    server.create({"resourceType": "DocumentReference", **document, **subject})


def _sign_a_prior(house: Wetread, key: StudyKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a person who writes names into the report."""
    for name, value in house.environment.items():
        monkeypatch.setenv(name, value)
    desk, doctor = build_desk(build_core(load_settings())), Actor(ACCOUNT, Role.RADIOLOGIST, "Dr Test")
    report = desk.open(doctor, key).report
    assert report is not None
    effusion = (ReportFinding(FindingName.EFFUSION, True, "left"),)
    saved = desk.save(doctor, key, ReportContent(((Section.FINDINGS, SIGNED),), effusion), report.etag)
    desk.sign(doctor, key, saved.etag, "authored")


@pytest.mark.real
def test_no_identity_leaves_record_prior_or_indication(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_client_key(tmp_path / "client.pem")
    house = Wetread(tmp_path / "house")
    clients = {"wetread": {"keys": [key.jwk], "scope": SCOPE}}
    prior, prior_canaries = _marked_film(StudyDate="20260212", AccessionNumber="ACC6619004")
    today, canaries = _marked_film(REASON)
    canaries = sorted({*prior_canaries, *canaries, *IN_TEXTS})
    with fhir_server(tmp_path / "fhir", clients) as hospital, _recording() as (recorder, address):
        _fill(hospital)
        house.settings = {
            "DRAFTER_ADDRESS": address,
            "DRAFTER_DEADLINE_S": "60",
            "RECORD_FHIR_URL": hospital.url,
            "RECORD_CLIENT_ID": "wetread",
            "RECORD_KEY_FILE": str(tmp_path / "client.pem"),
            "RECORD_PATIENT_SYSTEMS": json.dumps({IDENTITY["IssuerOfPatientID"]: SYSTEM}),
            "RECORD_KINDS": "Condition,DocumentReference,Observation",
            "RECORD_SCOPE": SCOPE,
            "RECORD_DEADLINE_S": "60",
            "LOG_LEVEL": "debug",
        }
        house.add_radiologist()
        with house.serving() as service:
            for number, content in enumerate((prior, today)):
                (tmp_path / "film.dcm").write_bytes(content)
                done = house.run("send", str(tmp_path / "film.dcm"), "--to", house.dicomweb_url)
                assert done.returncode == 0, done.stderr
                wait_for(lambda: [r["state"] for r in service.client.worklist("open")] == ["drafted"], "a draft")
                (row,) = service.client.worklist("open")
                if number == 0:
                    _sign_a_prior(house, StudyKey(row["study_key"]), monkeypatch)
            shown = house.run("context", row["study_key"], "--as", ACCOUNT, "--password-stdin", stdin=PASSWORD + "\n")
            audit = house.run("audit", "show").stdout
        log = service.log.read_text()
    context = pb.DraftRequest.FromString(recorder.bodies[-1]).context
    assert list(context.problems) == []
    assert {each.kind for each in context.snippets} == {
        pb.RECORD_KIND_CONDITION,
        pb.RECORD_KIND_DOCUMENT_REFERENCE,
        pb.RECORD_KIND_DIAGNOSTIC_REPORT,
    }
    assert [each.days_before for each in context.priors] == [16]
    assert context.indication_text.startswith("Pleural effusion?")
    assert "snippet_kinds=Condition+DiagnosticReport+DocumentReference" in audit
    assert "study.context" in audit
    assert "effusion" in shown.stdout
    wire = b"".join(recorder.bodies).lower() + " ".join(recorder.headers).lower().encode()
    assert _found(wire, [*canaries, row["study_key"]]) == []
    stored = b"".join(each.read_bytes() for each in (house.folder / "snippets").iterdir())
    assert b"pleural effusion" in stored.lower()
    assert _found(stored.lower(), [*canaries, row["study_key"]]) == []
    assert _found((log + audit + shown.stdout + shown.stderr).lower().encode(), canaries) == []


def _found(where: bytes, canaries: list[str]) -> list[str]:
    return [each for each in canaries if each.lower().encode() in where]
