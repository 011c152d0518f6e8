"""Whole files: what goes in with names everywhere comes out without, is read by others, and validates no worse than it came."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless, JPEGLSNearLossless
from tests.dicom_objects import errors_in
from tests.films import film

from wetread.cli import main
from wetread.dicom.confidentiality import Option
from wetread.dicom.deidentified_folder import place_of, put
from wetread.dicom.deidentify import Confidentiality
from wetread.dicom.deidentify_film import FilmDeidentifier, uid_of
from wetread.dicom.instance_forms import SandboxedForms
from wetread.dicom.pseudonyms import Pseudonyms
from wetread.dicom.sandbox import Sandbox
from wetread.domain.errors import UnsuitableImage
from wetread.ports.film_text import ReadText

CANARY = b"Kanarienvogel"
BASIC = Confidentiality(frozenset(), Pseudonyms(bytes(range(32))))
CLEANED = Confidentiality(frozenset({Option.CLEAN_PIXELS}), Pseudonyms(bytes(range(32))))


class Blind:
    def read(self, grey: NDArray[np.uint8]) -> tuple[ReadText, ...]:
        return ()


@pytest.fixture(scope="module")
def forms() -> Iterator[SandboxedForms]:
    with Sandbox(children=1) as sandbox:
        yield SandboxedForms(sandbox)


def a_named_film() -> Dataset:
    dataset = dcmread(BytesIO(film()))
    name = CANARY.decode()
    dataset.PatientName, dataset.PatientID, dataset.InstitutionName = f"{name}^Gelb", name, name
    dataset.StudyDescription = dataset.ImageComments = f"for Dr. {name}"
    dataset.file_meta.SourceApplicationEntityTitle = name
    dataset.file_meta.PrivateInformationCreatorUID, dataset.file_meta.PrivateInformation = "1.2.3", CANARY + b" "
    dataset.preamble = CANARY.ljust(128, b"\0")
    block = dataset.private_block(0x0009, name, create=True)
    block.add_new(0x01, "UN", CANARY + b" ")
    request = Dataset()
    request.RequestedProcedureDescription, request.RequestingPhysician = name, name
    dataset.RequestAttributesSequence = [request]
    dataset.add_new(0x60000022, "LO", name)
    dataset.add_new(0x60004000, "LT", name)
    dataset.add_new(0x00880904, "LO", name)
    dataset.add_new(0xFFFCFFFC, "OB", CANARY + b" ")
    return dataset


def bytes_of(dataset: Dataset) -> bytes:
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def done(forms: SandboxedForms, path: Path, how: Confidentiality = BASIC) -> bytes:
    deidentifier = FilmDeidentifier(forms, how, Blind())
    return b"".join(deidentifier.film(path, deidentifier.header(path)).pieces())


def test_nothing_of_a_named_film_is_in_the_bytes(forms: SandboxedForms, tmp_path: Path) -> None:
    named = a_named_film()
    (tmp_path / "in.dcm").write_bytes(before := bytes_of(named))
    assert before.count(CANARY) > 12
    after = done(forms, tmp_path / "in.dcm")
    assert CANARY not in after
    assert named.SOPInstanceUID.encode() not in after
    told = dcmread(BytesIO(after))
    assert np.array_equal(told.pixel_array, named.pixel_array)
    assert told.file_meta.MediaStorageSOPInstanceUID == told.SOPInstanceUID
    assert told.ViewPosition == named.ViewPosition
    assert after[:128] == bytes(128)


def test_it_validates_no_worse_than_it_came(forms: SandboxedForms, tmp_path: Path) -> None:
    (tmp_path / "in.dcm").write_bytes(film())
    before = errors_in(film(), tmp_path / "copy.dcm")
    assert before == []
    for options in ((), (Option.CLEAN_PIXELS, Option.SHIFT_DATES, Option.RETAIN_PATIENT), (Option.CLEAN_DESCRIPTORS,)):
        how = Confidentiality(frozenset(options), BASIC.pseudonyms)
        assert errors_in(done(forms, tmp_path / "in.dcm", how), tmp_path / "out.dcm") == []


def test_twice_is_once_to_the_byte(forms: SandboxedForms, tmp_path: Path) -> None:
    (tmp_path / "in.dcm").write_bytes(bytes_of(a_named_film()))
    (tmp_path / "once.dcm").write_bytes(once := done(forms, tmp_path / "in.dcm", CLEANED))
    assert done(forms, tmp_path / "once.dcm", CLEANED) == once
    assert dcmread(BytesIO(once)).BurnedInAnnotation == "NO"


def test_a_compressed_stream_is_not_passed_on(forms: SandboxedForms, tmp_path: Path) -> None:
    import imagecodecs

    named = a_named_film()
    cells = named.pixel_array
    stream = imagecodecs.jpegls_encode(cells)
    comment = b"\xff\xfe" + (len(CANARY) + 2).to_bytes(2) + CANARY
    named.PixelData = encapsulate([stream[:2] + comment + stream[2:]])
    named["PixelData"].VR = "OB"
    named.file_meta.TransferSyntaxUID = JPEGLSLossless
    (tmp_path / "in.dcm").write_bytes(bytes_of(named))
    after = done(forms, tmp_path / "in.dcm")
    assert CANARY not in after
    assert np.array_equal(dcmread(BytesIO(after)).pixel_array, cells)


def test_bits_that_are_no_part_of_the_value_are_gone(forms: SandboxedForms, tmp_path: Path) -> None:
    named = a_named_film()
    named.BitsStored, named.HighBit = 12, 11
    cells = named.pixel_array.astype(np.uint16) & 0xFFF
    named.PixelData = (cells | 0xA000).tobytes()
    (tmp_path / "in.dcm").write_bytes(bytes_of(named))
    assert np.array_equal(
        np.frombuffer(dcmread(BytesIO(done(forms, tmp_path / "in.dcm"))).PixelData, "<u2"), cells.ravel()
    )


def test_signed_values_come_back_as_they_were(forms: SandboxedForms, tmp_path: Path) -> None:
    named = a_named_film()
    named.BitsStored, named.HighBit, named.PixelRepresentation = 12, 11, 1
    cells = (named.pixel_array.astype(np.int32) % 4096 - 2048).astype(np.int16)
    named.PixelData = cells.tobytes()
    (tmp_path / "in.dcm").write_bytes(bytes_of(named))
    assert np.array_equal(dcmread(BytesIO(done(forms, tmp_path / "in.dcm"))).pixel_array, cells)


def test_a_lossy_stream_that_overshoots_stays_white(forms: SandboxedForms, tmp_path: Path) -> None:
    import imagecodecs

    named = a_named_film()
    named.BitsStored, named.HighBit = 12, 11
    cells = named.pixel_array.astype(np.uint16) & 0xFFF
    cells[:8] = 4099  # beyond 12 bits: wrapped round it would be a black bar
    named.PixelData = encapsulate([bytes(imagecodecs.jpegls_encode(cells, level=2))])
    named["PixelData"].VR = "OB"
    named.file_meta.TransferSyntaxUID = JPEGLSNearLossless
    (tmp_path / "in.dcm").write_bytes(bytes_of(named))
    assert dcmread(BytesIO(done(forms, tmp_path / "in.dcm"))).pixel_array[:8].min() >= 4093


def test_colour_is_refused(forms: SandboxedForms, tmp_path: Path) -> None:
    named = a_named_film()
    named.PhotometricInterpretation = "RGB"
    (tmp_path / "in.dcm").write_bytes(bytes_of(named))
    with pytest.raises(UnsuitableImage) as refused:
        done(forms, tmp_path / "in.dcm")
    assert refused.value.code == "photometric"


def test_a_place_is_made_of_new_uids_alone(forms: SandboxedForms, tmp_path: Path) -> None:
    (tmp_path / "in.dcm").write_bytes(film())
    deidentifier = FilmDeidentifier(forms, BASIC, None)
    header = deidentifier.header(tmp_path / "in.dcm")
    place = place_of(tmp_path / "out", header)
    put(deidentifier.film(tmp_path / "in.dcm", header), place)
    assert place.relative_to(tmp_path / "out").parts == (uid_of(header, "0020000D"), f"{uid_of(header)}.dcm")
    assert dcmread(place).SOPInstanceUID == uid_of(header)
    header["0020000D"] = {"vr": "UI", "Value": ["../../etc"]}
    assert place_of(tmp_path, header).parent == tmp_path / "0"


def test_the_command_writes_names_what_it_refuses_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    (films / "a.dcm").write_bytes(bytes_of(a_named_film()))
    (films / "b.dcm").write_bytes(b"no film")
    words = ["deidentify", str(films), "--out", str(tmp_path / "out"), "--key", str(tmp_path / "k"), "--leave-pixels"]
    assert main([*words, "--dry-run"]) == 1
    assert not (tmp_path / "out").exists()
    assert main(words) == 1
    printed = capsys.readouterr().out
    assert "2/2 refused (" in printed
    (made,) = (tmp_path / "out").rglob("*.dcm")
    assert CANARY not in made.read_bytes()
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
    assert main(words) == 1
    assert "1/2 there already" in capsys.readouterr().out
    assert main([*words, "--with", "retain-dates", "--with", "shift-dates"]) == 1
    assert main([*words, "--keep-private", "nonsense"]) == 1
