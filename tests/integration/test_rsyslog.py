"""What leaves for an Audit Record Repository, received by a real rsyslog over TLS: whole, once and in order; and nothing lost where that one is killed."""

import os
import signal
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from neighbours.certificate import Certificates, make_certificates
from neighbours.process import free_port
from neighbours.rsyslog import repository, rsyslog
from tests.journey.waiting import wait_for

from wetread.audit_trail.courier import AuditCourier
from wetread.audit_trail.syslog_tls import SyslogTls, syslog_message
from wetread.dicom.tls_profile import PeerTls, calling
from wetread.domain.audit import AuditEvent, AuditRecord
from wetread.domain.errors import TransientError
from wetread.testing.builders import NOON
from wetread.testing.memory_database import MemoryDatabase

pytestmark = pytest.mark.real

RECORDS, BATCH = 1_500, 200
HELD_AT = 900
"""This record's message waits until rsyslog was killed: it always is, in the middle."""
TEXTS = [
    "plain",
    "Müller, 胸部, \U0001fa7b, e\u0301, \u2028",
    "two\nlines\r\nand\ta tab",
    '"quoted" \\ back \\n slash',
    "",
    "  spaces  ",
    "<13>1 another's beginning",
    "12 an octet count",
    "x" * 65_536,
    "胸" * 22_000,
]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


def sender(certificates: Certificates, port: int) -> SyslogTls:
    return SyslogTls(
        "127.0.0.1", port, "127.0.0.1", lambda: calling(PeerTls(certificates.trusted, certificates.client))
    )


def test_every_message_arrives_whole_once_and_in_order(certificates: Certificates, tmp_path: Path) -> None:
    port = free_port()
    messages = [syslog_message(each, NOON, "host", "1", "IHE+RFC-3881", failed=False) for each in TEXTS]
    with rsyslog(tmp_path / "repository", certificates, port):
        tls = sender(certificates, port)
        for some in (messages, messages[::-1], messages[:1]):
            tls.send(some)
        wait_for(lambda: len(repository(tmp_path / "repository")) >= 2 * len(messages) + 1, "what was sent")
    assert repository(tmp_path / "repository") == [*messages, *messages[::-1], messages[0]]


def test_who_has_no_certificate_is_not_heard(certificates: Certificates, tmp_path: Path) -> None:
    port = free_port()
    with rsyslog(tmp_path / "repository", certificates, port):
        stranger = SyslogTls("127.0.0.1", port, "127.0.0.1", lambda: calling(PeerTls(certificates.trusted)))
        with pytest.raises(TransientError):
            stranger.send([b"<85>1 - - - - - - "])
        sender(certificates, port).send([b"<85>1 - - - - - - last"])
        wait_for(lambda: bool(repository(tmp_path / "repository")), "the last message")
    assert repository(tmp_path / "repository") == [b"<85>1 - - - - - - last"]


def test_a_repository_that_is_killed_and_comes_back_has_all_and_at_most_a_batch_twice(
    certificates: Certificates, tmp_path: Path
) -> None:
    folder, port, killed, seconds = tmp_path / "repository", free_port(), Event(), [0.0]
    database = MemoryDatabase()
    with database.begin() as unit:
        for _ in range(RECORDS):
            unit.audit(AuditEvent("study.open", "ada"), NOON)
        unit.commit()

    def message(record: AuditRecord) -> bytes:
        if record.sequence == HELD_AT:
            assert killed.wait(120)
        text = f"{record.sequence} " + "x" * 4_000
        return syslog_message(text, NOON, "host", "1", "TEST", failed=False)

    courier = AuditCourier(database, "arr", "host/1", sender(certificates, port), message, timedelta(1), lambda: seconds[0])  # fmt: skip
    sent: list[int] = []
    first = Thread(target=lambda: sent.append(courier.run_once(NOON)))
    with rsyslog(folder, certificates, port) as process:
        first.start()
        wait_for(lambda: len(repository(folder)) > BATCH, "more than a batch")
        os.kill(process, signal.SIGKILL)
        killed.set()
        first.join(120)
    assert sent[0] < RECORDS
    with rsyslog(folder, certificates, port):
        seconds[0] += 3_600
        assert courier.run_once(NOON) == RECORDS - sent[0]
        wait_for(lambda: numbers(folder)[-1] == RECORDS, "the last record")
    assert list(dict.fromkeys(numbers(folder))) == list(range(1, RECORDS + 1))
    assert len(numbers(folder)) <= RECORDS + BATCH


def numbers(folder: Path) -> list[int]:
    return [int(each.partition(b"\xef\xbb\xbf")[2].split()[0]) for each in repository(folder)] or [0]
