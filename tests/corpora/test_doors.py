"""Every collected hostile and valid file through a real running service, by DICOMweb and by the command line (security.md, invariants).

Needs the collected files: WETREAD_SHARED names their folder.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir

import pytest
from neighbours.asking import ask_once
from neighbours.wetread import Wetread

CORPORA = Path(os.environ["WETREAD_SHARED"]) / "corpora"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wetread]:
    house = Wetread(tmp_path_factory.mktemp("house") / "data", {"QUIET_PERIOD_S": "1800"})
    house.add_radiologist()
    with house.serving() as serving:
        yield house
        assert serving.process.poll() is None, "the service died"


def store(house: Wetread, content: bytes) -> int:
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n--b--\r\n"
    kind = 'multipart/related; type="application/dicom"; boundary=b'
    answer = ask_once("POST", f"{house.dicomweb_url}/studies", body=body, headers={"Content-Type": kind}, timeout=30)
    return answer.status


def files(*folders: str) -> list[Path]:
    return sorted(p for folder in folders for p in (CORPORA / folder).rglob("*") if p.is_file() and p.suffix != ".json")


def test_no_file_stops_the_service_or_escapes_the_store(service: Wetread) -> None:
    outside = set(Path(gettempdir()).glob("PWNED*"))
    statuses = {
        path: store(service, path.read_bytes()) for path in files("crafted", "malformed") if path.stat().st_size
    }
    assert set(statuses.values()) <= {200, 202, 400, 409, 413, 415}, {
        p.name: s for p, s in statuses.items() if s >= 500
    }
    assert set(Path(gettempdir()).glob("PWNED*")) == outside
    stored = [each for each in service.folder.rglob("*") if each.is_file()]
    assert all(each.resolve().is_relative_to(service.folder.resolve()) for each in stored)
    assert store(service, (CORPORA / "crafted" / "00_valid_control" / "cr0.dcm").read_bytes()) == 200


def test_valid_files_are_accepted(service: Wetread) -> None:
    """All but the 12 that test_decoder.py names with their reasons, and one that reuses another file's SOP Instance UID (a conflict)."""
    refused = [path.name for path in files("valid") if store(service, path.read_bytes()) not in (200, 202)]
    assert len(refused) <= 13, refused
