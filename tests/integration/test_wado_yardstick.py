"""WADO-RS over real storage and the real decoder, asked by dicomweb-client; Orthanc with the same file says what the answers should be."""

import io
from collections.abc import Iterator

import numpy as np
import pydicom
import pytest
from builders_web import Browser, World, a_token, a_world, open_door
from builders_web_films import real_storage
from dicomweb_client import DICOMwebClient
from films import another_instance, film
from neighbours.orthanc import Orthanc, orthanc
from PIL import Image

from wetread.dicom.instance_forms import SandboxedForms
from wetread.dicom.sandbox import Sandbox

pytestmark = pytest.mark.real
EXPLICIT, JPEG_LS = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80"


@pytest.fixture(scope="module")
def uids() -> tuple[str, str, str]:
    data_set = pydicom.dcmread(io.BytesIO(film(3)))
    return data_set.StudyInstanceUID, data_set.SeriesInstanceUID, data_set.SOPInstanceUID


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One series: a film as it came, and another that is kept as JPEG-LS."""
    folder = tmp_path_factory.mktemp("ours")
    with Sandbox(children=1) as sandbox:
        forms = SandboxedForms(sandbox)
        made = a_world(*real_storage(folder), sandbox, forms=forms)
        path = folder / "film.dcm"
        path.write_bytes(film(3))
        made.add_study(content=film(3), film=sandbox.inspect(path))
        path.write_bytes(another_instance(film(3), "2.25.4242"))
        held = forms.transcoded(path, JPEG_LS)
        path.write_bytes(b"".join(held.pieces()))
        made.add_study(content=path.read_bytes(), film=sandbox.inspect(path))
        yield made
    made.services.database.close()  # type: ignore[attr-defined]
    made.services.vault.close()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def door(world: World) -> Iterator[Browser]:
    with open_door(world) as browser:
        yield browser


@pytest.fixture(scope="module")
def ours(world: World, door: Browser) -> DICOMwebClient:
    headers = {"Authorization": f"Bearer {a_token(world, 'radiologist')}"}
    return DICOMwebClient(f"http://127.0.0.1:{door.port}/dicom-web", headers=headers)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DICOMwebClient]:
    with orthanc(tmp_path_factory.mktemp("orthanc")) as running:
        client = DICOMwebClient(_dicomweb(running))
        client.store_instances([pydicom.dcmread(io.BytesIO(film(3)))])
        yield client


def _dicomweb(running: Orthanc) -> str:
    return running.dicomweb_url


def plain(metadata: dict[str, dict[str, object]]) -> dict[str, object]:
    """Without addresses, empty values, and what each server adds of itself."""
    kept = {}
    for tag, element in metadata.items():
        values = [plain(each) if element["vr"] == "SQ" else each for each in element.get("Value", [])]  # type: ignore[arg-type, attr-defined]
        texts = [
            str(float(each)) if isinstance(each, (int, float)) else each
            for each in values
            if each not in (None, "", {})
        ]
        if texts and tag not in ("00080005", "00081190"):
            kept[tag] = (element["vr"], texts)
    return kept


def test_metadata_are_those_that_orthanc_tells(
    ours: DICOMwebClient, theirs: DICOMwebClient, uids: tuple[str, str, str]
) -> None:
    found, wanted = plain(ours.retrieve_instance_metadata(*uids)), plain(theirs.retrieve_instance_metadata(*uids))
    assert {tag: each for tag, each in found.items() if tag in wanted} == wanted
    assert len(found) >= len(wanted) > 40
    assert {each["00080018"]["Value"][0] for each in ours.retrieve_study_metadata(uids[0])} == {uids[2], "2.25.4242"}
    assert len(ours.retrieve_series_metadata(*uids[:2])) == 2


def test_the_pixels_are_those_that_orthanc_gives(
    ours: DICOMwebClient, theirs: DICOMwebClient, uids: tuple[str, str, str]
) -> None:
    (found,) = ours.retrieve_instance_frames(*uids, frame_numbers=[1])
    (wanted,) = theirs.retrieve_instance_frames(*uids, frame_numbers=[1], media_types=("application/octet-stream",))
    assert found == wanted == pydicom.dcmread(io.BytesIO(film(3))).PixelData
    address = ours.retrieve_instance_metadata(*uids)["7FE00010"]["BulkDataURI"]
    assert ours.retrieve_bulkdata(f"{ours.base_url}{address.partition('/dicom-web')[2]}") == [found]
    compressed = (*uids[:2], "2.25.4242")
    assert ours.retrieve_instance_frames(*compressed, frame_numbers=[1])[0] == found
    (stream,) = ours.retrieve_instance_frames(*compressed, frame_numbers=[1], media_types=(("image/jls", JPEG_LS),))
    assert stream.startswith(b"\xff\xd8")
    assert len(stream) < len(found)


def test_files_come_as_stored_and_in_the_syntax_asked_for(ours: DICOMwebClient, uids: tuple[str, str, str]) -> None:
    def of(found: list[pydicom.Dataset]) -> dict[str, str]:
        return {each.SOPInstanceUID: str(each.file_meta.TransferSyntaxUID) for each in found}

    stored = ours.retrieve_study(uids[0], media_types=(("application/dicom", "*"),))
    assert of(stored) == {uids[2]: EXPLICIT, "2.25.4242": JPEG_LS}
    assert set(of(ours.retrieve_study(uids[0])).values()) == {EXPLICIT}
    for syntax in (EXPLICIT, JPEG_LS):
        found = ours.retrieve_series(*uids[:2], media_types=(("application/dicom", syntax),))
        assert of(found) == {uids[2]: syntax, "2.25.4242": syntax}
        pixels = [each.pixel_array if syntax == EXPLICIT else None for each in found]
        assert syntax != EXPLICIT or np.array_equal(pixels[0], pixels[1])
    assert ours.retrieve_instance(*uids).SOPInstanceUID == uids[2]


def test_pictures_are_drawn(ours: DICOMwebClient, uids: tuple[str, str, str]) -> None:
    params = {"window": "2000,1500,linear", "viewport": "128,100", "quality": 90}
    for media_type, form in (("image/png", "PNG"), ("image/jpeg", "JPEG")):
        picture = Image.open(
            io.BytesIO(ours.retrieve_instance_rendered(*uids, media_types=(media_type,), params=params))
        )
        assert (picture.format, picture.mode, max(picture.size)) == (form, "L", 100)
    frames = ours.retrieve_instance_frames_rendered(*uids, frame_numbers=[1], media_types=("image/png",))
    assert Image.open(io.BytesIO(frames)).size == (256, 256)
