"""Results count as delivered once their receiver answers for them: over the same association, later at our door, never, and with a lie."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from builders_delivery import NOW, a_package
from builders_ingest import House
from neighbours.orthanc import orthanc
from neighbours.process import free_port
from neighbours.scp import answering_calls
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from tests.journey.waiting import wait_for

from wetread.delivery.breaker import Breaker
from wetread.delivery.commitment_book import CommitmentBook
from wetread.dicom.commitment_caller import report_to
from wetread.dicom.commitment_message import (
    COMMITMENT,
    COMMITMENT_INSTANCE,
    CommitmentMessage,
    Reference,
    Uncommitted,
    read_message,
    write_message,
)
from wetread.dicom.commitment_scp import CommitmentScp
from wetread.dicom.commitment_scu import CommitmentScu, delivery_name, take_report
from wetread.dicom.dimse import DimseDoor
from wetread.dicom.remote_ae import RemoteAe
from wetread.dicom.store_scu import CStoreSink
from wetread.dicom.structured_report import encode_sr
from wetread.domain.commitment import CommitmentState
from wetread.domain.errors import PermanentError, TransientError
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase

SR = "1.2.840.10008.5.1.4.1.1.88.33"
Receipt = Callable[[evt.Event, CommitmentMessage], None]


class World:
    """A receiver, what it was sent and asked, and a sink that asks it."""

    def __init__(self, port: int, wait_s: float) -> None:
        self.clock, self.database = FixedClock(NOW), MemoryDatabase()
        self.book = CommitmentBook(self.database, self.clock)
        self.peer = RemoteAe("PACS", "127.0.0.1", port, timeout_s=60)
        scu = CommitmentScu(self.book, "PACS", wait_s)
        self.sink = CStoreSink(self.peer, [partial(encode_sr, now=NOW)], "cstore-PACS", scu)

    def deliver(self) -> str:
        return self.sink.deliver(a_package())

    def code(self) -> str:
        with pytest.raises((TransientError, PermanentError)) as caught:
            self.deliver()
        return caught.value.code

    def is_delivered(self) -> bool:
        with suppress(TransientError):
            return self.deliver() == "committed, 1 instances"
        return False

    def state(self) -> CommitmentState | None:
        with self.database.begin(write=False) as unit:
            last = unit.last_commitment("cstore-PACS", delivery_name(a_package()))
        return last and last.state


class Receiver:
    """Stores and is asked; `report` says what it does about it, after its answer to the N-ACTION."""

    def __init__(self, report: Receipt, status: int = 0x0000, offers: bool = True) -> None:
        self.report, self.status, self.offers = report, status, offers
        self.stored: list[str] = []
        self.asked: list[CommitmentMessage] = []

    def action(self, event: evt.Event) -> tuple[int, None]:
        content = event.request.ActionInformation.getvalue()
        self.asked.append(read_message(content, str(event.context.transfer_syntax)))
        if self.status == 0:
            threading.Timer(0.05, self.report, (event, self.asked[-1])).start()
        return self.status, None

    def store(self, event: evt.Event) -> int:
        self.stored.append(str(event.request.AffectedSOPInstanceUID))
        return 0x0000

    @contextmanager
    def running(self) -> Iterator[World]:
        ae = AE("PACS")
        ae.add_supported_context(SR)
        if self.offers:
            ae.add_supported_context(COMMITMENT)
        handlers: Any = [(evt.EVT_N_ACTION, self.action), (evt.EVT_C_STORE, self.store)]
        with answering_calls(ae, *handlers) as port:
            yield World(port, 0.5 if self.report is nothing else 60)


def saying(make: Callable[[CommitmentMessage], CommitmentMessage]) -> Receipt:
    """Over the same association."""

    def report(event: evt.Event, asked: CommitmentMessage) -> None:
        told = make(asked)
        event.assoc.send_n_event_report(write_message(told), 2 if told.failed else 1, COMMITMENT, COMMITMENT_INSTANCE)

    return report


def nothing(event: evt.Event, asked: CommitmentMessage) -> None:
    """Never reports."""


def refusing(asked: CommitmentMessage) -> CommitmentMessage:
    return CommitmentMessage(asked.transaction_uid, (), tuple(Uncommitted(each, 0x0213) for each in asked.references))


def test_what_is_committed_over_the_association_is_delivered() -> None:
    receiver = Receiver(saying(lambda asked: asked))
    with receiver.running() as world:
        assert world.deliver() == "committed, 1 instances"
        assert world.deliver() == "committed, 1 instances"  # it was: nothing is sent again
    assert (len(receiver.stored), len(receiver.asked)) == (1, 1)
    assert [each.sop_instance_uid for each in receiver.asked[0].references] == receiver.stored
    audited = [(each.event.action, each.event.outcome) for each in world.database.audit_records()]
    assert ("report.commit", "committed") in audited


def test_what_is_refused_is_told_and_sent_again() -> None:
    receiver = Receiver(saying(refusing))
    with receiver.running() as world:
        with pytest.raises(TransientError, match=r"did not commit 1 of 1 \(reason 0213\)"):
            world.deliver()
        receiver.report = saying(lambda asked: asked)
        assert world.deliver() == "committed, 1 instances"
    assert len(receiver.stored) == 2
    assert receiver.asked[0].transaction_uid != receiver.asked[1].transaction_uid


def test_a_success_that_does_not_name_it_is_none() -> None:
    other = (Reference(SR, "2.25.99"),)
    with Receiver(saying(lambda asked: CommitmentMessage(asked.transaction_uid, other))).running() as world:
        assert world.code() == "commitment_failed"


def test_who_does_not_report_is_waited_for_and_asked_again_after_a_day() -> None:
    receiver = Receiver(nothing)
    with receiver.running() as world:
        assert [world.code(), world.code()] == ["commitment_awaited"] * 2
        assert (len(receiver.stored), world.state()) == (1, CommitmentState.ASKED)
        world.clock.advance(25 * 3600)
        assert world.code() == "commitment_awaited"
    assert (len(receiver.stored), len(receiver.asked)) == (2, 2)


def test_waiting_for_a_report_is_no_fault_of_the_receiver() -> None:
    with Receiver(nothing).running() as world:
        breaker = Breaker(world.sink)
        for _ in range(5):
            with pytest.raises(TransientError) as caught:
                breaker.deliver(a_package())
            assert caught.value.code == "commitment_awaited"


@pytest.mark.parametrize("status", [0x0213, 0x0110])
def test_a_request_that_is_refused_is_made_again(status: int) -> None:
    receiver = Receiver(nothing, status=status)
    with receiver.running() as world:
        assert [world.code(), world.code()] == ["commitment_failed"] * 2
    assert len(receiver.stored) == 2


def test_who_does_not_offer_it_gets_nothing() -> None:
    receiver = Receiver(nothing, offers=False)
    with receiver.running() as world:
        assert world.code() == "service_refused"
    assert receiver.stored == []


@contextmanager
def our_door(house: House, book: CommitmentBook, port: int = 0) -> Iterator[RemoteAe]:
    commitment = CommitmentScp(house.vault, house.files, house.owed, take_report(book))
    reporters = [("PACS", "127.0.0.1"), ("OTHER", "127.0.0.1")]
    door = DimseDoor(
        house.reception,
        ae_title="WETREAD",
        callers=[("MODALITY", "")],
        commitment=commitment,
        reporters=reporters,
    )
    try:
        yield RemoteAe("WETREAD", "127.0.0.1", door.start("127.0.0.1", port), "PACS", 60)
    finally:
        door.stop()


def test_a_report_that_comes_to_our_door_later(house: House) -> None:
    receiver = Receiver(nothing)
    with receiver.running() as world, our_door(house, world.book) as door:
        assert world.code() == "commitment_awaited"
        (asked,) = receiver.asked
        as_other = RemoteAe("WETREAD", "127.0.0.1", door.port, "OTHER", 60)
        as_modality = RemoteAe("WETREAD", "127.0.0.1", door.port, "MODALITY", 60)
        assert report_to(as_other, asked) == 0x0112  # it was not asked of that one
        with pytest.raises((PermanentError, ValueError)):
            report_to(as_modality, asked)
        assert world.state() is CommitmentState.ASKED
        assert report_to(door, CommitmentMessage("2.25.12345", asked.references)) == 0x0112
        assert report_to(door, asked) == 0x0000
        assert world.deliver() == "committed, 1 instances"
        assert report_to(door, refusing(asked)) == 0x0000
        assert world.state() is CommitmentState.COMMITTED  # an answer is not taken back
    assert len(receiver.stored) == 1


@pytest.mark.real
def test_orthanc_answers_for_what_it_stored(house: House, tmp_path: Path) -> None:
    port = free_port()
    us = {"AET": "WETREAD", "Host": "127.0.0.1", "Port": port}
    with orthanc(tmp_path / "orthanc", DicomAet="PACS", DicomModalities={"wetread": us}) as neighbour:
        world = World(neighbour.dicom_port, 0.5)
        with our_door(house, world.book, port):
            wait_for(world.is_delivered, "Orthanc's report")
            assert world.state() is CommitmentState.COMMITTED
            assert len(neighbour.sop_instance_uids()) == 1


def test_a_reports_bytes_that_are_no_message_are_refused(house: House) -> None:
    with Receiver(nothing).running() as world, our_door(house, world.book) as door:
        ae = AE("PACS")
        ae.add_requested_context(COMMITMENT)
        nothing_named = Dataset()
        nothing_named.TransactionUID = "2.25.1"
        association = ae.associate(
            "127.0.0.1", door.port, ae_title="WETREAD", ext_neg=[build_role(COMMITMENT, scp_role=True)]
        )
        status, _ = association.send_n_event_report(nothing_named, 1, COMMITMENT, COMMITMENT_INSTANCE)
        association.release()
    assert status.Status == 0x0115
