"""The phantom's files are valid DICOM, decode to the pixels that were drawn, and say that nobody was there."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Literal

import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom import uid
from pydicom.encaps import generate_frames

from wetread.domain.finding import FindingName
from wetread.domain.identifiers import is_valid_uid
from wetread.testing.phantom import (
    SYNTHETIC,
    TRANSFER_SYNTAXES,
    Encoding,
    Pathology,
    PhantomPatient,
    PhantomSpec,
    encode_dicom,
    render,
    to_dataset,
    uids_from_seed,
    write_dicom,
)
from wetread.testing.phantom.distractors import DISTRACTORS, Kind, distractor_dataset, distractor_pixels

_NOW = datetime(2025, 1, 1, 7, 30, tzinfo=UTC)
_PATIENT = PhantomPatient("Phantom^Ada", "PHANTOM-0007", date(1971, 3, 2), "F", 53, 24.0)
_SPEC = PhantomSpec(_PATIENT, pathologies=(Pathology(FindingName.NODULE, "left"),), rows=157, columns=151, seed=5)
_UIDS = uids_from_seed(5)

_DECODERS: dict[str, Callable[[bytes], NDArray[np.uint16]]] = {
    uid.JPEGBaseline8Bit: imagecodecs.jpeg8_decode,
    uid.JPEGExtended12Bit: imagecodecs.jpeg8_decode,
    uid.JPEGLosslessSV1: imagecodecs.ljpeg_decode,
    uid.JPEGLSLossless: imagecodecs.jpegls_decode,
    uid.JPEG2000Lossless: imagecodecs.jpeg2k_decode,
    uid.HTJ2KLossless: imagecodecs.htj2k_decode,
}

MODALITIES: tuple[Literal["DX", "CR"], ...] = ("DX", "CR")
ENCODED_BITS = [(each, bits) for each in TRANSFER_SYNTAXES.values() for bits in (8, 12, 16) if bits in each.bits]


_film = lru_cache(maxsize=8)(render)


def _file(spec: PhantomSpec) -> tuple[NDArray[np.uint16], bytes]:
    pixels, truth = _film(replace(spec, transfer_syntax_uid=""))
    return pixels, encode_dicom(to_dataset(spec, pixels, truth, _UIDS, _NOW))


def _decoded(data: bytes) -> NDArray[np.uint16]:
    dataset = pydicom.dcmread(BytesIO(data))
    decode = _DECODERS.get(dataset.file_meta.TransferSyntaxUID)
    if decode is None:
        return np.asarray(dataset.pixel_array)
    return np.asarray(decode(next(generate_frames(dataset.PixelData, number_of_frames=1))))


def _complaints(path: Path) -> list[str]:
    """What dicom3tools' validator calls an error."""
    validator = Path(sys.executable).with_name("dciodvfy")
    done = subprocess.run([str(validator), str(path)], capture_output=True, text=True, timeout=60, check=False)
    said = done.stdout + done.stderr
    assert "ForPresentation" in said or "CRImage" in said or "CTImage" in said
    return [line for line in said.splitlines() if "Error" in line]


@pytest.mark.parametrize(("encoding", "bits"), ENCODED_BITS, ids=lambda value: getattr(value, "name", value))
def test_every_transfer_syntax_decodes_to_the_drawn_pixels(encoding: Encoding, bits: int) -> None:
    """Exactly where the syntax is lossless (odd sizes included), closely where it is not."""
    pixels, data = _file(replace(_SPEC, transfer_syntax_uid=encoding.transfer_syntax_uid, bits_stored=bits))
    back = _decoded(data)
    assert pydicom.dcmread(BytesIO(data)).file_meta.TransferSyntaxUID == encoding.transfer_syntax_uid
    if encoding.lossless:
        assert np.array_equal(back, pixels)
    else:
        assert np.abs(back.astype(float) - pixels).mean() < 0.02 * 2**bits


def test_a_lossy_file_says_so() -> None:
    dataset = pydicom.dcmread(
        BytesIO(_file(replace(_SPEC, transfer_syntax_uid=uid.JPEGBaseline8Bit, bits_stored=8))[1])
    )
    assert dataset.LossyImageCompression == "01"
    assert float(dataset.LossyImageCompressionRatio) > 1


def test_bits_a_transfer_syntax_cannot_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="bits stored"):
        _file(replace(_SPEC, transfer_syntax_uid=uid.JPEGBaseline8Bit, bits_stored=12))
    with pytest.raises(ValueError, match="TRANSFER_SYNTAXES"):
        _file(replace(_SPEC, transfer_syntax_uid="1.2.3"))


