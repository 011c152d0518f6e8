"""Debian's Orthanc 1.10 with its DICOMweb plugin, empty, on free loopback ports.

Known traps: it does not percent-decode query strings; with the GDCM plugin one GET kills it (that plugin is not loaded); it listens on all addresses, so it runs
only as long as a test needs it; HTTP refuses everybody but this machine (RemoteAccessAllowed false).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from neighbours.asking import ask_once
from neighbours.process import free_port, running

PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"


@dataclass(frozen=True, slots=True)
class Orthanc:
    http_port: int
    dicom_port: int
    ae_title: str = "ORTHANC"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def dicomweb_url(self) -> str:
        return f"{self.url}/dicom-web"

    def get(self, path: str) -> bytes:
        """The body of a GET on Orthanc's own REST API."""
        answer = ask_once("GET", f"{self.url}{path}")
        assert answer.status == 200, (path, answer.status)
        return answer.data

    def sop_instance_uids(self) -> list[str]:
        """Of everything stored."""
        return sorted(instance["MainDicomTags"]["SOPInstanceUID"] for instance in self._each("instances"))

    def series(self) -> list[tuple[str, str]]:
        """(Study Instance UID, modality) of every instance stored: an SR comes in a series of its own."""
        study_of = {each["ID"]: each["MainDicomTags"]["StudyInstanceUID"] for each in self._each("studies")}
        return [
            (study_of[each["ParentStudy"]], each["MainDicomTags"]["Modality"])
            for each in self._each("series")
            for _ in each["Instances"]
        ]

    def _each(self, what: str) -> list[dict[str, Any]]:
        return list(json.loads(self.get(f"/{what}?expand")))

    def file(self, sop_instance_uid: str) -> bytes:
        """One stored instance as the file that it was stored as."""
        for instance in self._each("instances"):
            if instance["MainDicomTags"]["SOPInstanceUID"] == sop_instance_uid:
                return self.get(f"/instances/{instance['ID']}/file")
        raise AssertionError("no such instance")

    def is_ready(self) -> bool:
        try:
            answer = ask_once("GET", f"{self.dicomweb_url}/studies", timeout=20)
            return answer.status in (200, 401)
        except urllib3.exceptions.HTTPError:
            return False


@contextmanager
def orthanc(folder: Path, **configuration: object) -> Iterator[Orthanc]:
    """A running, empty Orthanc that keeps everything under `folder`; `configuration` adds to or overrides its settings."""
    neighbour = Orthanc(free_port(), free_port())
    settings = {
        "Name": "neighbour",
        "HttpPort": neighbour.http_port,
        "DicomPort": neighbour.dicom_port,
        "DicomAet": neighbour.ae_title,
        "DicomCheckCalledAet": True,
        # its ten seconds are a hospital's, not a loaded machine's
        "DicomScuTimeout": 120,
        "DicomScpTimeout": 120,
        "HttpTimeout": 120,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "Plugins": [PLUGIN],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        **configuration,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with running(["Orthanc", str(folder / "orthanc.json")], folder / "orthanc.log", neighbour.is_ready):
        yield neighbour
