"""The C-STORE door: a door of its own for strangers, real senders, and a disk that is full."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from struct import pack

import hostile
import pytest
from builders_ingest import House
from dimse_front import CALLERS, CR, EXPLICIT, IMPLICIT, an_instance, audited, body, incoming, opened, stored, studies
from raw_dimse import ABORTED, REJECTED, RawScu, association_request
from stow_front import until

from wetread.dicom.dimse import DimseDoor
from wetread.dicom.transfer_syntax import TRANSFER_SYNTAXES
from wetread.domain.errors import TransientError
from wetread.storage.files import DiskFileStore, DiskIncomingFile

VERIFICATION = "1.2.840.10008.1.1"


def works(house: House, port: int) -> bool:
    """The next honest sender is served."""
    before = stored(house)
    uid, content = an_instance(900 + before)
    with RawScu(port) as scu:
        return (
            scu.associate([(CR, EXPLICIT)]) and scu.store(CR, uid, body(content)).status == 0 and stored(house) > before
        )


def test_a_stored_instance_is_there_byte_for_byte(house: House, port: int) -> None:
    uid, content = an_instance(1)
    with RawScu(port) as scu:
        assert scu.associate([(CR, EXPLICIT)])
        assert scu.store(CR, uid, body(content)).status == 0x0000
        assert scu.release()
    (key,) = studies(house)
    (kept,) = house.vault.unnamed.instances(key)
    assert body(house.files.path_of(kept.content_sha256).read_bytes()) == body(content)


def test_several_instances_on_one_association(house: House, port: int) -> None:
    with RawScu(port) as scu:
        assert scu.associate([(CR, EXPLICIT), (VERIFICATION, IMPLICIT)])
        for n in range(5):
            uid, content = an_instance(n)
            assert scu.store(CR, uid, body(content)).status == 0x0000
    assert stored(house) == 5


def test_the_same_again_is_success_and_other_content_is_told(house: House, port: int) -> None:
    uid, content = an_instance(1)
    other = hostile.film({0x00080018: ("UI", uid.encode()), 0x00181030: ("LO", b"other")}, instance=uid)
    patient = hostile.film({0x00080018: ("UI", b"2.25.77"), 0x00100020: ("LO", b"SOMEBODY")}, instance="2.25.77")
    with RawScu(port) as scu:
        assert scu.associate([(CR, EXPLICIT)])
        assert scu.store(CR, uid, body(content)).status == 0x0000
        assert scu.store(CR, uid, body(content)).status == 0x0000
        conflict = scu.store(CR, uid, body(other))
        assert (conflict.status, conflict.comment[:16]) == (0x0111, "another instance")
        assert scu.store(CR, "2.25.77", body(patient)).status == 0xC001
    assert stored(house) == 1


def test_a_command_that_names_another_instance_is_refused(house: House, port: int) -> None:
    _, content = an_instance(1)
    with RawScu(port) as scu:
        assert scu.associate([(CR, EXPLICIT)])
        assert scu.store(CR, "2.25.99", body(content)).status in (0xA900, 0xC000)
    assert stored(house) == 0
    assert len(audited(house)) == 1


@pytest.mark.parametrize(
    ("called", "calling", "code"),
    [
        (b"WETREAD", b"STRANGER", "calling_ae_unknown"),
        (b"WETREAD", b"ELSEWHERE", "calling_ae_unknown"),
        (b"ANY-SCP", b"MODALITY", "called_ae_unknown"),
        (b"WETREAD", b"MOD\r\nALITY", "calling_ae_unknown"),
    ],
)
def test_a_stranger_is_rejected_and_written_down_once(
    house: House, port: int, called: bytes, calling: bytes, code: str
) -> None:
    for _ in range(3):
        with RawScu(port) as scu:
            scu.socket.sendall(association_request([(CR, EXPLICIT)], called=called, calling=calling))
            assert scu.read_pdu()[0] in (REJECTED, ABORTED, 0)
    assert works(house, port)
    assert audited(house).count(("association.reject", code)) == (0 if b"\r" in calling else 1)
    # also of the film that tries the door
    assert {each.event.address for each in house.database.audit_records()} == {"127.0.0.1"}


def test_with_no_caller_listed_nobody_may_connect(house: House) -> None:
    door = DimseDoor(house.reception, ae_title="WETREAD", callers=[])
    with RawScu(door.start("127.0.0.1", 0)) as scu:
        scu.socket.sendall(association_request([(CR, EXPLICIT)]))
        assert scu.read_pdu()[0] == 0
    door.stop()


_MALFORMED = {
    "pdu_4_gib": pack(">BBI", 1, 0, 0xFFFFFFFF) + b"x" * 100,
    "data_first": pack(">BBI", 4, 0, 10) + bytes(10),
    "unknown_type": pack(">BBI", 0x77, 0, 4) + bytes(4),
    "not_dicom": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "truncated_item": pack(">BBI", 1, 0, 80) + pack(">HH", 1, 0) + b"WETREAD".ljust(16) + b"MODALITY".ljust(16) + bytes(32) + b"\x10\0\xff\xff" + bytes(8),
    "no_contexts": association_request([]),
    "many_contexts": association_request([(CR, EXPLICIT)] * 128 + [(CR, IMPLICIT)] * 72),
}  # fmt: skip


@pytest.mark.parametrize("name", list(_MALFORMED))
def test_a_malformed_association_costs_only_its_own_connection(house: House, port: int, name: str) -> None:
    with RawScu(port) as scu:
        scu.socket.sendall(_MALFORMED[name])
        kind, _ = scu.read_pdu()
        assert kind in (REJECTED, ABORTED, 0) or name in ("no_contexts", "many_contexts")
    assert works(house, port)
    assert stored(house) == 1


def test_a_pdu_longer_than_agreed_within_an_association_ends_it(house: House, port: int) -> None:
    with RawScu(port) as scu:
        assert scu.associate([(CR, EXPLICIT)])
        scu.socket.sendall(pack(">BBI", 4, 0, 0x7FFFFFFF) + b"x" * 1000)
        assert scu.read_pdu()[0] in (ABORTED, 0)
    assert works(house, port)


def test_silent_connections_are_closed_and_do_not_block_a_sender(house: House) -> None:
    with opened(house, artim_s=2.0, pdu_s=1.0) as port:
        idle = [RawScu(port) for _ in range(100)]
        for scu in idle[:50]:
            scu.socket.sendall(b"\x01")
        assert works(house, port)
        assert all(scu.read_pdu()[0] in (ABORTED, 0) for scu in idle)
        for scu in idle:
            scu.socket.close()


@pytest.mark.parametrize("cut", [0, 1000, 8000])
def test_an_upload_that_breaks_off_leaves_nothing(house: House, port: int, cut: int) -> None:
    uid, content = an_instance(1)
    with RawScu(port) as scu:
        assert scu.associate([(CR, EXPLICIT)])
        scu.send_store(CR, uid, body(content), cut=cut)
        if cut:
            until(lambda: incoming(house))
    until(lambda: not incoming(house))
    assert stored(house) == 0
    assert works(house, port)


def test_hostile_data_sets_are_refused_one_by_one_and_the_next_one_is_served(house: House, port: int) -> None:
    """Every refused class of attack, on one association; afterwards an honest film."""
    cases = [each for each in hostile.hostile_files() if each.fate is hostile.Fate.REFUSED]
    wrong = []
    for case in cases:
        if case.content[128:136] != b"DICM\x02\0\0\0":
            continue
        with RawScu(port) as scu:
            assert scu.associate([(CR, EXPLICIT)])
            before = len(audited(house))
            scu.send_store(CR, hostile.INSTANCE, body(case.content))
            kind, content = scu.read_pdu()
            if kind == 4 and content[-2:] == b"\0\0" and b"\0\0\0\x09\x02\0\0\0\0\0" in content:
                wrong.append(case.name)
            elif len(audited(house)) - before != 1:
                wrong.append(f"{case.name}: {len(audited(house)) - before} audit records")
    # What was hostile in the envelope only (its file meta information) is not sent by DIMSE at all.
    assert [name for name in wrong if "meta" not in name and "syntax" not in name] == []
    assert incoming(house) == []
    assert works(house, port)


@pytest.mark.parametrize("uid", [b"../../x", b"1.2.3/../../y", b"1.2 3", b"1.02.3", b"1" * 65])
def test_a_uid_that_is_none_reaches_no_path(house: House, port: int, uid: bytes, tmp_path: Path) -> None:
    content = hostile.film({0x00080018: ("UI", uid)})
    with RawScu(port) as scu:
        assert scu.associate([(CR, EXPLICIT)])
        scu.send_store(CR, uid.decode(), body(content))
        kind, answer = scu.read_pdu()
        assert kind in (ABORTED, 0) or b"\0\0\0\x09\x02\0\0\0\0\0" not in answer
    assert stored(house) == 0
    assert works(house, port)


class FullAfter(DiskFileStore):
    """A disk with room for so much, as the store sees it."""

    room_bytes = 0

    def receive(self) -> "DiskIncomingFile":
        store, file = self, super().receive()

        class Full(DiskIncomingFile):
            def write(self, chunk: bytes | bytearray | memoryview) -> None:
                if self._size_bytes + len(chunk) > store.room_bytes:
                    raise TransientError("the disk is full: free space, then send again", code="storage_full")
                super().write(chunk)

        file.__class__ = Full
        return file


def test_a_full_disk_is_a700_and_service_goes_on_when_there_is_room(house: House, tmp_path: Path) -> None:
    full = FullAfter(tmp_path / "films")
    house.reception.files = full
    uid, content = an_instance(1)
    with opened(house) as port, RawScu(port) as scu:
        assert scu.associate([(CR, EXPLICIT)])
        for full.room_bytes in (0, 2000):
            assert scu.store(CR, uid, body(content)).status == 0xA700
            assert incoming(house) == []
        full.room_bytes = 1 << 20
        assert scu.store(CR, uid, body(content)).status == 0x0000


def test_an_instance_over_the_limit_is_refused_without_being_kept(house: House) -> None:
    with opened(house, max_instance_bytes=5000) as port, RawScu(port) as scu:
        uid, content = an_instance(1)
        assert scu.associate([(CR, EXPLICIT)])
        assert scu.store(CR, uid, body(content)).status == 0xC000
    assert incoming(house) == []
    assert audited(house) == [("instance.store", "too_large")]


def test_what_is_being_received_at_shutdown_is_answered(house: House) -> None:
    uid, content = an_instance(1)
    data = body(content)
    door = DimseDoor(house.reception, ae_title="WETREAD", callers=CALLERS)
    with RawScu(door.start("127.0.0.1", 0)) as scu, ThreadPoolExecutor(1) as pool:
        assert scu.associate([(CR, EXPLICIT)])
        scu.send_store(CR, uid, data, cut=4000)
        until(lambda: incoming(house))
        stopping = pool.submit(door.stop)
        scu._send(1, 0x02, data[4000:])
        assert scu.read_answer().status == 0x0000
        stopping.result(30)
    assert stored(house) == 1


def test_nothing_of_a_patient_is_logged(house: House, port: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    with RawScu(port) as scu:
        assert scu.associate([(CR, EXPLICIT)])
        for uid, content in (an_instance(1), ("2.25.9", b"CANARY" * 100)):
            scu.store(CR, uid, body(content) if content[:1] == b"\0" else content)
    text = " ".join(record.getMessage() for record in caplog.records)
    assert "CANARY" not in text
    assert hostile.ROOT not in text


def test_every_syntax_we_can_store_is_accepted_and_unknown_ones_are_not(port: int) -> None:
    for syntax in TRANSFER_SYNTAXES:
        with RawScu(port) as scu:
            scu.socket.sendall(association_request([(CR, syntax), (CR, "1.2.3.4")]))
            kind, content = scu.read_pdu()
            assert kind == 2
            assert content.count(b"!\0\0\x1b\x01\0\0") + content.count(b"\x21\0") >= 1
            assert syntax.encode() in content
