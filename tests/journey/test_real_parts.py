"""The same straight line on real parts: a real Orthanc C-STOREs a film to a real `wetread serve`, and gets the signed SR back."""

import json
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from dicomweb_client import DICOMwebClient
from neighbours.asking import ask_once
from neighbours.orthanc import Orthanc, orthanc
from neighbours.postgres import running_pgvector
from neighbours.postgres_roles import granted_roles, url_of
from neighbours.process import free_port
from neighbours.wetread import ACCOUNT, DCIODVFY, PASSWORD, Wetread
from pydicom import dcmread
from tests.films import film
from tests.journey.waiting import wait_for

pytestmark = pytest.mark.real


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[tuple[Orthanc, Wetread]]:
    house = Wetread(tmp_path / "house")
    modalities = {"wetread": ["WETREAD", "127.0.0.1", house.dimse_port]}
    with orthanc(tmp_path / "orthanc", DicomModalities=modalities) as archive:
        house.settings = {
            "CSTORE_SINK": f"ORTHANC@127.0.0.1:{archive.dicom_port}",
            "ORGANISATION": "Test Hospital",
        }
        house.add_radiologist()
        yield archive, house


def test_orthanc_gets_back_a_valid_signed_report(pacs: tuple[Orthanc, Wetread], tmp_path: Path) -> None:
    archive, house = pacs
    answer = ask_once("POST", f"{archive.url}/instances", body=film(11), timeout=30)
    assert answer.status == 200
    orthanc_id = json.loads(answer.data)["ID"]
    with house.serving() as service:
        sent = ask_once("POST", f"{archive.url}/modalities/wetread/store", body=orthanc_id.encode())
        assert sent.status == 200, sent.data
        client = service.client
        wait_for(lambda: [r["state"] for r in client.worklist("open")] == ["drafted"], "a draft")
        (row,) = client.worklist("open")
        path = f"/api/studies/{row['study_key']}"
        report = client.post(f"{path}/open", {})["report"]
        client.post(f"{path}/sign", {"etag": report["etag"], "meaning": "approved", "password": PASSWORD})
        wait_for(lambda: [r["state"] for r in client.worklist("reported")] == ["delivered"], "delivery")
    film_uid = dcmread(BytesIO(film(11)), stop_before_pixels=True).SOPInstanceUID
    returned = [archive.file(uid) for uid in archive.sop_instance_uids() if uid != film_uid]
    reports = [each for each in returned if dcmread(BytesIO(each)).Modality == "SR"]
    assert len(reports) == 1
    sr = dcmread(BytesIO(reports[0]))
    assert (sr.CompletionFlag, sr.VerificationFlag) == ("COMPLETE", "VERIFIED")
    assert sr.VerifyingObserverSequence[0].VerifyingOrganization == "Test Hospital"
    for number, document in enumerate(returned):
        (tmp_path / f"{number}.dcm").write_bytes(document)
        checked = subprocess.run([DCIODVFY, tmp_path / f"{number}.dcm"], capture_output=True, text=True, check=False)
        assert "Error" not in checked.stderr + checked.stdout, checked.stderr
    second = DICOMwebClient(archive.dicomweb_url)
    read = second.retrieve_instance(
        sr.StudyInstanceUID,
        sr.SeriesInstanceUID,
        sr.SOPInstanceUID,
        media_types=(("application/dicom", "1.2.840.10008.1.2.1"),),
    )
    assert read.SOPInstanceUID == sr.SOPInstanceUID
    assert house.run("audit", "verify").returncode == 0


def test_the_working_database_and_logs_never_name_the_patient(pacs: tuple[Orthanc, Wetread]) -> None:
    _, house = pacs
    content = film(12)
    dataset = dcmread(BytesIO(content), stop_before_pixels=True)
    secrets = [
        str(dataset.PatientName).split("^")[1],
        dataset.PatientID,
        dataset.StudyInstanceUID,
        dataset.AccessionNumber,
    ]
    with house.serving() as service:
        stored = house.folder.parent / "film.dcm"
        stored.write_bytes(content)
        assert house.run("send", str(stored), "--to", house.dicomweb_url).returncode == 0
        wait_for(lambda: [r["state"] for r in service.client.worklist("open")] == ["drafted"], "a draft")
        log = service.log.read_bytes()
    working = b"".join(each.read_bytes() for each in house.folder.glob("wetread.db*"))
    for secret in filter(None, secrets):
        assert secret.encode() not in working + log
        assert not [each for each in house.folder.rglob("*") if secret in each.name]


def test_a_second_service_on_the_same_port_says_so(tmp_path: Path) -> None:
    house = Wetread(tmp_path / "house", port=free_port())
    house.add_radiologist()
    with house.serving():
        second = house.run("serve")
    assert second.returncode != 0
    assert "port" in second.stderr


