"""`wetread archive` with an archive that speaks DIMSE only: DCMTK's, asked and fetched from as its users do."""

import json
import subprocess
import time
from io import BytesIO
from pathlib import Path

import pytest
from neighbours.archives import re_labelled
from neighbours.dcmtk import DCMTK, dcmqrscp
from neighbours.wetread import Wetread
from pydicom import dcmread
from tests.films import film

from wetread.bootstrap_archives import build_archive, named
from wetread.dicom.move_door import MovePort
from wetread.dicom.remote_archive import DimseArchive
from wetread.domain.errors import PermanentError
from wetread.settings import Settings, SettingsError, load_settings

TODAY = time.strftime("%Y%m%d")
PACS = {"ae_title": "DCMQRSCP", "host": "127.0.0.1", "port": 104, "we_use": ["query_retrieve"]}
ARCHIVE = {"name": "pacs", "kind": "dimse", "ae_title": "DCMQRSCP"}


@pytest.mark.real
def test_the_commands_ask_and_fetch_by_dimse(tmp_path: Path) -> None:
    with dcmqrscp(tmp_path / "qr") as archive:
        content = re_labelled(film(931), PatientID="CLI 1", StudyDate=TODAY)
        (tmp_path / "film.dcm").write_bytes(content)
        to = ["-aet", "WETREAD", "-aec", archive.ae_title, "127.0.0.1", str(archive.port)]
        subprocess.run([DCMTK + "storescu", "-xs", *to, str(tmp_path / "film.dcm")], check=True, timeout=120)
        entities = json.dumps([{**PACS, "port": archive.port}])
        house = Wetread(tmp_path / "house", {"ARCHIVES": json.dumps([ARCHIVE]), "APPLICATION_ENTITIES": entities})
        checked = house.run("archive", "check", "pacs").stdout
        assert checked.startswith("DIMSE OFFIS_DCMTK")
        assert "C-GET, study root" in checked
        fetched = house.run("archive", "fetch", "pacs", str(dcmread(BytesIO(content)).StudyInstanceUID))
        assert (fetched.returncode, fetched.stderr.splitlines()[-1]) == (0, "1 taken")
        stored, read = (
            house.run("audit", "search", "--address", "127.0.0.1", "--actor", "archive:pacs", "--action", each).stdout
            for each in ("instance.store", "archive.read")
        )
        assert stored.count("\n") == read.count("\n") == 1


def archive_of(settings: Settings) -> DimseArchive:
    built = build_archive(settings, named(settings, "pacs"))
    assert isinstance(built, DimseArchive)
    return built


def test_an_archive_by_dimse_is_one_of_the_application_entities(tmp_path: Path) -> None:
    built = archive_of(load_settings(application_entities=[PACS], archives=[ARCHIVE]))
    assert (built.peer.host, built.peer.port, built.peer.timeout_s, built.move_port) == ("127.0.0.1", 104, 10.0, None)
    moved = {**PACS, "move_port": 11114, "move_ae_title": "WETREAD_IN"}
    by_move = archive_of(load_settings(application_entities=[moved], archives=[ARCHIVE], dimse_host="10.0.0.2"))
    assert by_move.move_port == MovePort("WETREAD_IN", "10.0.0.2", 11114)
    assert archive_of(
        load_settings(application_entities=[{**PACS, "move_port": 11114}], archives=[ARCHIVE])
    ).move_port == (MovePort("WETREAD", "127.0.0.1", 11114))


def test_the_example_of_the_page_can_be_loaded(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "archives.md").read_text("utf-8")
    (tmp_path / "wetread.toml").write_text(page.split("speaks DIMSE only\n\n```toml\n")[1].split("```")[0])
    settings = load_settings(tmp_path / "wetread.toml")
    built = build_archive(settings, named(settings, "vna"))
    assert isinstance(built, DimseArchive)
    assert built.move_port == MovePort("WETREAD_IN", "127.0.0.1", 11114)


@pytest.mark.parametrize(
    ("entity", "archive"),
    [
        ({}, {"ae_title": "OTHER"}),
        ({"we_use": []}, {}),
        ({"tls": True, "move_port": 11114}, {}),
        ({}, {"url": "https://pacs.example"}),
        ({}, {"kind": "dicomweb"}),
        ({}, {"ae_title": ""}),
    ],
)
def test_an_archive_that_cannot_be_asked_is_refused(entity: dict[str, object], archive: dict[str, object]) -> None:
    with pytest.raises((SettingsError, PermanentError)):
        archive_of(load_settings(application_entities=[PACS | entity], archives=[ARCHIVE | archive]))
