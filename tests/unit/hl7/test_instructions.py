"""A hospital's messages as what they ask for; what is not understood is refused by its name."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hl7_messages import adt, merge, message, msh, orm, pid

from wetread.domain.finding import Code
from wetread.domain.order import OrderStatus, PatientNumber, Person
from wetread.domain.priority import Priority
from wetread.domain.study import Indication, Sex
from wetread.hl7.instructions import HospitalWays, instruction_of
from wetread.hl7.parse import MessageRefused, ParseLimits, parse_message
from wetread.orders.desk import CancelOrders, Instruction, MergePatients, PlaceOrders, UpdatePatient

NOW = datetime(2026, 11, 29, 13, tzinfo=UTC)
JANE = Person(PatientNumber("PAT001", "HOSPITAL"), "Doe^Jane", "19700102", Sex.FEMALE)


def said(body: bytes, ways: HospitalWays | None = None) -> Instruction:
    return instruction_of(parse_message(body, ParseLimits()), ways or HospitalWays(), NOW)


def refused(body: bytes) -> MessageRefused:
    with pytest.raises(MessageRefused) as caught:
        said(body)
    assert not any(each in str(caught.value) for each in ("Doe", "Jane", "PAT001", "ACC001", "P100"))
    return caught.value


def test_an_order_has_its_patient_number_priority_reason_and_procedure() -> None:
    placed = said(orm(priority="S", name="Doe^Jane^M^Jr^Dr"))
    assert isinstance(placed, PlaceOrders)
    (order,) = placed.orders
    assert order.person == replace(JANE, name="Doe^Jane^M^Dr^Jr")
    assert (order.accession_number, order.priority, order.status) == ("ACC001", Priority.STAT, OrderStatus.ACTIVE)
    assert order.indication == Indication("Cough\nsince 3 weeks", (Code("R05", "I10", "Cough"),))
    assert order.procedure == Code("30745-4", "LN", "XR Chest")
    assert order.said_at == datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_omi_names_its_accession_and_priority_in_segments_of_their_own() -> None:
    body = message(
        msh("OMI^O23^OMI_O23", "1"), pid(), "ORC|NW|P1^RIS|F1^RIS", "TQ1|1||||||||A^ASAP^HL70485", "OBR|1|P1|F1|30745-4^XR^LN", "DG1|1||J18.9^Pneumonia^I10|pneumonia?",
        "IPC|ACC9^RIS|RP1|1.2.3|SPS1|CR",
    )  # fmt: skip
    placed = said(body)
    assert isinstance(placed, PlaceOrders)
    (order,) = placed.orders
    assert (order.accession_number, order.priority) == ("ACC9", Priority.ASAP)
    assert order.indication == Indication("Pneumonia\npneumonia?", (Code("J18.9", "I10", "Pneumonia"),))


def test_one_message_may_hold_several_orders() -> None:
    lines = orm().decode().removesuffix("\r").split("\r")
    second = [line.replace("P100", "P101").replace("ACC001", "ACC002") for line in lines[3:]]
    placed = said(message(*lines, *second))
    assert isinstance(placed, PlaceOrders)
    assert [each.accession_number for each in placed.orders] == ["ACC001", "ACC002"]
    assert len({each.order_key for each in placed.orders}) == 2


def test_an_order_is_known_by_its_placer_number_whatever_else_changes() -> None:
    keys = set()
    for body in (orm(), orm("C2", control="XO", accession="ACC7"), orm("C3", control="CA"), orm("C4", order="P200")):
        instruction = said(body)
        assert isinstance(instruction, PlaceOrders | CancelOrders)
        keys |= {(each.order_key) for each in instruction.orders}
    assert len(keys) == 2


@pytest.mark.parametrize("control", ["CA", "OC", "DC"])
def test_a_cancelled_order_needs_no_more_than_its_number(control: str) -> None:
    cancelled = said(message(msh("ORM^O01", "1"), pid(), f"ORC|{control}|P100^RIS"))
    assert isinstance(cancelled, CancelOrders)
    assert [each.status for each in cancelled.orders] == [OrderStatus.CANCELLED]


@pytest.mark.parametrize("event", ["A01", "A04", "A08"])
def test_patient_data(event: str) -> None:
    assert said(adt(event)) == UpdatePatient(JANE)


def test_of_several_numbers_the_one_of_a_listed_authority_counts_and_has_the_films_issuer() -> None:
    body = adt().replace(b"PAT001^^^HOSPITAL^MR", b"1^^^STATE^NI~2^^^HOSP&1.2&ISO^MR~3^^^CLINIC^PI")
    update = said(body)
    assert isinstance(update, UpdatePatient)
    assert update.person.number == PatientNumber("2", "HOSP")
    listed = said(body, HospitalWays(issuers={"CLINIC": ""}))
    assert isinstance(listed, UpdatePatient)
    assert listed.person.number == PatientNumber("3", "")


def test_a_merge_names_both_numbers() -> None:
    assert said(merge("OLD", "NEW")) == MergePatients(
        ((PatientNumber("OLD", "HOSPITAL"), PatientNumber("NEW", "HOSPITAL")),)
    )


@pytest.mark.parametrize(
    ("sent_at", "moment"),
    [
        ("20261129120000+0100", datetime(2026, 11, 29, 11, tzinfo=UTC)),
        ("20261129120000.1234-0500", datetime(2026, 11, 29, 17, tzinfo=UTC)),
        ("202607011200", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("20261129", datetime(2026, 11, 28, 23, tzinfo=UTC)),
        ("", NOW),
        ("20261399", NOW),
        ("yesterday", NOW),
    ],
)
def test_a_time_without_a_zone_is_the_sites(sent_at: str, moment: datetime) -> None:
    placed = said(orm(header={"sent_at": sent_at}), HospitalWays(ZoneInfo("Europe/Berlin")))
    assert isinstance(placed, PlaceOrders)
    assert placed.orders[0].said_at == moment


def test_a_birth_date_or_sex_that_is_none_is_not_said() -> None:
    update = said(adt(birth_date="19700230", sex="X"))
    assert isinstance(update, UpdatePatient)
    assert (update.person.birth_date, update.person.sex) == ("", Sex.UNKNOWN)


def test_a_name_cannot_become_another_part_of_a_name() -> None:
    update = said(adt(name="Doe\\S\\Evil=x^Jane\\E\\"))
    assert isinstance(update, UpdatePatient)
    assert update.person.name == "Doe Evil x^Jane"


@pytest.mark.parametrize(
    ("body", "code", "rejects"),
    [
        (message(msh("ORU^R01", "1"), pid()), "200", True),
        (message(msh("ADT^A34", "1"), pid(), "MRG|X"), "201", True),
        (message(msh("ADT^A35", "1"), pid(), "MRG|X"), "201", True),
        (message(msh("ADT^A47", "1"), pid(), "MRG|X"), "201", True),
        (message(msh("ADT^A18", "1"), pid(), "MRG|X"), "201", True),
        (message(msh("ORM^O02", "1"), pid()), "201", True),
        (adt(control_id=""), "101", True),
        (adt(header={"version": "3.0"}), "203", True),
        (adt(header={"processing": "T"}), "202", True),
        (adt(number=""), "101", False),
        (message(msh("ADT^A08", "1")), "100", False),
        (adt("A08", "1", pid(number="PAT002")), "100", False),
        (adt("A08", "1", "MRG|PAT002"), "100", False),
        (adt(name="Doe\rPID|1||EVIL^^^HOSPITAL^MR"), "100", False),
        (message(msh("ADT^A40", "1"), pid()), "100", False),
        (message(msh("ADT^A40", "1"), "MRG|X", pid()), "100", False),
        (message(msh("ADT^A40", "1"), pid(), pid(), "MRG|X", "MRG|Y"), "100", False),
        (merge("SAME", "SAME"), "101", False),
        (merge("", "NEW"), "101", False),
        (merge("A^^^H~B", "NEW"), "103", False),
        (orm(control="ZZ"), "103", False),
        (orm(accession=""), "101", False),
        (message(msh("ORM^O01", "1"), pid()), "100", False),
        (message(msh("ORM^O01", "1"), pid(), "ORC|NW|P1"), "101", False),
        (message(msh("ORM^O01", "1"), "ORC|NW|P1", pid(), "OBR|1|P1|F1"), "100", False),
        (message(msh("ORM^O01", "1"), pid(), "ORC|CA"), "101", False),
        (message(msh("ORM^O01", "1"), pid(), "ORC|CA|P1", "ORC|NW|P2", "OBR|1|P2|F2"), "103", False),
    ],
)
def test_what_is_not_taken_is_refused_by_its_reason(body: bytes, code: str, rejects: bool) -> None:
    error = refused(body)
    assert (error.error_code, error.rejects) == (code, rejects)
