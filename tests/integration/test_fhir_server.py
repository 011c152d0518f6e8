"""What we say in FHIR is valid R4 by the official definitions, and a real R4 endpoint takes it as we mean it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from builders_delivery import (
    EFFUSION,
    NO_CARDIOMEGALY,
    NO_IDENTITY,
    NOW,
    TEXT,
    a_finding,
    a_package,
    a_report,
    an_analysis,
    an_appended_report,
)
from neighbours.fhir_server import FhirServer, fhir_server
from neighbours.r4_definitions import binding_errors, schema_errors

from wetread.domain.errors import PermanentError
from wetread.domain.finding import VOCABULARY
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import Report, ReportFinding, ReportStatus, Section
from wetread.fhir.bundle import encode_bundle
from wetread.fhir.rest import FhirPeer, FhirSink
from wetread.ports.sink import ReportPackage
from wetread.testing.builders import an_identity

pytestmark = pytest.mark.real

EVERYTHING = tuple(
    ReportFinding(name, index % 2 == 0, ("left", "right", "bilateral", "")[index % 4], round(index / 20, 2))
    for index, name in enumerate(VOCABULARY)
)
AMENDED = a_report(EFFUSION, status=ReportStatus.AMENDED, version=2, amendment_reason="no cardiomegaly was meant")
PACKAGES = {
    "usual": a_package(),
    "unsigned": a_package(a_report(EFFUSION, status=ReportStatus.PARTIAL)),
    "preliminary": a_package(a_report(EFFUSION, status=ReportStatus.PRELIMINARY)),
    "amended": a_package(AMENDED, predecessor=a_report(EFFUSION, NO_CARDIOMEGALY)),
    "appended": a_package(an_appended_report("A rib is broken."), predecessor=a_report(EFFUSION, NO_CARDIOMEGALY)),
    "every finding": a_package(
        a_report(*EVERYTHING), analysis=an_analysis(*(a_finding(name, 0.5) for name in VOCABULARY))
    ),
    "no finding, no words": a_package(a_report(sections=())),
    "no model": a_package(read_by_ai=False),
    "no identity": a_package(identity=NO_IDENTITY, modality=""),
    "hostile": a_package(
        a_report(EFFUSION, sections=((Section.IMPRESSION, "\x00<b>\ud800\x1b "),), signer_name="\x00"),
        identity=an_identity(
            patient_name="\x07^ ^<script>", patient_id=" ,|\x00", patient_birth_date="19701399", study_date="today"
        ),
    ),
}
MEDPLUM_MAX_ENTRIES = 8
KINDS = (
    "Patient",
    "Practitioner",
    "Device",
    "ImagingStudy",
    "BodyStructure",
    "Observation",
    "DiagnosticReport",
    "Provenance",
)


def to_bundle(package: ReportPackage) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(encode_bundle(package, NOW))
    return decoded


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES.keys())
def test_a_bundle_is_valid_r4(package: ReportPackage) -> None:
    bundle = to_bundle(package)
    assert schema_errors(bundle) == []
    assert [error for entry in bundle["entry"] for error in schema_errors(entry["resource"])] == []
    assert binding_errors(bundle) == []


def test_the_definitions_catch_what_is_not_valid() -> None:
    report = to_bundle(a_package())["entry"][-2]["resource"]
    assert schema_errors(report | {"status": "bogus"})
    assert schema_errors(report | {"issued": "yesterday"})
    assert schema_errors(report | {"unknown": 1})
    assert schema_errors({key: value for key, value in report.items() if key != "code"})
    assert binding_errors(report | {"status": "bogus"}) == [
        "DiagnosticReport.status: bogus is not in http://hl7.org/fhir/ValueSet/diagnostic-report-status"
    ]
    patient = to_bundle(a_package())["entry"][0]["resource"]
    assert binding_errors(patient | {"identifier": [{"use": "bogus"}], "gender": "F"}) != []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FhirServer]:
    with fhir_server(tmp_path_factory.mktemp("fhir")) as neighbour:
        yield neighbour


def deliver(server: FhirServer, package: ReportPackage, max_entries: int = MEDPLUM_MAX_ENTRIES) -> str:
    return FhirSink(FhirPeer(server.url, max_entries=max_entries), partial(encode_bundle, now=NOW)).deliver(package)


def of_study(name: str, report: Report | None = None, **identity: str) -> ReportPackage:
    """A package of a study and a patient of its own."""
    package = a_package(report, identity=an_identity(patient_id=name, **identity))
    study = replace(package.study, study_key=StudyKey(name), study_instance_uid=f"2.25.{int.from_bytes(name.encode())}")
    return replace(package, study_key=StudyKey(name), study=study)


def test_a_repeated_delivery_adds_nothing(server: FhirServer) -> None:
    deliver(server, of_study("repeated"))
    before = {kind: len(server.search(kind)) for kind in KINDS}
    for _ in range(2):
        deliver(server, of_study("repeated"))
    assert {kind: len(server.search(kind)) for kind in KINDS} == before
    assert all(before.values())


def test_an_amendment_stands_in_the_place_of_the_first_version(server: FhirServer) -> None:
    first = a_report(EFFUSION, NO_CARDIOMEGALY)
    deliver(server, of_study("amended", first))
    (report,) = reports(server, "amended")
    deliver(server, replace(of_study("amended", AMENDED), predecessor=first))
    (after,) = reports(server, "amended")
    assert (report["id"], report["status"], after["status"]) == (after["id"], "final", "amended")
    observations = [each for each in server.search("Observation") if each["subject"] == after["subject"]]
    assert {each["code"]["text"]: each["status"] for each in observations} == {
        "pleural effusion": "amended",
        "cardiomegaly": "entered-in-error",
    }


def reports(server: FhirServer, patient_id: str) -> list[dict[str, Any]]:
    (patient,) = server.search(f"Patient?identifier={patient_id}")
    reference = {"reference": f"Patient/{patient['id']}"}
    return [each for each in server.search("DiagnosticReport") if each["subject"] == reference]


def test_the_hospitals_own_patient_is_used_and_not_overwritten(server: FhirServer) -> None:
    identifier = [{"system": "urn:wetread:mrn:HOSPITAL", "value": "theirs"}]
    server.create(
        {"resourceType": "Patient", "identifier": identifier, "name": [{"text": "As the hospital writes it"}]}
    )
    deliver(server, of_study("theirs", patient_name="Other^Spelling"))
    (patient,) = server.search("Patient?identifier=theirs")
    assert patient["name"] == [{"text": "As the hospital writes it"}]
    assert len(reports(server, "theirs")) == 1


def test_two_studies_of_one_patient_share_the_patient(server: FhirServer) -> None:
    first = of_study("shared")
    second = replace(first, study_key=StudyKey("another"), study=replace(first.study, study_instance_uid="2.25.99"))
    deliver(server, first)
    deliver(server, second)
    assert len(reports(server, "shared")) == 2


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES.keys())
def test_the_server_takes_every_kind_of_report(server: FhirServer, package: ReportPackage) -> None:
    assert deliver(server, replace(package, study_key=StudyKey("kinds"))).endswith(" resources")


def test_a_report_sent_in_parts_hangs_together(server: FhirServer) -> None:
    """The server alone would refuse it; in parts, every reference leads to what the earlier parts made, and a repeat adds nothing."""
    package = of_study("parts", a_report(*EVERYTHING))
    with pytest.raises(PermanentError):
        deliver(server, package, max_entries=1000)
    for _ in range(2):
        assert deliver(server, package).count("resources") == 5
    (report,) = reports(server, "parts")
    findings = {f"Observation/{each['id']}": each for each in server.search("Observation")}
    assert [findings[each["reference"]]["code"]["text"] for each in report["result"]] == [
        VOCABULARY[each.name].display for each in EVERYTHING
    ]
    mine = [each for each in findings.values() if each["subject"] == report["subject"]]
    assert len(mine) == len(EVERYTHING)


def test_the_words_arrive_whole(server: FhirServer) -> None:
    deliver(server, of_study("words"))
    (report,) = reports(server, "words")
    assert report["conclusion"] == dict(TEXT)[Section.IMPRESSION]