def test_a_film_enters_by_the_watched_folder_and_is_signed_from_the_command_line(tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    house = Wetread(tmp_path / "house", {"WATCH_FOLDER": str(watched)})
    house.add_radiologist()
    with house.serving() as service:
        wait_for(watched.is_dir, "the watcher")
        (watched / "film.dcm").write_bytes(film(13))
        (watched / "letter.dcm").write_bytes(b"not a film at all")
        wait_for(lambda: [r["state"] for r in service.client.worklist("open")] == ["drafted"], "a draft")
        wait_for(lambda: not list(watched.glob("*.dcm")), "both files to be moved")
        (row,) = service.client.worklist("open")
        signed = house.run("sign", row["study_key"], "--as", ACCOUNT, "--password-stdin", stdin=PASSWORD + "\n")
        assert "signed as final, version 1, by Dr Test" in signed.stdout, signed.stderr
        wait_for(lambda: [r["state"] for r in service.client.worklist("reported")] == ["delivered"], "delivery")
    _look_at_the_sources(house, row["study_key"], tmp_path / "sources.svg")
    _measure_what_was_signed(house, row["study_key"], tmp_path / "predictions.csv")
    assert [each.read_bytes() for each in (watched / "done").iterdir()] == [film(13)]
    assert [each.read_bytes() for each in (watched / "refused").glob("*.dcm")] == [b"not a film at all"]
    assert [each.read_text().partition(":")[0] for each in (watched / "refused").glob("*.txt")] == ["not_part10"]


def _look_at_the_sources(house: Wetread, study: str, picture: Path) -> None:
    who = ("--as", ACCOUNT, "--password-stdin")
    told = house.run("provenance", study, *who, stdin=PASSWORD + "\n")
    assert "from DICOM header; ViewPosition" in told.stdout, told.stderr
    assert "acknowledged" in told.stdout
    drawn = house.run("provenance", study, *who, "--svg", str(picture), stdin=PASSWORD + "\n")
    assert drawn.returncode == 0, drawn.stderr
    assert "Version 1, final" in picture.read_text("utf-8")
    assert house.run("provenance", study, *who, stdin="wrong\n").returncode == 1


def _measure_what_was_signed(house: Wetread, study: str, table: Path) -> None:
    added = house.run("user", "add", "qa", "--role", "quality", "--password-stdin", stdin=PASSWORD + "\n")
    assert added.returncode == 0, added.stderr
    refused = house.run("predictions", "--as", ACCOUNT, "--password-stdin", "--out", str(table), stdin=PASSWORD + "\n")
    assert "may not export predictions" in refused.stderr
    done = house.run("predictions", "--as", "qa", "--password-stdin", "--out", str(table), stdin=PASSWORD + "\n")
    assert "1 signed studies" in done.stdout, done.stderr
    assert {line.split(",")[0] for line in table.read_text().splitlines()[1:]} == {study}
    measured = house.run("evaluate", str(table), "--unmentioned", "negative")
    assert "only one class" in measured.stdout, measured.stderr


def test_the_whole_line_runs_on_postgresql(tmp_path: Path) -> None:
    """By the two roles of docs/security.md, which can change no table."""
    with running_pgvector() as server, granted_roles(server):
        databases = {"DATABASE_URL": "wetread", "VAULT_URL": "wetread_vault"}
        owner = {name: url_of(server, "wetread_owner", database) for name, database in databases.items()}
        assert Wetread(tmp_path / "owner", owner).run("migrate").returncode == 0
        roles = {"DATABASE_URL": "wetread_work", "VAULT_URL": "wetread_vault"}
        house = Wetread(tmp_path / "house", {name: url_of(server, roles[name], databases[name]) for name in roles})
        house.add_radiologist()
        (tmp_path / "film.dcm").write_bytes(film(14))
        with house.serving() as service:
            client = service.client
            assert house.run("send", str(tmp_path / "film.dcm"), "--to", house.dicomweb_url).returncode == 0
            wait_for(lambda: [r["state"] for r in client.worklist("open")] == ["drafted"], "a draft")
            (row,) = client.worklist("open")
            path = f"/api/studies/{row['study_key']}"
            report = client.post(f"{path}/open", {})["report"]
            client.post(f"{path}/sign", {"etag": report["etag"], "meaning": "approved", "password": PASSWORD})
            wait_for(lambda: [r["state"] for r in client.worklist("reported")] == ["delivered"], "delivery")
        assert house.run("audit", "verify").returncode == 0
        assert not list(house.folder.glob("*.db"))
