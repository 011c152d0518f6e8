"""A signed report as a FHIR transaction: repeatable, honest about its status, nobody else's resources overwritten."""

import json
import re
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from builders_delivery import EFFUSION, NO_CARDIOMEGALY, NO_IDENTITY, NOW, a_package, a_report, an_appended_report
from hypothesis import given, settings
from hypothesis import strategies as st

from wetread.domain.errors import PermanentError
from wetread.domain.report import ReportStatus, Section
from wetread.domain.study import Sex
from wetread.fhir.bundle import encode_bundle
from wetread.fhir.datatypes import human_name, study_day
from wetread.ports.sink import ReportPackage
from wetread.testing.builders import an_identity


def bundle(package: ReportPackage) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(encode_bundle(package, NOW))
    return decoded


def entries(package: ReportPackage, kind: str) -> list[dict[str, Any]]:
    return [entry for entry in bundle(package)["entry"] if entry["resource"]["resourceType"] == kind]


def resource(package: ReportPackage, kind: str) -> dict[str, Any]:
    (entry,) = entries(package, kind)
    found: dict[str, Any] = entry["resource"]
    return found


@pytest.mark.parametrize(
    ("status", "report", "observation"),
    [
        (ReportStatus.PARTIAL, "partial", "preliminary"),
        (ReportStatus.PRELIMINARY, "preliminary", "preliminary"),
        (ReportStatus.FINAL, "final", "final"),
        (ReportStatus.AMENDED, "amended", "amended"),
        (ReportStatus.APPENDED, "appended", "final"),
    ],
)
def test_the_status_is_the_reports(status: ReportStatus, report: str, observation: str) -> None:
    package = a_package(a_report(EFFUSION, status=status))
    assert resource(package, "DiagnosticReport")["status"] == report
    assert resource(package, "Observation")["status"] == observation


def test_a_draft_names_no_interpreter() -> None:
    package = a_package(a_report(EFFUSION, status=ReportStatus.PARTIAL))
    assert "resultsInterpreter" not in resource(package, "DiagnosticReport")
    assert entries(package, "Practitioner") == []


def test_a_final_report_without_a_signature_is_not_encoded() -> None:
    with pytest.raises(PermanentError) as caught:
        encode_bundle(a_package(replace(a_report(EFFUSION), signature=None)), NOW)
    assert caught.value.code == "unsigned_final"


def test_words_changed_after_signing_are_not_encoded() -> None:
    changed = replace(a_report(EFFUSION), content=a_report(NO_CARDIOMEGALY).content)
    with pytest.raises(PermanentError) as caught:
        encode_bundle(a_package(changed), NOW)
    assert caught.value.code == "signature_mismatch"


def test_a_signed_version_is_the_same_bytes_whenever_it_is_encoded() -> None:
    assert encode_bundle(a_package(), NOW) == encode_bundle(a_package(), NOW + timedelta(days=3))


def test_every_reference_leads_to_an_entry() -> None:
    encoded = encode_bundle(a_package(), NOW).decode()
    urls = {entry["fullUrl"] for entry in json.loads(encoded)["entry"]}
    references = re.findall(r'"reference": "([^"]*)"', encoded)
    assert len(references) > 8
    assert set(references) <= urls
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", url) for url in urls)


def test_what_others_own_is_created_only_where_it_is_missing() -> None:
    for kind in ("Patient", "Practitioner", "Device", "ImagingStudy"):
        ((request, named),) = [(e["request"], e["resource"]["identifier"][0]) for e in entries(a_package(), kind)]
        assert (request["method"], request["url"]) == ("POST", kind)
        assert parse_qs(request["ifNoneExist"]) == {"identifier": [f"{named['system']}|{named['value']}"]}


def test_what_we_say_is_put_by_its_identifier() -> None:
    ours = entries(a_package(), "DiagnosticReport") + entries(a_package(), "Observation")
    assert len({entry["request"]["url"] for entry in ours}) == 3
    for entry in ours:
        kind, _, query = entry["request"]["url"].partition("?")
        named = entry["resource"]["identifier"][0]
        assert (entry["request"]["method"], kind) == ("PUT", entry["resource"]["resourceType"])
        assert parse_qs(query) == {"identifier": [f"{named['system']}|{named['value']}"]}


