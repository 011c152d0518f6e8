"""Records of every kind as DICOM audit messages, held against a schema, and as AuditEvents, held against FHIR and BALP."""

import json
from base64 import b64decode
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import pytest
from neighbours.balp import balp_errors
from neighbours.r4_definitions import binding_errors, schema_errors
from xmlschema import XMLSchema

from wetread.audit_trail.dicom_message import dicom_audit_message
from wetread.domain.audit import GENESIS, AuditEvent, AuditRecord, record_hash
from wetread.domain.audit_kind import ACTS, FAMILIES, asked
from wetread.fhir.audit_event import audit_event, balp_profile
from wetread.ports.vault import VaultStudy
from wetread.testing.builders import NOON, STUDY_KEY, an_identity

VERBS = sorted({*ACTS, *(f"{each}.any" for each in FAMILIES), "login", "logout", "refused", "nobody.knows"})
KNOWN = VaultStudy(STUDY_KEY, "1.2.3", an_identity(), ("DX",), 1)
HOSTILE = '<x a="1">&\x00\x1b\ud800]]>'


@cache
def message_schema() -> XMLSchema:
    return XMLSchema(Path(__file__).parents[2] / "neighbours" / "dicom_audit_message.xsd")


def a_record(event: AuditEvent) -> AuditRecord:
    return AuditRecord(4, NOON, event, GENESIS, record_hash(4, NOON, event, GENESIS))


def events(action: str) -> list[AuditEvent]:
    facts = (("by", "PatientID"), ("records", "3"))
    return [
        AuditEvent(action, "dr-roe"),
        AuditEvent(action, "dr-roe", "bad_credentials", detail=facts),
        AuditEvent(action, "dimse@CT1", study_key=STUDY_KEY, detail=facts),
        AuditEvent(action, "dr-roe", study_key=STUDY_KEY, detail=(*facts, ("address", "2001:db8::7"))),
    ]


@pytest.mark.parametrize("action", VERBS)
def test_every_act_is_a_valid_message(action: str) -> None:
    for event in events(action):
        for known in (None, KNOWN):
            text = dicom_audit_message(a_record(event), "WETREAD", "north", known)
            assert "\n" not in text
            message_schema().validate(text)


@pytest.mark.parametrize("action", VERBS)
def test_every_act_is_a_valid_audit_event_and_keeps_to_its_profile(action: str) -> None:
    for event in events(action):
        record = a_record(event)
        said = json.loads(json.dumps(audit_event(record)))
        assert schema_errors(said) == []
        assert list(binding_errors(said)) == []
        profile = balp_profile(record)
        assert [each.rpartition(".")[2] for each in said["meta"].get("profile", [])] == [profile] * bool(profile)
        assert not profile or balp_errors(said, profile) == []


@pytest.mark.parametrize(
    ("action", "profile"),
    [
        ("study.read", "PatientRead"),
        ("instance.store", "PatientCreate"),
        ("report.sign", "PatientUpdate"),
        ("erasure.done", "PatientDelete"),
        ("fhir.search", "PatientQuery"),
        ("study.analyse", ""),
        ("login", ""),
    ],
)
def test_what_is_done_to_a_study_has_the_profile_with_the_patient(action: str, profile: str) -> None:
    assert balp_profile(a_record(AuditEvent(action, "x", study_key=STUDY_KEY))) == profile
    assert balp_profile(a_record(AuditEvent(action, "x"))) == profile.removeprefix("Patient")
    assert balp_profile(a_record(AuditEvent(action, "x", "refused", STUDY_KEY))) == ""


def test_nobody_is_named_but_where_the_repository_may_know() -> None:
    record, identity = a_record(AuditEvent("study.read", "dr-roe", study_key=STUDY_KEY)), KNOWN.identity
    secrets = {identity.patient_id, identity.patient_name, KNOWN.study_instance_uid} - {""}
    silent = dicom_audit_message(record, "WETREAD", "north") + json.dumps(audit_event(record))
    told = dicom_audit_message(record, "WETREAD", "north", KNOWN)
    assert {each for each in secrets if each in silent} == set()
    assert {each for each in secrets if each in told} == secrets
    assert identity.patient_id in json.dumps(audit_event(record, identity))


def test_hostile_text_stays_text() -> None:
    record = a_record(
        AuditEvent("dicomweb.query", HOSTILE + "!", HOSTILE, detail=((HOSTILE, HOSTILE), ("by", "PatientName")))
    )
    text = dicom_audit_message(record, HOSTILE, HOSTILE, KNOWN)
    tree = ElementTree.fromstring(text)
    (who, _) = tree.findall("ActiveParticipant")
    assert who.get("UserID") == '<x a="1">&\ufffd\ufffd\ufffd]]>!'
    query = tree.findtext(".//ParticipantObjectQuery")
    assert dict(parse_qsl(b64decode(query or "").decode()))["by"] == "PatientName"
    assert schema_errors(json.loads(json.dumps(audit_event(record)))) == []


def test_the_chain_goes_with_the_record() -> None:
    record = a_record(AuditEvent("login", "dr-roe"))
    tree = ElementTree.fromstring(dicom_audit_message(record, "WETREAD", "north"))
    (kept,) = tree.findall("ParticipantObjectIdentification")
    facts = {
        each.get("type"): b64decode(each.get("value", "")).decode() for each in kept.findall("ParticipantObjectDetail")
    }
    assert (kept.get("ParticipantObjectID"), facts) == ("4", {"hash": record.hash})


AT = (("operation", "sign_report"), ("address", "198.51.100.7"))


def test_where_a_person_was_is_a_network_access_point_of_the_message() -> None:
    message = ElementTree.fromstring(
        dicom_audit_message(a_record(AuditEvent("login", "dr-roe", detail=AT)), "W", "north")
    )
    person, we = message.findall("ActiveParticipant")
    assert (person.get("NetworkAccessPointID"), person.get("NetworkAccessPointTypeCode")) == ("198.51.100.7", "2")
    assert "NetworkAccessPointID" not in we.attrib


@pytest.mark.parametrize(("action", "at"), [("login", 0), ("report.sign", 1), ("fhir.search", 1)])
def test_where_a_person_was_is_the_network_of_the_agent_that_has_one(action: str, at: int) -> None:
    """In BALP's profiles the machine that the person sat at; elsewhere the person."""
    agents = audit_event(a_record(AuditEvent(action, "dr-roe", study_key=STUDY_KEY, detail=AT)))["agent"]
    assert [each.get("network", {}).get("address") for each in agents].index("198.51.100.7") == at
    assert agents[at]["network"]["type"] == "2"


def test_a_query_is_told_by_what_was_searched_by_and_not_from_where() -> None:
    assert parse_qsl(
        b64decode(asked(AuditEvent("fhir.search", "dr-roe", detail=(("by", "date"), *AT[1:])))).decode()
    ) == [("by", "date")]
