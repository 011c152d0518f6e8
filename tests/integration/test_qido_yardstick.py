"""QIDO-RS asked by dicomweb-client, of our server over real storage and of Orthanc with the same files: the same answers, but where the standard says that Orthanc 1.10 is wrong."""

import io
from collections.abc import Iterator

import pytest
from builders_web import Browser, World, a_token, a_world, open_door
from builders_web_films import real_storage
from dicomweb_client import DICOMwebClient
from films import film
from neighbours.asking import ask_once
from neighbours.orthanc import Orthanc, orthanc
from pydicom import Dataset, dcmread

from wetread.dicom.sandbox import Sandbox

pytestmark = pytest.mark.real
PEOPLE = (
    ("Doe^Jane", "P1", "A1", "20260301", "080000"),
    ("Doe^John", "P2", "A2", "20260302", "093015"),
    ("Roe^Ann", "P3", "A3", "20260303", "235959"),
)
STUDY, SERIES, INSTANCE = "0020000D", "0020000E", "00080018"


def files() -> Iterator[bytes]:
    """Three studies; the second has a second series of two lateral films."""
    for number, (name, patient, accession, date, time) in enumerate(PEOPLE, 1):
        for series, instance in ((1, 1), (2, 1), (2, 2)) if number == 2 else ((1, 1),):
            each = dcmread(io.BytesIO(film(1, 128)))
            each.PatientName, each.PatientID, each.AccessionNumber, each.StudyDate, each.StudyTime = (
                name,
                patient,
                accession,
                date,
                time,
            )
            each.StudyInstanceUID, each.SeriesInstanceUID = f"2.25.70{number}", f"2.25.70{number}.{series}"
            each.SOPInstanceUID = each.file_meta.MediaStorageSOPInstanceUID = f"2.25.70{number}.{series}.{instance}"
            each.SeriesNumber, each.InstanceNumber, each.StudyID, each.ReferringPhysicianName = (
                series,
                instance,
                f"S{number}",
                "Poe^Edgar",
            )
            each.PerformedProcedureStepStartDate, each.PerformedProcedureStepStartTime = date, time
            request = Dataset()
            request.ScheduledProcedureStepID, request.RequestedProcedureID = f"SPS{number}", f"RP{number}"
            each.RequestAttributesSequence = [request]
            out = io.BytesIO()
            each.save_as(out, enforce_file_format=True)
            yield out.getvalue()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("ours")
    made = a_world(*real_storage(folder))
    with Sandbox(children=1) as sandbox:
        for number, content in enumerate(files()):
            (folder / f"{number}.dcm").write_bytes(content)
            made.add_study(content=content, film=sandbox.inspect(folder / f"{number}.dcm"))
    yield made
    made.services.database.close()  # type: ignore[attr-defined]
    made.services.vault.close()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with orthanc(tmp_path_factory.mktemp("orthanc")) as running:
        for content in files():
            assert ask_once("POST", f"{running.url}/instances", body=content).status == 200
        yield running


@pytest.fixture(scope="module")
def door(world: World) -> Iterator[Browser]:
    with open_door(world) as browser:
        yield browser


@pytest.fixture(scope="module")
def clients(world: World, door: Browser, neighbour: Orthanc) -> tuple[DICOMwebClient, DICOMwebClient]:
    token = a_token(world, "radiologist")
    url = f"http://127.0.0.1:{door.port}/dicom-web"
    return DICOMwebClient(url, headers={"Authorization": f"Bearer {token}"}), DICOMwebClient(neighbour.dicomweb_url)


def values(rows: list[dict[str, dict[str, object]]], *tags: str) -> set[tuple[str, ...]]:
    return {tuple(str(row.get(tag, {}).get("Value")) for tag in tags) for row in rows}


@pytest.mark.parametrize(
    "match",
    [
        {}, {"PatientID": "P2"}, {"AccessionNumber": "A3"}, {"StudyDate": "20260302-"}, {"StudyDate": "20260301"}, {"StudyInstanceUID": "2.25.702"}, {"PatientID": "none"},
        {"ModalitiesInStudy": "DX"}, {"ModalitiesInStudy": "MR"}, {"StudyID": "S2"}, {"StudyTime": "090000-100000"},
    ],
)  # fmt: skip
def test_studies_are_those_that_orthanc_finds(
    clients: tuple[DICOMwebClient, DICOMwebClient], match: dict[str, str]
) -> None:
    ours, theirs = (each.search_for_studies(search_filters=match) for each in clients)
    tags = (
        STUDY,
        "00100010",
        "00100020",
        "00080020",
        "00080030",
        "00080050",
        "00080061",
        "00080090",
        "00100030",
        "00100040",
        "00200010",
        "00201206",
        "00201208",
    )
    assert values(ours, *tags) == values(theirs, *tags)
    assert len(ours) == len(theirs)