def test_an_amendment_is_put_where_the_first_version_stands() -> None:
    amended = a_package(a_report(EFFUSION, status=ReportStatus.AMENDED, version=2), predecessor=a_report(EFFUSION))
    for kind in ("DiagnosticReport", "Observation"):
        before, after = entries(a_package(a_report(EFFUSION)), kind), entries(amended, kind)
        assert [e["request"] for e in before] == [e["request"] for e in after]


def test_an_addendum_is_put_where_the_report_stands_and_names_who_added_it() -> None:
    appended = a_package(an_appended_report("A rib is broken."), predecessor=a_report(EFFUSION, NO_CARDIOMEGALY))
    before, after = entries(a_package(), "DiagnosticReport")[0], entries(appended, "DiagnosticReport")[0]
    assert before["request"] == after["request"]
    report = after["resource"]
    assert (report["status"], report["issued"]) == ("appended", "2026-11-23T13:00:00.125+00:00")
    assert [each["name"][0]["text"] for each in practitioners(appended)] == ["Ada Lovelace", "Grace Hopper"]
    urls = [each["fullUrl"] for each in entries(appended, "Practitioner")]
    assert [each["reference"] for each in report["resultsInterpreter"]] == urls
    added = "ADDENDUM, 2026-11-23 13:00 UTC, Grace Hopper\nA rib is broken."
    assert report["conclusion"] == f"{before['resource']['conclusion']}\n{added}"
    text, old = (b64decode(each["presentedForm"][0]["data"]).decode() for each in (report, before["resource"]))
    assert text == f"{old}\n\n{added}"
    assert [e["resource"] for e in entries(appended, "Observation")] == [
        e["resource"] for e in entries(a_package(), "Observation")
    ]


def test_who_adds_to_their_own_report_is_named_once() -> None:
    signature = a_report(EFFUSION).signature
    assert signature is not None
    hers = replace(a_report(EFFUSION), signature=replace(signature, signer_id="grace"))
    assert len(practitioners(a_package(an_appended_report("More.", of=hers)))) == 1


def test_a_finding_that_an_amendment_drops_is_withdrawn() -> None:
    amended = a_report(EFFUSION, status=ReportStatus.AMENDED, version=2)
    package = a_package(amended, predecessor=a_report(EFFUSION, NO_CARDIOMEGALY))
    states = {e["resource"]["code"]["text"]: e["resource"]["status"] for e in entries(package, "Observation")}
    assert states == {"pleural effusion": "amended", "cardiomegaly": "entered-in-error"}
    assert len(resource(package, "DiagnosticReport")["result"]) == 1


def test_a_finding_carries_presence_side_and_a_number_that_says_what_it_is() -> None:
    effusion, cardiomegaly = (entry["resource"] for entry in entries(a_package(), "Observation"))
    assert effusion["valueCodeableConcept"]["coding"][0]["display"] == "Present"
    assert cardiomegaly["valueCodeableConcept"]["coding"][0]["display"] == "Absent"
    side, probability, operating_point = effusion["component"]
    assert side["valueCodeableConcept"]["coding"][0]["display"] == "Right"
    assert probability["code"]["coding"][0]["display"] == "Calibrated probability that the finding is on this film"
    assert (probability["valueQuantity"]["value"], operating_point["valueQuantity"]["value"]) == (0.8, 0.5)
    assert "calibrated probability of phantom-net 1.0.0" in effusion["note"][0]["text"]
    assert effusion["device"]["reference"] == entries(a_package(), "Device")[0]["fullUrl"]


def test_a_finding_without_the_model_has_no_number_and_no_device() -> None:
    package = a_package(a_report(replace(EFFUSION, probability=None)))
    observation = resource(package, "Observation")
    assert {"device", "note"} & set(observation) == set()
    assert [each["code"]["coding"][0]["code"] for each in observation["component"]] == ["272741003"]


