"""The running service as an archive for DCMTK's tools and for Orthanc, which query it and have films sent."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from archive_front import a_film, key
from dimse_front import body
from neighbours.asking import ask_once
from neighbours.dcmtk import DCMTK, DimsePeer, storescp
from neighbours.orthanc import Orthanc, orthanc
from neighbours.process import free_port, listens, running
from neighbours.wetread import COMMAND, Wetread
from pydicom import dcmread

pytestmark = pytest.mark.real

JPEG = "1.2.840.10008.1.2.4.50"
FILMS = [
    a_film(1, 1, 1),
    a_film(1, 2, 1),
    a_film(2, 1, 1, name="MÜLLER^JÜRGEN", patient="P2"),
    a_film(3, 1, 1, patient="P3", syntax=JPEG),
]


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    wetread: Wetread
    receiver: DimsePeer
    orthanc: Orthanc


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbourhood]:
    folder = tmp_path_factory.mktemp("around")
    house, port = Wetread(folder / "wetread"), free_port()
    known = {"wetread": ["WETREAD", "127.0.0.1", house.dimse_port]}
    with (
        storescp(folder / "storescp", "+xa") as receiver,
        orthanc(folder / "orthanc", DicomPort=port, DicomModalities=known) as peer,
    ):
        house.settings |= {
            "DIMSE_CALLERS": "STORESCU@127.0.0.1",
            "DIMSE_QUERIERS": "FINDSCU@127.0.0.1,MOVESCU@127.0.0.1,GETSCU@127.0.0.1,ORTHANC@127.0.0.1",
            "DIMSE_DESTINATIONS": f"{receiver.ae_title}@127.0.0.1:{receiver.port},ORTHANC@127.0.0.1:{port}",
        }
        door = [*COMMAND, "dimse"]
        with running(door, folder / "door.log", lambda: listens(house.dimse_port), environment=house.environment):
            _send(house, folder / "sent")
            yield Neighbourhood(house, receiver, peer)


def _send(house: Wetread, folder: Path) -> None:
    folder.mkdir()
    for number, content in enumerate(FILMS):
        (folder / f"{number}.dcm").write_bytes(content)
    _dcmtk(house, "dcmsend", "-aet", "STORESCU", "-aec", "WETREAD", after=["--scan-directories", str(folder)])


def _dcmtk(house: Wetread, tool: str, *options: str, after: list[str] | None = None) -> str:
    words = [DCMTK + tool, *options, "127.0.0.1", str(house.dimse_port), *(after or [])]
    run = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def _keys(**keys: str) -> list[str]:
    return [word for keyword, value in keys.items() for word in ("-k", f"{keyword}={value}" if value else keyword)]


def test_findscu_finds_studies_series_and_images(around: Neighbourhood, tmp_path: Path) -> None:
    def find(model: str, **keys: str) -> list[str]:
        """The UIDs of the level."""
        out = tmp_path / keys["QueryRetrieveLevel"]
        out.mkdir()
        _dcmtk(around.wetread, "findscu", model, "-aec", "WETREAD", "-X", "-od", str(out), *_keys(**keys))
        last = list(keys)[-1]
        return sorted(str(dcmread(each, force=True)[last].value) for each in out.iterdir())

    assert find("-S", QueryRetrieveLevel="STUDY", PatientName="doe*", StudyInstanceUID="") == [key(1), key(3)]
    assert find("-S", QueryRetrieveLevel="SERIES", StudyInstanceUID=key(1), SeriesInstanceUID="") == [
        key(1, 1),
        key(1, 2),
    ]
    place = {"StudyInstanceUID": key(2), "SeriesInstanceUID": key(2, 1)}
    assert find("-S", QueryRetrieveLevel="IMAGE", **place, SOPInstanceUID="") == [key(2, 1, 1)]
    assert find("-P", QueryRetrieveLevel="PATIENT", PatientID="") == ["P1", "P2", "P3"]


def test_movescu_has_films_sent_as_they_are_stored(around: Neighbourhood) -> None:
    for study in (1, 3):
        keys = _keys(QueryRetrieveLevel="STUDY", StudyInstanceUID=key(study))
        _dcmtk(around.wetread, "movescu", "-S", "-aec", "WETREAD", "-aem", around.receiver.ae_title, *keys)
    arrived = [dcmread(each) for each in around.receiver.files()]
    assert sorted(str(each.SOPInstanceUID) for each in arrived) == [key(1, 1, 1), key(1, 2, 1), key(3, 1, 1)]
    (jpeg,) = [each for each in arrived if each.SOPInstanceUID == key(3, 1, 1)]
    assert jpeg.file_meta.TransferSyntaxUID == JPEG
    sent = {key(1, 1, 1): FILMS[0], key(1, 2, 1): FILMS[1]}
    for each in arrived:
        if each.SOPInstanceUID in sent:
            stored = next(path for path in around.receiver.files() if str(each.SOPInstanceUID) in path.name)
            assert body(stored.read_bytes()) == body(sent[each.SOPInstanceUID])


def test_getscu_gets_over_its_own_association(around: Neighbourhood, tmp_path: Path) -> None:
    for study in (1, 2):
        keys = _keys(QueryRetrieveLevel="STUDY", StudyInstanceUID=key(study))
        _dcmtk(around.wetread, "getscu", "-S", "-aec", "WETREAD", "-od", str(tmp_path), *keys)
    arrived = {str(dcmread(path).SOPInstanceUID): body(path.read_bytes()) for path in tmp_path.iterdir()}
    assert arrived == dict(zip([key(1, 1, 1), key(1, 2, 1), key(2, 1, 1)], map(body, FILMS), strict=False))


def test_orthanc_queries_and_retrieves(around: Neighbourhood) -> None:
    peer = around.orthanc

    def post(path: str, content: object) -> dict[str, str]:
        answer = ask_once("POST", peer.url + path, body=json.dumps(content), timeout=30)
        assert answer.status == 200, answer.data
        return answer.json()  # type: ignore[no-any-return]

    asked = {"Level": "Study", "Query": {"PatientName": "müll*", "StudyDate": "20250102-", "StudyDescription": ""}}
    query = post("/modalities/wetread/query", asked)["ID"]
    assert json.loads(peer.get(f"/queries/{query}/answers")) == ["0"]
    content = json.loads(peer.get(f"/queries/{query}/answers/0/content?simplify"))
    assert (content["StudyInstanceUID"], content["PatientID"], content["StudyDate"]) == (key(2), "P2", "20250102")
    post(f"/queries/{query}/answers/0/retrieve", {"TargetAet": "ORTHANC", "Synchronous": True})
    assert peer.sop_instance_uids() == [key(2, 1, 1)]
    assert body(peer.file(key(2, 1, 1))) == body(FILMS[2])
