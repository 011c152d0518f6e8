"""What arrives at real receivers is what was signed: read back from Orthanc and DCMTK, over DICOMweb and DIMSE."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from builders_delivery import COLUMNS, NOW, ROWS, a_package
from builders_web import grey_pixels
from dicomweb_client import DICOMwebClient
from in_process_decoder import InProcessDecoder
from neighbours.dcmtk import dcmqrscp, storescp
from neighbours.orthanc import Orthanc, orthanc
from neighbours.process import free_port
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

from wetread.dicom.documents import report_documents
from wetread.dicom.film_store_scu import FileOutcome, parse_receiver, send_files
from wetread.dicom.remote_ae import RemoteAe
from wetread.dicom.secondary_capture import encode_secondary_capture
from wetread.dicom.store_scu import CStoreSink
from wetread.dicom.stow_client import StowPeer, StowSink
from wetread.dicom.structured_report import encode_sr
from wetread.domain.errors import PermanentError
from wetread.ports.film_pixels import FilmPixels

pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]

SR = partial(encode_sr, now=NOW)
SC = partial(encode_secondary_capture, now=NOW, film=np.full((300, 240), 90, dtype=np.uint8))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with orthanc(tmp_path_factory.mktemp("orthanc")) as neighbour:
        yield neighbour


def films(folder: Path) -> list[Path]:
    """Three small films in three transfer syntaxes, one of them in a folder below."""
    (folder / "below").mkdir(parents=True)
    paths = [folder / "explicit.dcm", folder / "implicit.dcm", folder / "below" / "rle.dcm"]
    for path, syntax in zip(
        paths, (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRLittleEndian), strict=True
    ):
        film = a_film(syntax)
        if path.stem == "rle":
            film.compress("1.2.840.10008.1.2.5", generate_instance_uid=False)
        film.save_as(path, enforce_file_format=True)
    return paths


def a_film(transfer_syntax_uid: str) -> Dataset:
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = transfer_syntax_uid
    film.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    film.SOPInstanceUID, film.SeriesInstanceUID, film.StudyInstanceUID = (generate_uid(None) for _ in range(3))
    film.PatientID, film.PatientName, film.Modality = "PAT001", "Doe^Jane", "CR"
    film.Rows, film.Columns, film.SamplesPerPixel, film.PhotometricInterpretation = 8, 8, 1, "MONOCHROME2"
    film.BitsAllocated, film.BitsStored, film.HighBit, film.PixelRepresentation = 16, 12, 11, 0
    film.PixelData = bytes(range(128))
    return film


def test_the_sr_in_the_archive_is_the_sr_that_was_sent(archive: Orthanc) -> None:
    """Byte for byte by DICOMweb, with a client that is not ours."""
    StowSink(StowPeer(archive.dicomweb_url), [SR]).deliver(a_package())
    sent = dcmread(BytesIO(SR(a_package())))
    client = DICOMwebClient(url=archive.dicomweb_url)
    uids = (sent.StudyInstanceUID, sent.SeriesInstanceUID, sent.SOPInstanceUID)
    assert client.retrieve_instance(*uids) == sent
    assert archive.file(sent.SOPInstanceUID) == SR(a_package())


class FilmOfTheReport(InProcessDecoder):
    """Whatever the path, a film of the size the report speaks of."""

    def film_pixels(self, path: Path) -> FilmPixels:
        return grey_pixels(ROWS, COLUMNS)


@pytest.mark.parametrize("door", ["stow", "cstore"])
def test_boxes_regions_and_pdf_arrive_with_the_sr(archive: Orthanc, door: str) -> None:
    documents = report_documents(("boxes", "regions", "pdf"), lambda: NOW, FilmOfTheReport(), "")
    scp = RemoteAe(archive.ae_title, "127.0.0.1", archive.dicom_port, timeout_s=60)
    encoders = tuple(documents.values())
    sink = StowSink(StowPeer(archive.dicomweb_url), encoders) if door == "stow" else CStoreSink(scp, encoders)
    package = replace(a_package(), uid_seed=door.encode())
    sink.deliver(package)
    for encode in encoders:
        sent = dcmread(BytesIO(encode(package) or b""))
        assert dcmread(BytesIO(archive.file(sent.SOPInstanceUID))) == sent


def test_sr_and_picture_arrive_together_over_dimse(archive: Orthanc) -> None:
    sink = CStoreSink(RemoteAe(archive.ae_title, "127.0.0.1", archive.dicom_port, timeout_s=60), [SR, SC])
    assert sink.deliver(a_package()) == "stored, stored"
    picture = dcmread(BytesIO(SC(a_package()) or b""))
    arrived = dcmread(BytesIO(archive.file(picture.SOPInstanceUID)))
    assert arrived == picture


def test_a_scp_that_takes_only_implicit_vr_gets_the_same_report(tmp_path: Path) -> None:
    with storescp(tmp_path, "+xi") as peer:
        CStoreSink(RemoteAe(peer.ae_title, "127.0.0.1", peer.port, timeout_s=60), [SR]).deliver(a_package())
        (path,) = peer.files()
    arrived, sent = dcmread(path), dcmread(BytesIO(SR(a_package())))
    assert arrived.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian
    assert arrived.to_json() == sent.to_json()


def test_an_archive_that_does_not_know_us_refuses_for_good(tmp_path: Path) -> None:
    with dcmqrscp(tmp_path, callers=["WETREAD"]) as peer:
        known, stranger = (
            RemoteAe(peer.ae_title, "127.0.0.1", peer.port, title, 60) for title in ("WETREAD", "STRANGER")
        )
        assert CStoreSink(known, [SR]).deliver(a_package()) == "stored"
        with pytest.raises(PermanentError) as caught:
            CStoreSink(stranger, [SR]).deliver(a_package())
        assert len(peer.files()) == 1
    assert caught.value.code == "association_rejected"


def test_films_leave_in_their_own_encoding(tmp_path: Path, archive: Orthanc) -> None:
    """By C-STORE and by STOW-RS: the receiver holds the very data set of the file."""
    for number, receiver in enumerate((f"{archive.ae_title}@127.0.0.1:{archive.dicom_port}", archive.dicomweb_url)):
        paths = films(tmp_path / str(number))
        seen: list[FileOutcome] = []
        outcomes = send_files([tmp_path / str(number)], parse_receiver(receiver), seen.append)
        assert {each.path: each.outcome for each in outcomes} == dict.fromkeys(paths, "stored")
        assert seen == list(outcomes)
        for path in paths:
            film = dcmread(path)
            arrived = dcmread(BytesIO(archive.file(film.SOPInstanceUID)))
            assert arrived.file_meta.TransferSyntaxUID == film.file_meta.TransferSyntaxUID
            assert arrived == film


def test_a_file_that_is_none_is_named_and_the_others_leave(tmp_path: Path, archive: Orthanc) -> None:
    films(tmp_path)
    (tmp_path / "notes.txt").write_text("not a film")
    (tmp_path / "half.dcm").write_bytes((tmp_path / "explicit.dcm").read_bytes()[:200])
    outcomes = send_files([tmp_path, tmp_path / "missing.dcm"], parse_receiver(archive.dicomweb_url))
    found = sorted((each.path.name, each.outcome) for each in outcomes)
    assert found == [
        ("explicit.dcm", "stored"),
        ("half.dcm", "unreadable"),
        ("implicit.dcm", "stored"),
        ("missing.dcm", "unreadable"),
        ("notes.txt", "unreadable"),
        ("rle.dcm", "stored"),
    ]


@pytest.mark.parametrize("receiver", ["ORTHANC@127.0.0.1:{port}", "http://127.0.0.1:{port}/dicom-web"])
def test_films_to_a_receiver_that_is_down_are_all_reported(tmp_path: Path, receiver: str) -> None:
    films(tmp_path)
    outcomes = send_files([tmp_path], parse_receiver(receiver.format(port=free_port())))
    assert [each.outcome for each in outcomes] == ["unreachable"] * 3


def test_a_scp_that_takes_no_compressed_film_refuses_that_film_only(tmp_path: Path) -> None:
    films(tmp_path / "films")
    with storescp(tmp_path / "scp") as peer:
        receiver = RemoteAe(peer.ae_title, "127.0.0.1", peer.port, timeout_s=60)
        outcomes = send_files([tmp_path / "films"], receiver)
        assert len(peer.files()) == 2
        (alone,) = send_files([tmp_path / "films" / "below"], receiver)
    assert alone.outcome == "refused"
    assert {each.path.stem: each.outcome for each in outcomes} == {
        "explicit": "stored",
        "implicit": "stored",
        "rle": "refused",
    }
