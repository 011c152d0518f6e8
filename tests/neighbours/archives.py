"""Archives to ask, each the same to a test: keep a film there, and the port that asks it."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import urllib3
from neighbours.asking import ask_once
from neighbours.dcmtk import DCMTK, dcmqrscp
from neighbours.orthanc import orthanc
from neighbours.process import free_port, listens
from neighbours.wetread import ACCOUNT, Wetread
from pydicom import Dataset, dcmread
from tests.journey.waiting import wait_for

from wetread.dicom.dicomweb_archive import DicomwebArchive
from wetread.dicom.dicomweb_exchange import DicomwebExchange
from wetread.dicom.move_door import MovePort
from wetread.dicom.orthanc_archive import OrthancArchive
from wetread.dicom.remote_ae import RemoteAe
from wetread.dicom.remote_archive import DimseArchive
from wetread.dicom.stow_client import StowPeer, store_instances
from wetread.domain.archive import ArchivedInstance, ArchivedStudy, ArchiveWays
from wetread.ports.archive import Archive
from wetread.ports.file_store import IncomingFile
from wetread.testing.memory_archive import MemoryArchive
from wetread.testing.memory_files import MemoryFileStore

__all__ = [
    "ArchiveWorld",
    "dcmqrscp_worlds",
    "memory_world",
    "orthanc_archive",
    "orthanc_worlds",
    "own_worlds",
    "re_labelled",
]


@dataclass(frozen=True)
class ArchiveWorld:
    """`keep` stores one Part 10 file as a modality would; `delete` takes an instance away by its UID, where this archive can. `whole_files`: by DIMSE only data sets come, and the file around them is ours."""

    archive: Archive
    keep: Callable[[bytes], None]
    delete: Callable[[str], None] | None = None
    whole_files: bool = True


class KeptFiles:
    """An inbox that keeps in memory what it was given."""

    def __init__(self) -> None:
        self._store = MemoryFileStore()
        self.contents: list[bytes] = []

    def receive(self) -> IncomingFile:
        return self._store.receive()

    def hand_over(self, file: IncomingFile, wanted: ArchivedInstance) -> None:
        file.flush()
        self.contents.append(file.path.read_bytes())
        file.discard()

    def leaves_nothing(self) -> bool:
        """Every file was handed over or discarded."""
        return not self._store.incoming


def re_labelled(film: bytes, **values: str) -> bytes:
    """The same film with other attributes, by keyword."""
    dataset = dcmread(BytesIO(film))
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def keep_in(archive: MemoryArchive, content: bytes) -> None:
    """What a film says of itself, as an archive's index would have it."""
    said = dcmread(BytesIO(content), stop_before_pixels=True)
    archive.keep(_study(said), _instance(said), content)


def memory_world() -> ArchiveWorld:
    archive = MemoryArchive()
    return ArchiveWorld(archive, lambda content: keep_in(archive, content), archive.delete)


def orthanc_archive(url: str, name: str = "orthanc", timeout_s: float = 60.0) -> OrthancArchive:
    ways = ArchiveWays(decodes_percent=False)
    web = DicomwebArchive(name, DicomwebExchange(f"{url}/dicom-web", timeout_s=timeout_s), lambda: ways)
    return OrthancArchive(name, DicomwebExchange(url, timeout_s=timeout_s), web)


@contextmanager
def orthanc_worlds(folder: Path) -> Iterator[dict[str, ArchiveWorld]]:
    """One Orthanc by its own ways, and as any DICOMweb archive."""
    with orthanc(folder, DicomAlwaysAllowFind=True, DicomAlwaysAllowGet=True) as neighbour:

        def keep(content: bytes) -> None:
            assert ask_once("POST", f"{neighbour.url}/instances", body=content).status == 200

        def delete(uid: str) -> None:
            found = ask_once("POST", f"{neighbour.url}/tools/lookup", body=uid.encode()).json()
            assert ask_once("DELETE", f"{neighbour.url}{found[0]['Path']}").status == 200

        ways = ArchiveWays(decodes_percent=False)
        web = DicomwebArchive("orthanc-web", DicomwebExchange(neighbour.dicomweb_url), lambda: ways)
        dimse = DimseArchive("orthanc-dimse", RemoteAe(neighbour.ae_title, "127.0.0.1", neighbour.dicom_port))
        yield {
            "orthanc": ArchiveWorld(orthanc_archive(neighbour.url), keep, delete),
            "orthanc-web": ArchiveWorld(web, keep, delete),
            "orthanc-dimse": ArchiveWorld(dimse, keep, delete, whole_files=False),
        }


