"""A DIMSE door that is killed between its answer to a request for storage commitment and its report: started again, it tells whoever asked, once. And who is away is told when they are back."""

import json
import queue
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest
from archive_front import a_film, key
from hostile import CR_STORAGE
from neighbours.asking import ask_once
from neighbours.orthanc import orthanc
from neighbours.process import free_port, listens, running
from neighbours.wetread import COMMAND, Wetread
from pydicom import dcmread
from pynetdicom import AE, evt
from tests.integration.test_storage_commitment import Reports, ask, heard
from tests.journey.waiting import wait_for

from wetread.dicom.commitment_message import COMMITMENT
from wetread.domain.commitment import OwedState
from wetread.storage.database import SqlDatabase

pytestmark = pytest.mark.real


def modality() -> AE:
    """It waits as long as a door may take that has just come up on a loaded machine."""
    ae = AE("MODALITY")
    ae.acse_timeout = ae.dimse_timeout = 180
    return ae


class Door:
    """A data folder with a film in it, and `wetread dimse` on it: MODALITY and ORTHANC store, ask, and are called at `back`."""

    def __init__(self, folder: Path, back: int) -> None:
        titles = ("MODALITY", "ORTHANC")
        entities = [
            {"ae_title": each, "host": "127.0.0.1", "port": back, "it_may": ["store"], "timeout_s": 60}
            for each in titles
        ]
        settings = {"APPLICATION_ENTITIES": json.dumps(entities), "DIMSE_CALLERS": "", "LEASE_S": "3"}
        self.wetread, self.folder = Wetread(folder, settings), folder
        self.port = self.wetread.dimse_port

    @contextmanager
    def open(self, fault: str = "") -> Iterator[None]:
        command = [*COMMAND, "dimse"]
        environment = {**self.wetread.environment, **({"WETREAD_FAULT": fault} if fault else {})}
        log = self.folder.parent / f"dimse-{fault or 'whole'}.log"
        with running(command, log, lambda: listens(self.port), environment=environment) as process:
            yield
            if fault:
                assert process.wait(180) == -signal.SIGKILL, log.read_text()

    def store(self, path: Path) -> None:
        film = dcmread(path)
        ae = modality()
        ae.add_requested_context(film.SOPClassUID, film.file_meta.TransferSyntaxUID)
        association = ae.associate("127.0.0.1", self.port, ae_title="WETREAD")
        assert association.send_c_store(film).Status == 0x0000
        association.release()

    def ask(self) -> int | None:
        """As a modality that hears reports where it is called only; None for no answer."""
        ae = modality()
        ae.add_requested_context(COMMITMENT)
        association = ae.associate("127.0.0.1", self.port, ae_title="WETREAD")
        try:
            return ask(association, (CR_STORAGE, key(1, 1, 1)))
        except AttributeError:
            return None  # the association broke: there is no status
        finally:
            association.release()

    def states(self) -> list[OwedState]:
        database = SqlDatabase(f"sqlite:///{self.folder / 'wetread.db'}")
        with database.begin(write=False) as unit:
            found = [each.state for state in OwedState for each in unit.owed_reports(state)]
        database.close()
        return found

    def has(self, *states: OwedState) -> bool:
        return self.states() == list(states)


@pytest.fixture
def back() -> int:
    return free_port()


@pytest.fixture
def door(tmp_path: Path, back: int) -> Door:
    (tmp_path / "film.dcm").write_bytes(a_film(1))
    door = Door(tmp_path / "data", back)
    with door.open():
        door.store(tmp_path / "film.dcm")
    return door


def listening(port: int, reports: Reports) -> AbstractContextManager[None]:
    @contextmanager
    def at_port() -> Iterator[None]:
        ae = AE("MODALITY")
        ae.add_supported_context(COMMITMENT, scu_role=False, scp_role=True)
        handlers = [(evt.EVT_N_EVENT_REPORT, partial(heard, reports=reports))]
        server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
        try:
            yield
        finally:
            server.shutdown()

    return at_port()


