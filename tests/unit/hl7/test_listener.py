"""Whatever happens, a sender gets an answer, and it says nothing of the patient."""

from collections.abc import Callable

import pytest
from hl7_messages import adt, message, msh, orm, pid

from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.order import PatientNumber
from wetread.hl7.acknowledgement import read_acknowledgement
from wetread.hl7.instructions import HospitalWays
from wetread.hl7.listener import MessageDesk
from wetread.hl7.parse import ParseLimits
from wetread.orders.desk import OrderDesk, Said
from wetread.ports.order_store import Answered
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.memory_orders import MemoryOrderStore
from wetread.testing.memory_vault import MemoryVault


def desk(take: Callable[[Said], Answered] | None = None) -> MessageDesk:
    vault, clock = MemoryVault(), FixedClock()
    orders = OrderDesk(MemoryDatabase(), vault, MemoryOrderStore(vault), clock, b"s" * 32)

    class Replaced(OrderDesk):
        def take(self, said: Said) -> Answered:
            return take(said) if take else super().take(said)

    replaced = Replaced(orders.database, vault, orders.store, clock, orders.secret)
    return MessageDesk(replaced, HospitalWays(), ParseLimits(), clock.now)


def answer(body: bytes, at: MessageDesk | None = None) -> tuple[str, str, str]:
    """MSA-1, MSA-2 and ERR-3 of the answer."""
    said = (at or desk()).answer(body, "10.0.0.5")
    assert not any(each in said for each in (b"Doe", b"PAT001", b"ACC001", b"SECRET"))
    read = read_acknowledgement(said)
    return read.code, read.control_id, read.error_code


def test_original_mode_is_answered_by_the_application() -> None:
    assert answer(orm()) == ("AA", "C1", "")
    assert answer(adt("A34")) == ("AR", "C1", "201")


@pytest.mark.parametrize("asks", ["AL", "ER", "SU"])
def test_enhanced_mode_is_answered_at_the_accept_level(asks: str) -> None:
    assert answer(orm(header={"accept": asks})) == ("CA", "C1", "")
    assert answer(adt("A34", header={"accept": asks})) == ("CR", "C1", "201")
    assert answer(adt(number="", header={"accept": asks})) == ("CE", "C1", "101")


def test_never_asked_for_an_accept_acknowledgement_the_application_answers() -> None:
    assert answer(orm(header={"accept": "NE"})) == ("AA", "C1", "")


def _raises(error: Exception) -> Callable[[Said], Answered]:
    def take(_: Said) -> Answered:
        raise error

    return take


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TransientError("SECRET", code="database_busy"), "207"),
        (PermanentError("no", code="database_refused"), "207"),
        (PermanentError("no", code="control_id_reused"), "205"),
        (KeyError("SECRET Doe"), "207"),
        (RecursionError(), "207"),
    ],
)
def test_what_fails_inside_is_an_answer(error: Exception, code: str, caplog: pytest.LogCaptureFixture) -> None:
    assert answer(orm(), desk(_raises(error))) == ("AE", "C1", code)
    assert "SECRET" not in caplog.text


def test_what_was_refused_is_audited_once_by_who_brought_it() -> None:
    at = desk()
    answer(adt(number=""), at)
    at.refuse("10.0.0.6", "no frame")
    events = [each.event for each in at.desk.database.audit_records()]
    assert [(each.action, each.actor_id, each.outcome) for each in events] == [
        ("hl7.refuse", "hl7@10.0.0.5", "101"),
        ("hl7.refuse", "hl7@10.0.0.6", "frame"),
    ]


def test_a_torn_field_never_makes_a_second_patient_or_order() -> None:
    at = desk()
    torn = message(msh("ADT^A08", "1"), pid(name="Doe\rPID|1||EVIL^^^HOSPITAL^MR"))
    assert answer(torn, at)[0] == "AE"
    escaped = message(msh("ADT^A40", "2"), pid(name="Doe\\X0D\\MRG|EVIL^^^HOSPITAL"), "MRG|OLD^^^HOSPITAL")
    assert answer(escaped, at) == ("AA", "2", "")
    assert [each.prior for each in at.desk.store.merges()] == [PatientNumber("OLD", "HOSPITAL")]


def test_names_of_systems_come_back_escaped() -> None:
    body = orm().replace(b"|RIS|HOSP|", b"|R\\T\\IS|H\\F\\OSP|")
    assert b"|WETREAD|MAIN|R\\T\\IS|H\\F\\OSP|" in desk().answer(body, "10.0.0.5")


def test_a_sender_named_with_identity_is_not_the_audits_actor() -> None:
    at = desk()
    at.answer(orm().replace(b"|RIS|HOSP|", b"|Doe^Jane|PAT001|"), "10.0.0.5")
    assert "Doe" not in repr([each.event for each in at.desk.database.audit_records()])


def test_who_was_turned_away_is_in_the_log_once_an_hour_with_the_address() -> None:
    at = desk()
    for peer, code in (("10.0.0.9", "unlisted"), ("10.0.0.9", "unlisted"), ("10.0.0.9", "tls_failed")):
        at.turned_away(peer, code)
    written = [record.event for record in at.desk.database.audit_records()]
    assert [(each.action, each.actor_id, each.outcome, each.address) for each in written] == [
        ("hl7.refuse", "hl7@10.0.0.9", "unlisted", "10.0.0.9"),
        ("hl7.refuse", "hl7@10.0.0.9", "tls_failed", "10.0.0.9"),
    ]
