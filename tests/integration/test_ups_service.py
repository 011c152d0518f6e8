"""The whole service as its users start it: a read is asked for over HTTP, followed on the event channel, and named when it is done; and a second service that performs from the first one's worklist."""

import json
from io import BytesIO
from pathlib import Path

import pytest
from builders_web import a_world, open_door
from builders_workitems import a_read
from neighbours.asking import ask_once
from neighbours.wetread import Wetread
from pydicom import dcmread
from tests.films import film
from tests.journey.test_foreign_reads import Elsewhere
from tests.journey.waiting import wait_for
from websockets.sync.client import ClientConnection, connect

pytestmark = pytest.mark.real
UID = "2.25.5001"
STUDY = str(dcmread(BytesIO(film(81))).StudyInstanceUID)


def a_system(house: Wetread) -> str:
    """The Authorization header of a system that works with the worklist."""
    house.add_radiologist()
    added = house.run("user", "add", "ris", "--role", "workflow", "--password-stdin", stdin="correct horse battery\n")
    assert added.returncode == 0, added.stderr
    return f"Bearer {house.run('user', 'token', 'ris').stdout.strip().splitlines()[-1]}"


def ask(house: Wetread, authorization: str) -> None:
    sent = {"Authorization": authorization, "Content-Type": "application/dicom+json"}
    body = json.dumps([a_read(STUDY, "HIGH")]).encode()
    made = ask_once("POST", f"{house.dicomweb_url}/workitems?workitem={UID}", body=body, headers=sent)
    assert made.status == 201, made.data
    told = ask_once("POST", f"{house.dicomweb_url}/workitems/{UID}/subscribers/RIS", headers=sent)
    assert told.status == 201


def until(channel: ClientConnection, wanted: str) -> list[str]:
    """The states that are told, up to the one."""
    seen: list[str] = []
    while wanted not in seen:
        report = json.loads(channel.recv(timeout=60))
        seen += report.get("00741000", {}).get("Value", [])
    return seen


def test_a_read_is_asked_for_here_and_elsewhere_and_followed_to_its_end(tmp_path: Path) -> None:
    world = a_world()
    with open_door(world) as door:
        elsewhere = Elsewhere(world, door.port)
        manager = {"url": elsewhere.url, "authorization": elsewhere.authorization, "every_s": 1}
        house = Wetread(tmp_path / "house", {"UPS_MANAGER": json.dumps(manager)})
        here = a_system(house)
        (tmp_path / "film.dcm").write_bytes(film(81))
        elsewhere.desk.create(UID, a_read(STUDY, "HIGH"), "ris")
        with house.serving():
            ask(house, here)
            with listening(house, here) as channel:
                assert until(channel, "SCHEDULED") == ["SCHEDULED"]
                assert house.run("send", str(tmp_path / "film.dcm"), "--to", house.dicomweb_url).returncode == 0
                assert until(channel, "COMPLETED") == ["IN PROGRESS", "COMPLETED"]
            sent = {"Authorization": here, "Accept": "application/dicom+json"}
            held = ask_once("GET", f"{house.dicomweb_url}/workitems/{UID}", headers=sent).json()[0]
            output = held["00741216"]["Value"][0]["00404033"]["Value"][0]
            assert (output["0020000D"]["Value"], len(output["00081199"]["Value"])) == ([STUDY], 1)
            wait_for(lambda: elsewhere.state(UID) == "COMPLETED", "the end elsewhere")
        assert elsewhere.acts(UID) == ["IN PROGRESS", "COMPLETED"]


def listening(house: Wetread, authorization: str) -> ClientConnection:
    channel = f"{house.dicomweb_url.replace('http', 'ws', 1)}/subscribers/RIS"
    return connect(channel, additional_headers={"Authorization": authorization}, proxy=None)