@pytest.mark.parametrize(
    ("point", "status", "times"),
    [
        ("commitment_written", None, 1),
        ("commitment_answered", 0x0000, 1),
        ("commitment_claimed", 0x0000, 1),
        # it died before it could note that it was heard
        ("commitment_told", 0x0000, 2),
    ],
)
def test_killed_before_its_report_it_tells_when_it_is_started_again(
    door: Door, back: int, point: str, status: int | None, times: int
) -> None:
    reports: Reports = queue.Queue()
    with listening(back, reports):
        with door.open(f"{point}:1"):
            assert door.ask() == status
        assert door.has(OwedState.OWED)
        with door.open():
            wait_for(lambda: door.has(OwedState.TOLD), "the report")
            assert door.ask() == 0x0000  # the same transaction: one row, told again
            wait_for(lambda: reports.qsize() == times + 1, "the second report")
            wait_for(lambda: door.has(OwedState.TOLD), "its end")
    said = [reports.get_nowait() for _ in range(times + 1)]
    assert {(kind, each.transaction_uid, each.references[0].sop_instance_uid) for kind, each in said} == {
        (1, "2.25.4711", key(1, 1, 1))
    }
    assert reports.empty()


def test_who_is_away_is_told_when_they_are_back(door: Door, back: int) -> None:
    reports: Reports = queue.Queue()
    with door.open():
        assert door.ask() == 0x0000
        wait_for(lambda: "tries: MODALITY does not answer" in door.wetread.run("ae", "reports").stdout, "a try")
        with listening(back, reports):
            wait_for(lambda: door.has(OwedState.TOLD), "the report")
    assert reports.get_nowait()[0] == 1
    assert reports.empty()
    assert "no report is owed" in door.wetread.run("ae", "reports").stdout


def test_who_never_hears_is_put_aside_until_a_person_has_it_tried_again(door: Door, back: int) -> None:
    door.wetread.settings["COMMITMENT_TRIED_H"] = "0"
    reports: Reports = queue.Queue()
    with door.open():
        assert door.ask() == 0x0000
        wait_for(lambda: door.has(OwedState.ASIDE), "the end of it")
        done = door.wetread.run("ae", "reports", "--json")
        (row,) = json.loads(done.stdout)
        assert (done.returncode, row["ae_title"], row["state"], row["instances"]) == (1, "MODALITY", "aside", 1)
        assert "is it running and reachable?" in row["problem"]
        with listening(back, reports):
            assert "1 report is tried again" in door.wetread.run("ae", "reports", "--again").stdout
            wait_for(lambda: door.has(OwedState.TOLD), "the report")
    assert reports.qsize() == 1


def test_orthanc_is_told_by_the_door_that_comes_after_the_killed_one(door: Door, back: int, tmp_path: Path) -> None:
    us = {"AET": "WETREAD", "Host": "127.0.0.1", "Port": door.port, "AllowStorageCommitment": True}
    with orthanc(tmp_path / "orthanc", DicomPort=back, DicomModalities={"wetread": us}) as neighbour:
        with door.open("commitment_answered:1"):
            asked = json.dumps({"DicomInstances": [[CR_STORAGE, key(1, 1, 1)], [CR_STORAGE, "2.25.9"]]})
            url = f"{neighbour.url}/modalities/wetread/storage-commitment"
            answer = ask_once("POST", url, body=asked)
            assert answer.status == 200, answer.data
        where = f"/storage-commitment/{answer.json()['ID']}"
        assert json.loads(neighbour.get(where))["Status"] == "Pending"
        with door.open():
            wait_for(lambda: json.loads(neighbour.get(where))["Status"] != "Pending", "the report")
            said = json.loads(neighbour.get(where))
    assert said["Status"] == "Failure"
    assert [each["SOPInstanceUID"] for each in said["Success"]] == [key(1, 1, 1)]
    assert [(each["SOPInstanceUID"], each["FailureReason"]) for each in said["Failures"]] == [("2.25.9", 0x0112)]