def test_the_report_speaks_in_words_and_codes() -> None:
    report = resource(a_package(), "DiagnosticReport")
    assert report["code"]["coding"][0] == {"system": "http://loinc.org", "code": "30745-4", "display": "XR Chest Views"}
    assert report["conclusion"] == "Right pleural effusion."
    assert [each["coding"][0]["code"] for each in report["conclusionCode"]] == ["60046008"]
    text = b64decode(report["presentedForm"][0]["data"]).decode()
    assert text.startswith("INDICATION\nCough and fever.\n\nTECHNIQUE\n")
    assert text.endswith("IMPRESSION\nRight pleural effusion.")


def test_the_reason_of_an_amendment_is_read_first() -> None:
    package = a_package(a_report(EFFUSION, status=ReportStatus.AMENDED, version=2, amendment_reason="wrong side"))
    text = b64decode(resource(package, "DiagnosticReport")["presentedForm"][0]["data"]).decode()
    assert text.startswith("AMENDED\nwrong side\n\n")


def test_a_patient_number_with_search_syntax_finds_one_patient_only() -> None:
    """An unescaped comma would mean "or" and could match somebody else."""
    package = a_package(identity=an_identity(patient_id="1,2|3$4\\5&identifier=6"))
    ((request,),) = [[entry["request"] for entry in entries(package, "Patient")]]
    assert parse_qs(request["ifNoneExist"]) == {
        "identifier": ["urn:wetread:mrn:HOSPITAL|1\\,2\\|3\\$4\\\\5&identifier=6"]
    }


def test_issuers_keep_equal_patient_numbers_apart() -> None:
    packages = [a_package(identity=an_identity(issuer_of_patient_id=issuer)) for issuer in ("A", "B", "")]
    assert len({resource(package, "Patient")["identifier"][0]["system"] for package in packages}) == 3


def test_studies_without_a_patient_number_never_share_a_patient() -> None:
    first = a_package(identity=NO_IDENTITY)
    second = replace(first, study_key="t" * 24)
    assert resource(first, "Patient")["identifier"] != resource(second, "Patient")["identifier"]


def test_an_identity_without_anything_still_makes_a_patient() -> None:
    patient = resource(a_package(identity=NO_IDENTITY), "Patient")
    assert set(patient) == {"resourceType", "identifier", "gender"}
    assert patient["gender"] == "unknown"


def test_a_site_names_the_system_of_its_patient_numbers() -> None:
    encoded = encode_bundle(
        a_package(identity=an_identity(issuer_of_patient_id="")), NOW, patient_system="urn:oid:1.2.3"
    )
    assert json.loads(encoded)["entry"][0]["resource"]["identifier"][0]["system"] == "urn:oid:1.2.3"


@pytest.mark.parametrize(("sex", "gender"), [(Sex.FEMALE, "female"), (Sex.MALE, "male"), (Sex.OTHER, "other")])
def test_sex_is_translated(sex: Sex, gender: str) -> None:
    assert resource(a_package(identity=an_identity(patient_sex=sex)), "Patient")["gender"] == gender


@pytest.mark.parametrize(
    ("dicom", "fhir"),
    [
        ("20261122", "2026-11-22"),
        ("2026", None),
        ("20261322", None),
        ("", None),
        ("２０２６1122", None),
        ("2026-11-22", None),
    ],
)
def test_only_a_whole_true_date_is_a_date(dicom: str, fhir: str | None) -> None:
    assert study_day(dicom) == fhir


def test_a_person_name_keeps_its_parts() -> None:
    assert human_name("Müller^Änne^Maria^Dr.^PhD=王^小東") == {
        "text": "Dr. Änne Maria Müller PhD",
        "family": "Müller",
        "given": ["Änne", "Maria"],
        "prefix": ["Dr."],
        "suffix": ["PhD"],
    }
    assert human_name("") == {}


