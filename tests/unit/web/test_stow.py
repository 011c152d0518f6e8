"""The store transaction as the sender sees it (PS3.18 §10.5), whatever server brings it."""

import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from builders_ingest import House, a_file
from starlette.responses import Response

from wetread.domain.errors import TransientError
from wetread.domain.role import Actor, Role
from wetread.ports.file_store import IncomingFile
from wetread.storage.files import DiskFileStore
from wetread.web.stow import StowDoor, StowRequest
from wetread.web.stow_response import chosen_media_type

STUDIES = "/dicom-web/studies"
RELATED = 'multipart/related; type="application/dicom"; boundary=b'
MODALITY = Actor("modality-1", Role.SERVICE)
READER = Actor("dr.who", Role.RADIOLOGIST)


def authorise(headers: Mapping[str, str], peer_ip: str) -> Actor | None:
    return {"modality": MODALITY, "reader": READER}.get(headers.get("authorization", ""))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


class Bytes(io.BytesIO):
    """A body in memory."""

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return super().readinto(buffer[:997])


def multipart(*contents: bytes, part_type: str = "application/dicom") -> bytes:
    head = f"\r\n--b\r\nContent-Type: {part_type}\r\n\r\n".encode()
    return b"".join(head + content for content in contents) + b"\r\n--b--\r\n"


def post(house: House, body: bytes, path: str = STUDIES, *, most: int = 1 << 30, **headers: str) -> Response:
    door = StowDoor(house.reception, authorise, max_body_bytes=most)
    sent = {"authorization": "modality", "content-type": RELATED} | {k.replace("_", "-"): v for k, v in headers.items()}
    return door.handle(StowRequest(path, sent, "127.0.0.1", Bytes(body)))


def told(answer: Response) -> dict[str, dict[str, int]]:
    """{sequence: {SOP Instance UID or position: reason or 0}}"""
    said: dict[str, dict[str, int]] = {}
    names = {"00081198": "failed", "00081199": "stored", "0008119A": "other"}
    for tag, name in names.items():
        for at, item in enumerate(json.loads(bytes(answer.body)).get(tag, {"Value": []})["Value"]):
            uid = item.get("00081155", {"Value": [str(at)]})["Value"][0]
            said.setdefault(name, {})[uid] = item.get("00081197", {"Value": [0]})["Value"][0]
    return said


def incoming(house: House) -> list[Path]:
    return [path for path in house.files._root.rglob("*") if path.is_file()]


def studies(house: House) -> int:
    return sum(house.database.count_studies().values())


def test_everything_stored_is_200_with_references_and_addresses(house: House) -> None:
    answer = post(house, multipart(a_file("1.2.3"), a_file("1.2.4")))
    assert (answer.status_code, answer.media_type) == (200, "application/dicom+json")
    assert told(answer) == {"stored": {"1.2.3": 0, "1.2.4": 0}}
    content = json.loads(bytes(answer.body))
    assert content["00081190"]["Value"] == ["/dicom-web/studies/1.2"]
    item = content["00081199"]["Value"][0]
    assert item["00081150"] == {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.1.1"]}
    assert item["00081190"]["Value"] == ["/dicom-web/studies/1.2/series/1.2.1/instances/1.2.3"]


def test_the_same_bytes_again_are_200(house: House) -> None:
    post(house, multipart(a_file()))
    assert post(house, multipart(a_file())).status_code == 200


def test_good_and_bad_together_are_202_with_exact_lists(house: House) -> None:
    post(house, multipart(a_file("1.2.3", filler=1)))
    answer = post(
        house, multipart(a_file("1.2.3", filler=2), b"garbage", a_file("1.2.4"), a_file("1.2.5", patient="P2"))
    )
    assert answer.status_code == 202
    assert told(answer) == {"failed": {"1.2.3": 45070, "1.2.5": 49153}, "other": {"0": 43264}, "stored": {"1.2.4": 0}}


def test_nothing_stored_is_409(house: House) -> None:
    answer = post(house, multipart(b"garbage"))
    assert (answer.status_code, told(answer)) == (409, {"other": {"0": 43264}})


def test_a_study_in_the_path_must_be_the_study_in_the_content(house: House) -> None:
    answer = post(house, multipart(a_file("1.2.3", study="1.2"), a_file("9.3", study="9.9")), f"{STUDIES}/1.2")
    assert (answer.status_code, told(answer)) == (202, {"stored": {"1.2.3": 0}, "failed": {"9.3": 43265}})


@pytest.mark.parametrize("uid", ["..", "1.2..3", "1.02", "x", "1" * 65, "1.2%2f", "*"])
def test_a_path_without_a_valid_uid_is_400(house: House, uid: str) -> None:
    assert post(house, multipart(a_file()), f"{STUDIES}/{uid}").status_code == 400
    assert studies(house) == 0


@pytest.mark.parametrize(("who", "status"), [("", 401), ("unknown", 401), ("reader", 403)])
def test_only_who_may_store_is_listened_to(house: House, who: str, status: int) -> None:
    answer = post(house, multipart(a_file()), authorization=who)
    assert answer.status_code == status
    assert incoming(house) == []


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (415, {"content_type": "application/dicom"}),
        (415, {"content_type": 'multipart/related; type="application/dicom+xml"; boundary=b'}),
        (415, {"content_type": ""}),
        (415, {"content_encoding": "gzip"}),
        (400, {"content_type": 'multipart/related; type="application/dicom"'}),
        (413, {"content_length": "4294967296"}),
        (413, {"content_length": "9" * 18}),
    ],
)
def test_what_cannot_be_taken_is_refused_before_the_body_is_read(
    house: House, status: int, headers: dict[str, str]
) -> None:
    class Untouchable(Bytes):
        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            raise AssertionError("the body was read")

    door = StowDoor(house.reception, authorise, max_body_bytes=1 << 30)
    sent = {"authorization": "modality", "content-type": RELATED} | {k.replace("_", "-"): v for k, v in headers.items()}
    answer = door.handle(StowRequest(STUDIES, sent, "127.0.0.1", Untouchable()))
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b""),
        (400, b"--b--\r\n"),
        (400, multipart(a_file())[:-20]),
        (400, multipart(a_file("1.2.3"), a_file("1.2.4"))[:-10]),
        (415, multipart(a_file(), part_type="text/html")),
        (413, multipart(b"x" * 3000)),
        (413, multipart(a_file("1.2.3")) + b"epilogue" * 300),
    ],
)
def test_a_body_that_is_refused_leaves_nothing(house: House, status: int, body: bytes) -> None:
    assert post(house, body, most=2000).status_code == status
    assert incoming(house) == []
    assert studies(house) == 0


