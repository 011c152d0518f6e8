"""Stored instances in other forms, made by real decoding children: compared with pydicom and DCMTK, which read and decode them independently."""

import io
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from wetread.dicom.instance_forms import MemoryBytes, SandboxedForms
from wetread.dicom.sandbox import Sandbox
from wetread.domain.errors import UnsuitableImage
from wetread.ports.film_pixels import Window
from wetread.ports.instance_forms import Rendering
from wetread.testing.phantom import PhantomPatient, PhantomSpec, encode_dicom, render, to_dataset, uids_from_seed

BASE = "1.2.840.10008.1.2"
EXPLICIT, DEFLATED = f"{BASE}.1", f"{BASE}.1.99"
SV1, JPEG_LS, JPEG_2000, HTJ2K, RLE = (f"{BASE}.{suffix}" for suffix in ("4.70", "4.80", "4.90", "4.201", "5"))
STORED = (EXPLICIT, SV1, JPEG_LS, JPEG_2000, RLE)
PATIENT = PhantomPatient("Müller^Jürgen", "F-1", date(1970, 1, 1), "M", 55, 25.0)


@pytest.fixture(scope="module")
def forms() -> Iterator[SandboxedForms]:
    with Sandbox(children=1) as sandbox:
        yield SandboxedForms(sandbox)


@cache
def a_film(syntax: str = EXPLICIT) -> bytes:
    spec = PhantomSpec(PATIENT, rows=160, columns=128, seed=5, transfer_syntax_uid=syntax)
    pixels, truth = render(replace(spec, transfer_syntax_uid=EXPLICIT))
    return encode_dicom(to_dataset(spec, pixels, truth, uids_from_seed(5), datetime(2026, 3, 1, tzinfo=UTC)))


def told(content: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(content))


def saved(data_set: pydicom.Dataset, syntax: str = EXPLICIT) -> bytes:
    """As pydicom writes it in a native transfer syntax."""
    data_set.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    out = io.BytesIO()
    data_set.save_as(out, enforce_file_format=True, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=syntax != ExplicitVRBigEndian)  # fmt: skip
    return out.getvalue()


def big_endian(content: bytes) -> bytes:
    """As DCMTK writes it."""
    with TemporaryDirectory() as folder:
        little, big = Path(folder, "little.dcm"), Path(folder, "big.dcm")
        little.write_bytes(content)
        subprocess.run(["dcmconv", "+tb", str(little), str(big)], check=True, capture_output=True)
        return big.read_bytes()


@pytest.fixture
def kept(tmp_path: Path):  # type: ignore[no-untyped-def]
    def keep(content: bytes) -> Path:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.dcm"
        path.write_bytes(content)
        return path

    return keep


def whole(held: MemoryBytes) -> bytes:
    content = b"".join(held.pieces())
    assert len(content) == held.size
    held.close()
    return content


def as_pydicom_tells(data_set: pydicom.Dataset) -> dict[str, object]:
    """Its JSON without empty values, which it writes as empty lists and texts, and with our names for what is left behind."""
    found = data_set.to_json_dict(1025, lambda _: "", suppress_invalid_tags=True)
    return json.loads(json.dumps(_without_empty(found)))  # type: ignore[no-any-return]


def _without_empty(data_set: dict[str, dict[str, object]]) -> dict[str, object]:
    told = {}
    for tag, element in data_set.items():
        if "BulkDataURI" in element:
            told[tag] = {"vr": element["vr"], "BulkDataURI": ""}
            continue
        values = [
            _without_empty(each) if element["vr"] == "SQ" else each or None if each == "" else each
            for each in element.get("Value", [])
        ]  # type: ignore[arg-type, attr-defined]
        told[tag] = (
            {**element, "Value": values}
            if any(each is not None for each in values)
            else {name: each for name, each in element.items() if name != "Value"}
        )
    return told