class MoveOnly(DimseArchive):
    """As of an archive that offers no C-GET."""

    def _get(self, *_: object) -> None:
        return None


@contextmanager
def dcmqrscp_worlds(folder: Path) -> Iterator[dict[str, ArchiveWorld]]:
    """DCMTK's archive, by C-GET and by C-MOVE."""
    port = MovePort("WETREAD_IN", "127.0.0.1", free_port())
    with dcmqrscp(folder, destination=(port.ae_title, port.port)) as neighbour:

        def keep(content: bytes) -> None:
            (folder / "film.dcm").write_bytes(content)
            to = ["-aet", "WETREAD", "-aec", neighbour.ae_title, "127.0.0.1", str(neighbour.port)]
            subprocess.run([DCMTK + "storescu", "-xs", *to, str(folder / "film.dcm")], check=True, timeout=120)

        peer = RemoteAe(neighbour.ae_title, "127.0.0.1", neighbour.port)
        yield {
            "dcmqrscp": ArchiveWorld(DimseArchive("dcmqrscp", peer), keep, whole_files=False),
            "dcmqrscp-move": ArchiveWorld(MoveOnly("dcmqrscp", peer, move_port=port), keep, whole_files=False),
        }


@contextmanager
def own_worlds(folder: Path) -> Iterator[dict[str, ArchiveWorld]]:
    """A second server of our own, by DICOMweb and by DIMSE."""
    port = free_port()
    dimse = {
        "DIMSE_PORT": str(port),
        "APPLICATION_ENTITIES": '[{"ae_title": "OTHER", "calls_from": ["*"], "it_may": ["query"]}]',
    }
    house = Wetread(folder / "house", {"WORKERS": "0", "STOW_NETWORKS": "127.0.0.0/8", **dimse})
    house.add_radiologist()
    token = house.run("user", "token", ACCOUNT).stdout.strip().splitlines()[-1]
    pool = urllib3.PoolManager(num_pools=1)

    def keep(content: bytes) -> None:
        answer = store_instances(StowPeer(house.dicomweb_url), [(len(content), [content])], pool)
        assert answer.stored, answer

    with house.serving():
        exchange = DicomwebExchange(house.dicomweb_url, authorization=f"Bearer {token}")
        wait_for(lambda: listens(port), "the DIMSE door")
        peer = RemoteAe("WETREAD", "127.0.0.1", port, "OTHER")
        yield {
            "wetread": ArchiveWorld(DicomwebArchive("wetread", exchange), keep),
            "wetread-dimse": ArchiveWorld(DimseArchive("wetread-dimse", peer), keep, whole_files=False),
        }


def _study(said: Dataset) -> ArchivedStudy:
    return ArchivedStudy(
        study_instance_uid=said.StudyInstanceUID,
        patient_id=said.PatientID,
        issuer_of_patient_id=said.get("IssuerOfPatientID", ""),
        patient_birth_date=said.PatientBirthDate,
        study_date=said.StudyDate,
        accession_number=said.AccessionNumber,
        study_description=said.StudyDescription,
        modalities=(said.Modality,),
        number_of_instances=1,
    )


def _instance(said: Dataset) -> ArchivedInstance:
    return ArchivedInstance(
        said.StudyInstanceUID,
        said.SeriesInstanceUID,
        said.SOPInstanceUID,
        said.SOPClassUID,
        said.Modality,
        said.get("BodyPartExamined", ""),
        said.StudyDate,
        locator=f"memory-{said.SOPInstanceUID}",
        station_name=said.get("StationName", ""),
    )
