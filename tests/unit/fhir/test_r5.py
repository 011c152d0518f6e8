"""R5 is R4 said otherwise: valid by models that are not ours, and no fact lost on the way."""

import json
from typing import Any

import pytest
from builders_delivery import NOW, a_package
from builders_pages import with_identity
from generated_packages import a_generated_package
from hostile_record import FHIR, Asked, Reply, hostile_server
from neighbours.r5_models import r5_errors

from wetread.fhir.bundle import encode_bundle
from wetread.fhir.communication import to_communication
from wetread.fhir.r5 import to_r5
from wetread.fhir.rest import FhirPeer, FhirSink
from wetread.ports.sink import ReportPackage


def said(package: ReportPackage, version: str = "R5") -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(encode_bundle(package, NOW, version=version))  # type: ignore[arg-type]
    return decoded


def of_kind(package: ReportPackage, kind: str, version: str = "R5") -> list[dict[str, Any]]:
    entries = said(package, version)["entry"]
    return [each["resource"] for each in entries if each["resource"]["resourceType"] == kind]


@pytest.mark.parametrize("seed", range(12))
def test_every_report_is_valid_r5(seed: int) -> None:
    bundle = said(a_generated_package(seed))
    assert r5_errors(bundle) == []
    assert [error for each in bundle["entry"] for error in r5_errors(each["resource"])] == []


def test_the_models_catch_what_is_r4() -> None:
    kinds = {
        each["resource"]["resourceType"] for each in said(a_package(), "R4")["entry"] if r5_errors(each["resource"])
    }
    assert kinds == {"Device", "ImagingStudy", "DiagnosticReport", "BodyStructure"}


@pytest.mark.parametrize("seed", range(6))
def test_keys_and_conditions_are_the_same_in_both(seed: int) -> None:
    """A report sent in R4 and in R5 is one report."""
    package = a_generated_package(seed)
    r4, r5 = said(package, "R4"), said(package)
    assert [(each["fullUrl"], each["request"]) for each in r4["entry"]] == [
        (each["fullUrl"], each["request"]) for each in r5["entry"]
    ]


def words(node: object) -> set[str]:
    if isinstance(node, dict):
        return set().union(*map(words, node.values()))
    if isinstance(node, list):
        return set().union(*map(words, node))
    return {str(node)}


@pytest.mark.parametrize("seed", range(6))
def test_no_value_is_lost_or_made_up(seed: int) -> None:
    package = a_generated_package(seed)
    r4, r5 = words(said(package, "R4")), words(said(package))
    assert r5 - r4 <= {"user-friendly-name"}
    assert r4 - r5 <= {"model-name", "http://hl7.org/fhir/StructureDefinition/bodySite"}


def test_a_finding_points_at_its_structure_and_the_report_at_its_study() -> None:
    (report,), (structure,) = of_kind(a_package(), "DiagnosticReport"), of_kind(a_package(), "BodyStructure")
    effusion, heart = of_kind(a_package(), "Observation")
    assert "imagingStudy" not in report
    assert len(report["study"]) == 1
    assert "bodySite" not in effusion
    assert effusion["bodyStructure"]["reference"].startswith("urn:uuid:")
    assert heart["bodySite"]["coding"]
    (included,) = structure["includedStructure"]
    assert included["laterality"]["coding"][0]["display"] == "Right"


def test_a_server_is_told_which_version_it_gets() -> None:
    asked: list[Asked] = []

    def answer(request: Asked) -> Reply:
        asked.append(request)
        entries = [{"response": {"status": "201 Created"}}]
        return (
            200,
            FHIR,
            json.dumps({"resourceType": "Bundle", "type": "transaction-response", "entry": entries}).encode(),
        )

    with hostile_server() as server:
        server.routes["r5"] = answer
        sink = FhirSink(
            FhirPeer(f"{server.url}/r5", version="R5"), lambda package: encode_bundle(package, NOW, version="R5")
        )
        assert sink.deliver(a_package()) == "1 resources"
    media = "application/fhir+json; fhirVersion=5.0"
    assert (asked[0].headers["Content-Type"], asked[0].headers["Accept"]) == (media, media)
    assert r5_errors(json.loads(asked[0].body)) == []


def test_a_page_is_valid_r5() -> None:
    assert r5_errors(to_r5(to_communication(with_identity(), "Practitioner/12", "key"))) == []