@pytest.mark.parametrize("match", [{}, {"Modality": "DX"}, {"SeriesNumber": "2"}, {"SeriesInstanceUID": "2.25.702.2"}, {"PatientID": "P2"}])  # fmt: skip
def test_series_are_those_that_orthanc_finds(
    clients: tuple[DICOMwebClient, DICOMwebClient], match: dict[str, str]
) -> None:
    tags = (STUDY, SERIES, "00080060", "00200011", "00201209", "00100020", "0008103E")
    ours, theirs = (each.search_for_series(search_filters=match) for each in clients)
    assert values(ours, *tags) == values(theirs, *tags)
    within = {name: value for name, value in match.items() if name != "PatientID"}
    ours, theirs = (each.search_for_series("2.25.702", search_filters=within) for each in clients)
    assert values(ours, *tags[1:5]) == values(theirs, *tags[1:5])


@pytest.mark.parametrize("match", [{}, {"InstanceNumber": "2"}, {"SOPInstanceUID": "2.25.702.2.2"}, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1"}])  # fmt: skip
def test_instances_are_those_that_orthanc_finds(
    clients: tuple[DICOMwebClient, DICOMwebClient], match: dict[str, str]
) -> None:
    tags = (SERIES, INSTANCE, "00080016", "00200013", "00280010", "00280011", "00280100")
    for place in ((), ("2.25.702",), ("2.25.702", "2.25.702.2")):
        ours, theirs = (each.search_for_instances(*place, search_filters=match) for each in clients)
        assert values(ours, *tags[1:]) == values(theirs, *tags[1:])
        assert len(ours) == len(theirs)


def test_what_orthanc_cannot_search_is_found_here(clients: tuple[DICOMwebClient, DICOMwebClient]) -> None:
    """The required series keys of PS3.18 table 10.6.1-5 that its index lacks, names that are only alike, and what the client percent-encodes (`*`, `^`)."""
    ours, theirs = clients
    for match in (
        {"PerformedProcedureStepStartDate": "20260303"},
        {"00400275.00400009": "SPS3"},
        {"RequestAttributesSequence.RequestedProcedureID": "RP3"},
    ):
        assert values(ours.search_for_series(search_filters=match), SERIES) == {("['2.25.703.1']",)}
    sounds = ours.search_for_studies(fuzzymatching=True, search_filters={"PatientName": "rho anne"})
    assert values(sounds, STUDY) == {("['2.25.703']",)}
    for match, count in (({"PatientName": "Doe*"}, 2), ({"PatientName": "Doe^Jane"}, 1)):
        assert len(ours.search_for_studies(search_filters=match)) == count
        assert theirs.search_for_studies(search_filters=match) == []


def test_pages_and_fields_are_what_the_client_asks_for(clients: tuple[DICOMwebClient, DICOMwebClient]) -> None:
    for client in clients:
        pages = [client.search_for_instances(limit=2, offset=offset) for offset in (0, 2, 4)]
        assert values([row for page in pages for row in page], INSTANCE) == values(
            client.search_for_instances(), INSTANCE
        )
        assert len(client.search_for_instances(limit=2, get_remaining=True)) == 5
        (row,) = client.search_for_studies(search_filters={"PatientID": "P1"}, fields=["StudyDescription"])
        assert row["00081030"]["vr"] == "LO"


def test_a_retrieve_url_leads_to_the_study(world: World, door: Browser) -> None:
    asked = {"Authorization": f"Bearer {a_token(world, 'radiologist')}"}
    found = ask_once("GET", f"http://127.0.0.1:{door.port}/dicom-web/studies?PatientID=P3", headers=asked)
    answer = ask_once("GET", found.json()[0]["00081190"]["Value"][0], headers=asked)
    assert answer.status == 200
    assert b"2.25.703.1.1" in answer.data