def ours(metadata: dict[str, dict[str, object]]) -> dict[str, object]:
    """With places and Unicode's name left out."""
    plain = {tag: {**each, "BulkDataURI": ""} if "BulkDataURI" in each else each for tag, each in metadata.items()}
    return plain | ({"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}} if "00080005" in plain else {})


def a_rich_data_set() -> pydicom.Dataset:
    """Every kind of value, in sequences and at the top."""
    data_set = told(a_film())
    data_set.SpecificCharacterSet = "ISO_IR 100"
    inner = pydicom.Dataset()
    inner.CodeValue, inner.CodeMeaning = "1", "Thorax à gauche"
    inner.PurposeOfReferenceCodeSequence = Sequence([pydicom.Dataset()])
    data_set.ProcedureCodeSequence = Sequence([inner, pydicom.Dataset()])
    data_set.EventTimeOffset, data_set.TableOfYBreakPoints, data_set.FrameIncrementPointer = 1.25, [1, 70000], [0x00181063]  # fmt: skip
    data_set.RescaleIntercept, data_set.WindowCenter, data_set.WindowWidth = "-1024.50", ["40", "50.5"], ["400", "1e3"]
    data_set.SmallestImagePixelValue = data_set.LargestImagePixelValue = 7
    data_set.PatientComments, data_set.OtherPatientNames = "two\r\nlines \\ one text", ["A^B", "C^D"]
    data_set.ICCProfile = bytes(range(64))
    data_set.add_new(0x00111001, "UN", b"private\0")
    data_set.add_new(0x00110010, "LO", "MAKER")
    return data_set


@pytest.mark.parametrize("syntax", [EXPLICIT, ImplicitVRLittleEndian, ExplicitVRBigEndian, DEFLATED])
def test_metadata_say_what_pydicom_reads(forms: SandboxedForms, kept, syntax: str) -> None:  # type: ignore[no-untyped-def]
    data_set = a_rich_data_set()
    content = saved(data_set, syntax) if syntax != ExplicitVRBigEndian else big_endian(saved(data_set))
    found, wanted = ours(forms.metadata(kept(content))), as_pydicom_tells(told(saved(a_rich_data_set())))
    wanted["00080005"] = {"vr": "CS", "Value": ["ISO_IR 192"]}
    if syntax == ImplicitVRLittleEndian:  # nobody can know a private VR there
        assert found.pop("00111001") == {"vr": "UN", "InlineBinary": "cHJpdmF0ZQA="}
        wanted.pop("00111001")
    assert found == wanted


@pytest.mark.parametrize("syntax", [SV1, JPEG_LS, JPEG_2000, RLE])
def test_metadata_of_a_compressed_film_name_its_pixels(forms: SandboxedForms, kept, syntax: str) -> None:  # type: ignore[no-untyped-def]
    found = forms.metadata(kept(a_film(syntax)))
    assert found["7FE00010"]["BulkDataURI"] == "7FE00010"
    assert found["00280010"]["Value"] == [160]


@pytest.mark.parametrize(
    ("character_set", "text"),
    [
        ("ISO_IR 192", "山田^太郎"), ("ISO_IR 144", "Люк^ceмбypг"), ("ISO 2022 IR 6\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎"), ("GB18030", "Wang=王^小东"), ("ISO_IR 100", "Müller^Jürgen"),
        ("\\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞=홍^길동"), ("ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
    ],
)  # fmt: skip
def test_names_of_every_character_set_are_unicode(forms: SandboxedForms, kept, character_set: str, text: str) -> None:  # type: ignore[no-untyped-def]
    data_set = told(a_film())
    data_set.SpecificCharacterSet = character_set.split("\\")
    data_set.PatientName = text
    found = forms.metadata(kept(saved(data_set)))["00100010"]["Value"]
    assert "=".join(found[0].values()) == text


def test_a_long_value_is_had_by_its_place(forms: SandboxedForms, kept) -> None:  # type: ignore[no-untyped-def]
    data_set = told(a_film())
    item = pydicom.Dataset()
    item.LUTDescriptor, item.LUTData = [4096, 0, 12], np.arange(4096, dtype="<u2").tobytes()
    data_set.VOILUTSequence = Sequence([item])
    for content in (saved(data_set), saved(told(saved(data_set)), ImplicitVRLittleEndian)):
        path = kept(content)
        (lut,) = forms.metadata(path)["00283010"]["Value"]
        assert lut["00283006"]["BulkDataURI"] == "00283010.1.00283006"
        assert whole(forms.value(path, "00283010.1.00283006")) == item.LUTData
        for place in ("00283010.2.00283006", "00283010", "7FE00010", "00280099"):
            with pytest.raises(UnsuitableImage) as refused:
                forms.value(path, place)
            assert refused.value.code == "no_such_value"


@pytest.mark.parametrize("syntax", STORED)
def test_a_frame_is_what_pydicom_decodes(forms: SandboxedForms, kept, syntax: str) -> None:  # type: ignore[no-untyped-def]
    path = kept(a_film(syntax))
    assert whole(forms.frame(path, 1, stored=False)) == told(a_film()).pixel_array.astype("<u2").tobytes()
    with pytest.raises(UnsuitableImage) as refused:
        forms.frame(path, 2, stored=False)
    assert refused.value.code == "no_such_frame"


def test_a_frame_in_big_endian_comes_in_little(forms: SandboxedForms, kept) -> None:  # type: ignore[no-untyped-def]
    assert whole(forms.frame(kept(big_endian(a_film())), 1, stored=False)) == told(a_film()).PixelData


def test_an_encapsulated_frame_is_given_as_stored(forms: SandboxedForms, kept) -> None:  # type: ignore[no-untyped-def]
    stream = whole(forms.frame(kept(a_film(JPEG_LS)), 1, stored=True))
    assert told(a_film(JPEG_LS)).PixelData.find(stream) > 0
    assert stream[:4] == b"\xff\xd8\xff\xf7" or stream.startswith(b"\xff\xd8")


def three_frames(syntax: str) -> bytes:
    data_set = told(a_film())
    frames = [np.roll(data_set.pixel_array, shift, axis=1) for shift in (0, 7, 31)]
    data_set.NumberOfFrames, data_set.PixelData = 3, b"".join(each.tobytes() for each in frames)
    if syntax != EXPLICIT:
        data_set.compress(syntax, encoding_plugin="pydicom" if syntax == RLE else "")
    return saved(data_set) if syntax == EXPLICIT else encode_dicom(data_set)


@pytest.mark.parametrize("syntax", [EXPLICIT, RLE])
def test_each_frame_of_several_is_found(forms: SandboxedForms, kept, syntax: str) -> None:  # type: ignore[no-untyped-def]
    path, first = kept(three_frames(syntax)), told(a_film()).pixel_array
    for number, shift in ((1, 0), (2, 7), (3, 31)):
        assert whole(forms.frame(path, number, stored=False)) == np.roll(first, shift, axis=1).tobytes()
    picture = Image.open(io.BytesIO(forms.rendered(path, Rendering("image/png", frame=3))))
    plain = Image.open(io.BytesIO(forms.rendered(path, Rendering("image/png", frame=1))))
    assert np.array_equal(np.asarray(picture), np.roll(np.asarray(plain), 31, axis=1))


def shown(forms: SandboxedForms, path: Path, **wanted: object) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(forms.rendered(path, Rendering(media_type="image/png", **wanted)))))  # type: ignore[arg-type]


def test_a_window_is_that_of_the_standard(forms: SandboxedForms, kept) -> None:  # type: ignore[no-untyped-def]
    """PS3.3 §C.11.2.1.2.1, computed here in its own words."""
    path, stored = kept(a_film()), told(a_film()).pixel_array.astype(float)
    inverted = told(a_film()).PhotometricInterpretation == "MONOCHROME1"
    for center, width in ((2000.0, 1500.0), (1000.0, 1.0)):
        wanted = np.clip((stored - (center - 0.5)) / max(width - 1, 1e-9) + 0.5, 0, 1) * 255
        found = shown(forms, path, window=Window(center, width, "LINEAR", ""))
        assert np.abs(found - (255 - wanted if inverted else wanted)).max() <= 1
    assert not np.array_equal(shown(forms, path), shown(forms, path, window=Window(500.0, 100.0, "SIGMOID", "")))


def test_a_viewport_is_filled_and_a_part_is_shown(forms: SandboxedForms, kept) -> None:  # type: ignore[no-untyped-def]
    path = kept(a_film())
    plain = shown(forms, path)
    assert plain.shape == (160, 128)
    assert shown(forms, path, viewport=(64, 64)).shape == (64, 51)
    assert shown(forms, path, viewport=(512, 512)).shape == (512, 409)
    part = shown(forms, path, region=(10, 20, 30, 40))
    assert np.array_equal(part, plain[20:60, 10:40])
    assert np.array_equal(shown(forms, path, mirrored=(True, False)), plain[:, ::-1])
    assert np.array_equal(shown(forms, path, mirrored=(False, True)), plain[::-1])
    with pytest.raises(UnsuitableImage) as refused:
        forms.rendered(path, Rendering(region=(128, 0, 5, 5)))
    assert refused.value.code == "no_such_region"


def test_a_jpeg_has_the_quality_asked_for(forms: SandboxedForms, kept) -> None:  # type: ignore[no-untyped-def]
    path = kept(a_film())
    small, large = (forms.rendered(path, Rendering(quality=quality)) for quality in (5, 100))
    assert len(small) < len(large)
    assert Image.open(io.BytesIO(large)).format == "JPEG"
    assert np.abs(np.asarray(Image.open(io.BytesIO(large))).astype(int) - shown(forms, path)).max() < 8


@pytest.mark.parametrize("stored", [*STORED, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_explicit_little_endian_holds_every_value_and_pixel(forms: SandboxedForms, kept, stored: str) -> None:  # type: ignore[no-untyped-def]
    content = (
        a_film(stored)
        if stored in STORED
        else saved(told(a_film()), stored)
        if stored == ImplicitVRLittleEndian
        else big_endian(a_film())
    )
    path = kept(whole(forms.transcoded(kept(content), EXPLICIT)))
    found, wanted = told(path.read_bytes()), told(a_film())
    assert found.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert found.file_meta.MediaStorageSOPInstanceUID == wanted.SOPInstanceUID
    assert found.PixelData == wanted.PixelData
    for data_set in (found, wanted):
        del data_set.PixelData
    lossy = told(content)
    assert {str(each.tag): each for each in found} == {
        str(each.tag): lossy.get(each.tag, each) for each in lossy if each.tag != 0x7FE00010
    }
    done = subprocess.run(["dcmdump", "+E", "-q", str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("target", "tool"), [(SV1, "dcmdjpeg"), (JPEG_LS, "dcmdjpls"), (JPEG_2000, ""), (HTJ2K, "")])
def test_what_is_compressed_anew_is_decoded_by_others_to_the_same_pixels(
    forms: SandboxedForms, kept, target: str, tool: str
) -> None:  # type: ignore[no-untyped-def]
    path = kept(whole(forms.transcoded(kept(a_film(RLE)), target)))
    again = told(path.read_bytes())
    assert again.file_meta.TransferSyntaxUID == target
    wanted = told(a_film()).pixel_array
    if tool:
        subprocess.run([tool, str(path), f"{path}.raw"], check=True, capture_output=True)
        assert np.array_equal(told(Path(f"{path}.raw").read_bytes()).pixel_array, wanted)
    assert whole(forms.frame(path, 1, stored=False)) == wanted.astype("<u2").tobytes()


def test_a_deflated_file_is_read_by_dcmtk(forms: SandboxedForms, kept) -> None:  # type: ignore[no-untyped-def]
    path = kept(whole(forms.transcoded(kept(a_film(RLE)), DEFLATED)))
    subprocess.run(["dcmconv", "+te", str(path), f"{path}.raw"], check=True, capture_output=True)
    assert told(Path(f"{path}.raw").read_bytes()).PixelData == told(a_film()).PixelData


def test_every_frame_is_transcoded(forms: SandboxedForms, kept) -> None:  # type: ignore[no-untyped-def]
    path = kept(whole(forms.transcoded(kept(three_frames(EXPLICIT)), JPEG_LS)))
    subprocess.run(["dcmdjpls", str(path), f"{path}.raw"], check=True, capture_output=True)
    assert np.array_equal(told(Path(f"{path}.raw").read_bytes()).pixel_array, told(three_frames(EXPLICIT)).pixel_array)


@pytest.mark.parametrize("target", [f"{BASE}.4.50", f"{BASE}.4.81", f"{BASE}.4.91", RLE, ExplicitVRBigEndian, "1.2.3"])
def test_nothing_is_ever_encoded_with_loss_or_by_guess(forms: SandboxedForms, kept, target: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UnsuitableImage) as refused:
        forms.transcoded(kept(a_film()), target)
    assert refused.value.code == "cannot_transcode"


def test_an_object_without_pixels_is_rewritten_too(forms: SandboxedForms, kept) -> None:  # type: ignore[no-untyped-def]
    data_set = told(a_film())
    del data_set.PixelData
    path = kept(saved(data_set, ImplicitVRLittleEndian))
    assert told(whole(forms.transcoded(path, EXPLICIT))).PatientID == "F-1"
    for ask in (lambda: forms.frame(path, 1, stored=False), lambda: forms.rendered(path, Rendering())):
        with pytest.raises(UnsuitableImage) as refused:
            ask()
        assert refused.value.code == "no_pixels"


def test_a_cut_file_gives_no_form(forms: SandboxedForms, kept) -> None:  # type: ignore[no-untyped-def]
    path = kept(a_film()[:-100])
    for ask in (
        forms.metadata,
        lambda file: forms.transcoded(file, EXPLICIT),
        lambda file: forms.frame(file, 1, stored=False),
    ):
        with pytest.raises(UnsuitableImage) as refused:
            ask(path)
        assert refused.value.code == "damaged_file"