def test_a_whole_part_of_the_wrong_type_takes_its_neighbours_along(house: House) -> None:
    body = multipart(a_file("1.2.3"))[:-7] + multipart(b"<html>", part_type="text/html")
    assert post(house, body).status_code == 415
    assert incoming(house) == []


def test_more_parts_than_enter_at_once_are_all_stored(house: House) -> None:
    answer = post(house, multipart(*(a_file(f"1.2.{n}") for n in range(150))))
    assert answer.status_code == 200
    assert len(told(answer)["stored"]) == 150


def test_xml_is_spoken_to_who_asks_for_it(house: House) -> None:
    answer = post(house, multipart(a_file(), b"bad"), accept="application/dicom+xml")
    assert answer.media_type == "application/dicom+xml"
    root = ET.fromstring(bytes(answer.body))
    space = {"d": "http://dicom.nema.org/PS3.19/models/NativeDICOM"}
    assert [each.get("keyword") for each in root] == ["RetrieveURL", "ReferencedSOPSequence", "OtherFailuresSequence"]
    stored = root.find(".//d:DicomAttribute[@tag='00081155']/d:Value", space)
    reason = root.find(".//d:DicomAttribute[@tag='00081197']/d:Value", space)
    assert stored is not None
    assert reason is not None
    assert (stored.text, reason.text) == ("1.2.3", "43264")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "application/dicom+json"),
        ("*/*", "application/dicom+json"),
        ("text/html, application/dicom+xml", "application/dicom+xml"),
        ("application/dicom+xml;q=0, application/json", "application/dicom+json"),
        ("application/dicom+xml; q=0", "application/dicom+json"),
        ('multipart/related; type="application/dicom+xml"', "application/dicom+xml"),
        ("image/png", "application/dicom+json"),
    ],
)
def test_the_answers_type_is_chosen(accept: str, chosen: str) -> None:
    assert chosen_media_type(accept) == chosen


class FullStore(DiskFileStore):
    def receive(self) -> IncomingFile:  # type: ignore[override]
        raise TransientError("the disk is full: free space, then send again", code="storage_full")


def test_a_full_disk_is_507_and_says_when_to_come_back(house: House, tmp_path: Path) -> None:
    house.reception.files = FullStore(tmp_path / "full")
    answer = post(house, multipart(a_file()))
    assert (answer.status_code, answer.headers["retry-after"]) == (507, "10")


def test_a_fault_of_ours_tells_the_sender_nothing_of_itself(house: House) -> None:
    class Broken(Bytes):
        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            raise RuntimeError("CANARY")

    door = StowDoor(house.reception, authorise)
    headers = {"authorization": "modality", "content-type": RELATED}
    answer = door.handle(StowRequest(STUDIES, headers, "127.0.0.1", Broken()))
    assert answer.status_code == 500
    assert b"CANARY" not in bytes(answer.body)


def test_a_sender_that_leaves_is_not_answered_and_leaves_nothing(house: House) -> None:
    class Gone(Bytes):
        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            size = super().readinto(buffer)
            if size == 0:
                raise ConnectionError
            return size

    door = StowDoor(house.reception, authorise)
    headers = {"authorization": "modality", "content-type": RELATED}
    with pytest.raises(ConnectionError):
        door.handle(StowRequest(STUDIES, headers, "127.0.0.1", Gone(multipart(a_file())[:-9])))
    assert incoming(house) == []
