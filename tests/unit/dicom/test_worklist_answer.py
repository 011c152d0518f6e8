"""What a modality worklist answers with, as an order: each attribute in its place, and nothing that could pass for somebody else."""

from datetime import UTC, datetime

import pytest

from wetread.dicom.worklist_scu import order_of
from wetread.domain.finding import Code
from wetread.domain.order import PatientNumber
from wetread.domain.priority import Priority
from wetread.domain.study import Indication, Sex

NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)
ANSWER = {
    "AccessionNumber": "ACC001",
    "PatientID": "PAT001",
    "IssuerOfPatientID": "HOSPITAL",
    "PatientName": "Doe^Jane",
    "PatientBirthDate": "19700102",
    "PatientSex": "F",
    "RequestedProcedureID": "RP1",
    "RequestedProcedureDescription": "Chest, two views",
    "RequestedProcedurePriority": "STAT",
    "ReasonForTheRequestedProcedure": "cough since 3 weeks",
    "RequestedProcedureCodeSequence.CodeValue": "399208008",
    "RequestedProcedureCodeSequence.CodingSchemeDesignator": "SCT",
    "RequestedProcedureCodeSequence.CodeMeaning": "Chest X-ray",
}


def test_every_attribute_in_its_place() -> None:
    order = order_of(ANSWER, "RIS", NOW)
    assert order is not None
    assert (order.accession_number, order.priority, order.said_at) == ("ACC001", Priority.STAT, NOW)
    assert order.person.number == PatientNumber("PAT001", "HOSPITAL")
    assert (order.person.name, order.person.birth_date, order.person.sex) == ("Doe^Jane", "19700102", Sex.FEMALE)
    assert order.indication == Indication("cough since 3 weeks")
    assert order.procedure == Code("399208008", "SCT", "Chest X-ray")


@pytest.mark.parametrize(
    ("said", "priority"),
    [
        ("STAT", Priority.STAT),
        ("high", Priority.ASAP),
        ("MEDIUM", Priority.URGENT),
        ("ROUTINE", Priority.ROUTINE),
        ("LOW", Priority.ROUTINE),
        ("", Priority.ROUTINE),
        ("SOON", Priority.ROUTINE),
    ],
)
def test_priorities(said: str, priority: Priority) -> None:
    order = order_of(ANSWER | {"RequestedProcedurePriority": said}, "RIS", NOW)
    assert order is not None
    assert order.priority is priority


def test_without_a_reason_what_was_requested_is_the_indication() -> None:
    order = order_of(ANSWER | {"ReasonForTheRequestedProcedure": " "}, "RIS", NOW)
    coded = {
        "ReasonForTheRequestedProcedure": "",
        "ReasonForRequestedProcedureCodeSequence.CodeValue": "R05",
        "ReasonForRequestedProcedureCodeSequence.CodingSchemeDesignator": "I10",
    }
    by_code = order_of(ANSWER | coded, "RIS", NOW)
    assert order is not None
    assert by_code is not None
    assert order.indication == Indication("Chest, two views")
    assert by_code.indication == Indication("", (Code("R05", "I10", "R05"),))


def test_one_requested_procedure_is_one_order_however_often_it_is_told() -> None:
    keys = [
        order.order_key
        for more in ({}, {"PatientName": "Doe^J"}, {"RequestedProcedureID": "RP2"}, {"PatientID": "PAT002"})
        if (order := order_of(ANSWER | more, "RIS", NOW))
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


@pytest.mark.parametrize(
    "without", [{"AccessionNumber": " "}, {"PatientID": ""}, {"PatientID": "PAT\n001"}, {"AccessionNumber": "A\u202eB"}]
)
def test_who_and_what_must_be_said_and_are_not_repaired(without: dict[str, str]) -> None:
    assert order_of(ANSWER | without, "RIS", NOW) is None


def test_what_is_no_date_or_no_text_is_left_out() -> None:
    more = {"PatientBirthDate": "2.1.1970", "ReasonForTheRequestedProcedure": "cou\x1bgh\u202e" + "x" * 5000}
    order = order_of(ANSWER | more | {"PatientSex": "?"}, "RIS", NOW)
    assert order is not None
    assert (order.person.birth_date, order.person.sex) == ("", Sex.UNKNOWN)
    assert order.indication.text.startswith("cou gh")
    assert "\u202e" not in order.indication.text
    assert len(order.indication.text) == 1024