@pytest.mark.parametrize("transfer_syntax_uid", sorted(set(TRANSFER_SYNTAXES) - {uid.DeflatedExplicitVRLittleEndian}))
@pytest.mark.parametrize("modality", MODALITIES)
def test_a_film_satisfies_dciodvfy(transfer_syntax_uid: str, modality: Literal["DX", "CR"], tmp_path: Path) -> None:
    """The validator cannot read deflated files; their dataset is the same."""
    bits = 8 if 8 in TRANSFER_SYNTAXES[transfer_syntax_uid].bits else 12
    spec = replace(
        _SPEC,
        transfer_syntax_uid=transfer_syntax_uid,
        modality=modality,
        bits_stored=bits,
        photometric_interpretation="MONOCHROME1" if modality == "CR" else "MONOCHROME2",
        view_position="AP" if modality == "CR" else "PA",
    )
    (tmp_path / "film.dcm").write_bytes(_file(spec)[1])
    assert _complaints(tmp_path / "film.dcm") == []


def test_the_header_says_what_was_asked_and_that_it_is_synthetic() -> None:
    dataset = pydicom.dcmread(BytesIO(_file(_SPEC)[1]))
    assert dataset.PatientName == "Phantom^Ada"
    assert dataset.PatientID == "PHANTOM-0007"
    assert (dataset.PatientSex, dataset.PatientAge, dataset.PatientBirthDate) == ("F", "053Y", "19710302")
    assert (dataset.Modality, dataset.ViewPosition, dataset.BodyPartExamined) == ("DX", "PA", "CHEST")
    assert list(dataset.PatientOrientation) == ["L", "F"]
    assert dataset.BurnedInAnnotation == "NO"
    for keyword in ("PatientComments", "DerivationDescription", "ProtocolName"):
        assert dataset[keyword].value == SYNTHETIC
    assert dataset.ImageComments.startswith(SYNTHETIC)
    assert not [element for element in dataset.iterall() if element.tag.is_private]
    assert 0.3 < float(dataset.ImagerPixelSpacing[0]) * dataset.Rows / 430 < 1.4


def test_uids_and_time_are_those_passed_in_and_seeds_do_not_share_uids() -> None:
    dataset = pydicom.dcmread(BytesIO(_file(_SPEC)[1]))
    assert dataset.StudyInstanceUID == _UIDS.study_instance_uid
    assert (dataset.StudyDate, dataset.StudyTime, dataset.TimezoneOffsetFromUTC) == ("20250101", "073000", "+0000")
    uids = [each for seed in range(50) for each in vars_of(uids_from_seed(seed))]
    assert len(set(uids)) == 150
    assert all(is_valid_uid(each) for each in uids)


def vars_of(uids: object) -> list[str]:
    return [getattr(uids, name) for name in ("study_instance_uid", "series_instance_uid", "sop_instance_uid")]


def test_write_dicom_writes_the_same_file_and_gives_back_the_truth(tmp_path: Path) -> None:
    truth = write_dicom(_SPEC, tmp_path / "film.dcm", _UIDS, _NOW)
    assert (tmp_path / "film.dcm").read_bytes() == _file(_SPEC)[1]
    assert [each.finding for each in truth] == [FindingName.NODULE]


@pytest.mark.parametrize("kind", list(DISTRACTORS))
@pytest.mark.parametrize("modality", MODALITIES)
def test_a_distractor_is_valid_dicom_too(kind: Kind, modality: Literal["DX", "CR"], tmp_path: Path) -> None:
    spec = replace(_SPEC, modality=modality, pathologies=())
    (tmp_path / "film.dcm").write_bytes(encode_dicom(distractor_dataset(kind, spec, _UIDS, _NOW)))
    assert _complaints(tmp_path / "film.dcm") == []


def test_a_distractors_header_tells_the_truth_unless_asked_to_lie() -> None:
    spec = replace(_SPEC, pathologies=())
    lateral = distractor_dataset("lateral", spec, _UIDS, _NOW)
    assert (lateral.ViewPosition, lateral.PatientOrientation[0]) == ("LL", "A")
    assert distractor_dataset("hand", spec, _UIDS, _NOW).BodyPartExamined == "HAND"
    scan = distractor_dataset("ct_slice", spec, _UIDS, _NOW)
    assert (scan.Modality, scan.SOPClassUID) == ("CT", uid.CTImageStorage)
    lie = distractor_dataset("hand", spec, _UIDS, _NOW, honest=False)
    assert (lie.BodyPartExamined, lie.ViewPosition) == ("CHEST", "PA")


def test_distractor_pixels_are_what_they_are_called() -> None:
    spec = replace(_SPEC, pathologies=(), rows=151, columns=151)
    chest = render(spec)[0]
    assert np.array_equal(4095 - chest, distractor_pixels("inverted", spec))
    assert np.array_equal(np.rot90(chest), distractor_pixels("rotated", spec))
    assert np.ptp(distractor_pixels("blank", spec)) == 0
    noise = distractor_pixels("noise", spec).astype(float)
    assert abs(np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]) < 0.05
    units = distractor_pixels("ct_slice", spec).astype(int) - 1024
    assert abs(units[2, 2] + 1000) < 80
    assert units[75, 50] < -700
    assert not np.array_equal(distractor_pixels("hand", spec), distractor_pixels("lateral", spec))