@settings(max_examples=80, deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=120))
def test_no_text_can_leave_its_string(text: str) -> None:
    identity = an_identity(patient_name=text, patient_id=text, accession_number=text, study_description=text)
    package = a_package(a_report(EFFUSION, sections=((Section.IMPRESSION, text),), signer_name=text), identity=identity)
    hostile, usual = bundle(package), bundle(a_package(a_report(EFFUSION)))
    assert [entry["resource"]["resourceType"] for entry in hostile["entry"]] == [
        entry["resource"]["resourceType"] for entry in usual["entry"]
    ]
    survivors = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd\s]", "", text)
    conclusion = resource(package, "DiagnosticReport").get("conclusion", "")
    assert re.sub(r"[\ufffd\s]", "", conclusion) == survivors


def practitioners(package: ReportPackage) -> list[dict[str, Any]]:
    return [each["resource"] for each in entries(package, "Practitioner")]


def test_a_finding_that_is_there_has_its_place_and_an_absent_one_has_none() -> None:
    structure = resource(a_package(), "BodyStructure")
    effusion, heart = (each["resource"] for each in entries(a_package(), "Observation"))
    (url,) = [each["fullUrl"] for each in entries(a_package(), "BodyStructure")]
    assert structure["active"] is True
    assert structure["morphology"] == effusion["code"]
    assert structure["location"]["coding"] == effusion["bodySite"]["coding"]
    assert [each["coding"][0]["display"] for each in structure["locationQualifier"]] == ["Right"]
    assert effusion["bodySite"]["extension"] == [
        {"url": "http://hl7.org/fhir/StructureDefinition/bodySite", "valueReference": {"reference": url}}
    ]
    assert "extension" not in heart["bodySite"]


def test_a_place_that_an_amendment_no_longer_speaks_of_is_not_active() -> None:
    amended = a_package(
        a_report(replace(EFFUSION, present=False), status=ReportStatus.AMENDED, version=2),
        predecessor=a_report(EFFUSION),
    )
    before, after = entries(a_package(), "BodyStructure"), entries(amended, "BodyStructure")
    assert [each["request"] for each in before] == [each["request"] for each in after]
    assert [each["resource"]["active"] for each in after] == [False]


def agents(package: ReportPackage) -> list[tuple[str, str]]:
    """(role, kind of resource) of each agent of the report's Provenance."""
    kinds = {each["fullUrl"]: each["resource"]["resourceType"] for each in bundle(package)["entry"]}
    found = resource(package, "Provenance")["agent"]
    return [(each["type"]["coding"][0]["code"], kinds[each["who"]["reference"]]) for each in found]


def test_provenance_says_who_verified_and_which_model_helped() -> None:
    assert agents(a_package()) == [("verifier", "Practitioner"), ("assembler", "Device")]
    assert agents(a_package(read_by_ai=False)) == [("verifier", "Practitioner")]
    appended = a_package(an_appended_report("A rib is broken."), predecessor=a_report(EFFUSION))
    assert agents(appended) == [("verifier", "Practitioner"), ("author", "Practitioner"), ("assembler", "Device")]
    signed = resource(appended, "Provenance")["signature"]
    assert [each["when"] for each in signed] == ["2026-11-23T12:00:00.125+00:00", "2026-11-23T13:00:00.125+00:00"]


def test_every_version_has_a_provenance_of_its_own_that_names_the_one_before() -> None:
    first = a_package(a_report(EFFUSION))
    second = a_package(a_report(EFFUSION, status=ReportStatus.AMENDED, version=2), predecessor=a_report(EFFUSION))
    one, other = entries(first, "Provenance")[0], entries(second, "Provenance")[0]
    for entry in (one, other):
        (tag,) = entry["resource"]["meta"]["tag"]
        assert parse_qs(entry["request"]["ifNoneExist"]) == {"_tag": [f"{tag['system']}|{tag['code']}"]}
    assert one["request"] != other["request"]
    assert "entity" not in one["resource"]
    (before,) = other["resource"]["entity"]
    assert (before["role"], before["what"]["display"]) == ("revision", "version 1")
    assert before["what"]["identifier"] == resource(second, "DiagnosticReport")["identifier"][0]


def test_a_draft_has_no_provenance() -> None:
    assert entries(a_package(a_report(EFFUSION, status=ReportStatus.PARTIAL)), "Provenance") == []
