"""Connections to the DIMSE door that come to nothing: who only looks whether somebody listens is counted, who says what is no association request is a line in the log that says what to do."""

import logging
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from struct import pack

import pytest
from builders_ingest import House
from builders_web import a_world, open_door
from dimse_front import CALLERS, CR, EXPLICIT, audited
from neighbours.process import listens, running
from neighbours.wetread import COMMAND, Wetread
from raw_dimse import ABORTED, REJECTED, RawScu, association_request
from stow_front import until

from wetread.dicom.dimse import DimseDoor, DimseLimits
from wetread.dicom.dimse_refusals import shown
from wetread.domain.upkeep import DoorCounts
from wetread.storage.database import SqlDatabase


def counts(door: DimseDoor) -> DoorCounts:
    taken = door.tally.take()
    door.tally.add(taken)
    return taken


def knock(port: int, *, reset: bool = False) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))


@pytest.fixture(params=["listed", "strangers"])
def door(request: pytest.FixtureRequest, house: House) -> Iterator[DimseDoor]:
    """From here somebody may call, or nobody."""
    callers = CALLERS if request.param == "listed" else [("MODALITY", "192.0.2.7")]
    door = DimseDoor(house.reception, ae_title="WETREAD", callers=callers, limits=DimseLimits(artim_s=2.0, pdu_s=1.0))
    yield door
    door.stop()


def test_who_only_looks_whether_somebody_listens_is_counted_and_no_line(
    house: House, door: DimseDoor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "wetread")
    port = door.start("127.0.0.1", 0)
    for number in range(6):
        knock(port, reset=number % 2 == 0)
    until(lambda: counts(door).unused == 6)
    assert counts(door) == DoorCounts(unused=6)
    assert caplog.messages == []
    assert audited(house) == []


@pytest.mark.parametrize(
    ("door", "said", "code", "kinds"),
    [
        ("listed", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "not_dicom", {ABORTED}),
        ("listed", pack(">BBI", 1, 0, 80), "no_association", {ABORTED, 0}),
        ("listed", pack(">BBI", 4, 0, 10) + bytes(10), "no_association", {ABORTED, 0}),
        ("listed", association_request([(CR, EXPLICIT)], called=b"ANY-SCP"), "called_ae_unknown", {REJECTED}),
        ("strangers", association_request([(CR, EXPLICIT)]), "address_unknown", {0}),
    ],
    indirect=["door"],
)
def test_who_says_something_else_is_a_line_that_says_what_to_do(
    house: House, door: DimseDoor, caplog: pytest.LogCaptureFixture, said: bytes, code: str, kinds: set[int]
) -> None:
    port = door.start("127.0.0.1", 0)
    with RawScu(port) as scu:
        scu.socket.sendall(said)
        assert scu.read_pdu()[0] in kinds
    until(lambda: counts(door).refused == 1)
    (line,) = caplog.messages
    assert line.startswith(f"association rejected: {code} from 127.0.0.1")
    assert line.count(": ") >= 2
    assert audited(house) == [("association.reject", code)]


@pytest.mark.parametrize("door", ["listed"], indirect=True)
def test_the_titles_that_did_not_fit_are_in_the_line(door: DimseDoor, caplog: pytest.LogCaptureFixture) -> None:
    port = door.start("127.0.0.1", 0)
    with RawScu(port) as scu:
        assert not scu.associate([(CR, EXPLICIT)], calling=b"CT 9", called=b"WETRAED")
    until(lambda: counts(door).refused == 1)
    assert "(CT 9 calls WETRAED)" in caplog.text
    assert shown("CT\x1b[31m\n") == "CT?[31m"


def test_few_strangers_are_heard_at_a_time_and_none_keeps_a_modality_out(house: House) -> None:
    door = DimseDoor(house.reception, ae_title="WETREAD", callers=[("MODALITY", "127.0.0.2")])
    port = door.start("127.0.0.1", 0)
    strangers = [RawScu(port) for _ in range(40)]
    with socket.create_connection(("127.0.0.1", port), timeout=20, source_address=("127.0.0.2", 0)) as modality:
        modality.sendall(association_request([(CR, EXPLICIT)]))
        assert modality.recv(1) == b"\x02"
    assert door.strangers.number <= 16
    for each in strangers:
        each.socket.close()
    door.stop()


@pytest.mark.real
def test_what_was_counted_is_a_metric_of_the_service_also_after_the_door_has_ended(tmp_path: Path) -> None:
    house = Wetread(tmp_path / "house", {"DIMSE_CALLERS": "MODALITY"})
    command, log = [*COMMAND, "dimse"], tmp_path / "dimse.log"
    with running(command, log, lambda: listens(house.dimse_port), environment=house.environment) as process:
        knock(house.dimse_port)
        with RawScu(house.dimse_port) as scu:
            scu.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert scu.read_pdu()[0] == ABORTED
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0, log.read_text()
    assert "connection ended" not in log.read_text()
    database = SqlDatabase(f"sqlite:///{house.folder}/wetread.db")
    with open_door(a_world(database=database)) as browser:
        said = browser.get("/metrics").body.decode()
    database.close()
    assert 'wetread_dimse_connections{end="refused"} 1' in said
    # the harness knocks, too, until somebody listens
    assert int(said.split('wetread_dimse_connections{end="unused"} ')[1].split("\n")[0]) >= 1
