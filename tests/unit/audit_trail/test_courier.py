"""The log reaches a real TLS receiver in order and whole, also when that one breaks off, is a stranger, or we die in between."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from neighbours.certificate import Certificates, make_certificates
from neighbours.syslog_receiver import SyslogReceiver, receiving

from wetread.audit_trail.courier import AuditCourier
from wetread.audit_trail.syslog_tls import SyslogTls, syslog_message
from wetread.dicom.tls_profile import PeerTls, calling
from wetread.domain.alarm import AlarmKind
from wetread.domain.audit import AuditEvent, AuditRecord
from wetread.domain.errors import TransientError
from wetread.testing.builders import NOON
from wetread.testing.memory_database import MemoryDatabase


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def receiver(certificates: Certificates) -> Iterator[SyslogReceiver]:
    with receiving(certificates.asking()) as found:
        yield found


class Place:
    def __init__(self, certificates: Certificates, port: int) -> None:
        self.database, self.seconds = MemoryDatabase(), 0.0
        self.peer = PeerTls(certificates.trusted, certificates.client)
        self.tls = SyslogTls("127.0.0.1", port, "127.0.0.1", lambda: calling(self.peer), 60.0)
        self.courier = self.another("host/1")

    def another(self, holder: str) -> AuditCourier:
        silent = timedelta(minutes=15)
        return AuditCourier(self.database, "arr", holder, self.tls, numbered, silent, lambda: self.seconds)

    def happens(self, times: int = 1) -> None:
        with self.database.begin() as unit:
            for _ in range(times):
                unit.audit(AuditEvent("study.open", "ada"), NOON)
            unit.commit()

    @property
    def sent(self) -> int:
        with self.database.begin(write=False) as unit:
            return unit.audit_export("arr").sent

    def alarms(self) -> list[AlarmKind]:
        with self.database.begin(write=False) as unit:
            return [each.kind for each in unit.alarms() if each.is_open]


def numbered(record: AuditRecord) -> bytes:
    return syslog_message(str(record.sequence), record.recorded_at, "a host", "1", "TEST", failed=False)


def numbers(receiver: SyslogReceiver) -> list[int]:
    return [int(each.rpartition(b"\xef\xbb\xbf")[2]) for each in receiver.messages]


@pytest.fixture
def place(certificates: Certificates, receiver: SyslogReceiver) -> Place:
    return Place(certificates, receiver.port)


def test_everything_arrives_once_and_in_order(place: Place, receiver: SyslogReceiver) -> None:
    place.happens(450)
    assert place.courier.run_once(NOON) == 450
    assert place.courier.run_once(NOON) == 0
    place.happens()
    assert place.courier.run_once(NOON) == 1
    assert numbers(receiver) == list(range(1, 452))
    assert (place.sent, place.alarms()) == (451, [])


def test_who_dies_before_the_cursor_moved_sends_again(place: Place, receiver: SyslogReceiver) -> None:
    place.happens(3)
    place.tls.send([numbered(each) for each in place.database.audit_records()])  # sent, and killed then
    assert place.courier.run_once(NOON) == 3
    assert numbers(receiver) == [1, 2, 3, 1, 2, 3]


def test_a_receiver_that_breaks_off_gets_the_batch_again(place: Place, receiver: SyslogReceiver) -> None:
    place.happens(5)
    receiver.break_after = 2
    assert place.courier.run_once(NOON) == 0
    assert place.sent == 0
    receiver.break_after = None
    assert place.courier.run_once(NOON) == 5
    assert numbers(receiver) == [1, 2, 1, 2, 3, 4, 5]


def test_a_receiver_that_hangs_up_without_a_word_in_tls_has_read_everything(
    place: Place, receiver: SyslogReceiver
) -> None:
    receiver.says_goodbye = False
    place.happens(5)
    assert place.courier.run_once(NOON) == 5


def test_one_that_said_goodbye_before_and_now_does_not_was_killed_and_gets_the_batch_again(
    place: Place, receiver: SyslogReceiver
) -> None:
    place.happens(2)
    assert place.courier.run_once(NOON) == 2
    receiver.says_goodbye = False
    place.happens(3)
    assert (place.courier.run_once(NOON), place.sent) == (0, 2)
    receiver.says_goodbye, place.seconds = True, 3_600
    assert place.courier.run_once(NOON) == 3
    assert numbers(receiver) == [1, 2, 3, 4, 5, 3, 4, 5]


def test_two_processes_do_not_send_at_once(place: Place, receiver: SyslogReceiver) -> None:
    place.happens(2)
    with place.database.begin() as unit:
        unit.save_audit_export(
            replace(unit.audit_export("arr"), holder="host/2", held_until=NOON + timedelta(minutes=4))
        )
        unit.commit()
    assert place.courier.run_once(NOON) == 0
    assert place.courier.run_once(NOON + timedelta(minutes=5)) == 2
    assert numbers(receiver) == [1, 2]


def test_one_that_stands_still_rests_rings_and_is_quiet_when_it_goes_on(place: Place, receiver: SyslogReceiver) -> None:
    place.happens()
    good, away = place.courier.receiver, Away()
    place.courier.receiver = away
    for minute in range(14):
        place.courier.run_once(NOON + timedelta(minutes=minute))
    assert (away.asked, place.alarms()) == (3, [])
    place.courier.run_once(NOON + timedelta(minutes=15))
    assert place.alarms() == [AlarmKind.AUDIT_EXPORT_STANDS]
    place.courier.receiver, place.seconds = good, 1000.0
    later = NOON + timedelta(minutes=16)
    place.courier.run_once(later)
    assert place.alarms() == []
    place.courier.run_once(later)
    assert numbers(receiver) == [1, 2, 3]  # the alarm and its end are records, too


class Away:
    asked = 0

    def send(self, messages: object) -> None:
        self.asked += 1
        raise TransientError("away", code="audit_repository_away")


@pytest.mark.parametrize("what", ["expired.pem", "another.pem", "no client certificate", "not its name"])
def test_nothing_is_said_to_or_by_a_stranger(certificates: Certificates, what: str, tmp_path: Path) -> None:
    context = certificates.asking()
    if what.endswith(".pem"):
        context.load_cert_chain(certificates.folder / what)
    if what == "not its name":
        context = certificates.stranger()
    with receiving(context) as receiver:
        place = Place(certificates, receiver.port)
        if what == "no client certificate":
            place.peer = PeerTls(certificates.trusted)
        with pytest.raises(TransientError, match=r"trust each other|broke off"):
            place.tls.send([b"x"])
        assert receiver.messages == []


def test_nobody_listens_and_a_plain_door_are_said(certificates: Certificates) -> None:
    with receiving(certificates.server()) as receiver:
        port = receiver.port
    place = Place(certificates, port)
    with pytest.raises(TransientError) as refusal:
        place.tls.send([b"x"])
    assert refusal.value.code == "audit_repository_away"


def test_a_message_is_as_rfc_5424_has_it() -> None:
    make = partial(syslog_message, "<x/>", NOON, "a host\n", "12", "DICOM+RFC3881")
    assert (
        make(failed=False)
        == b"<85>1 %s a_host_ wetread 12 DICOM+RFC3881 - \xef\xbb\xbf<x/>"
        % NOON.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()
    )
    assert make(failed=True).startswith(b"<84>1 ")
