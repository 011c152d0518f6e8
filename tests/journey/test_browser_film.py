"""What the film viewer shows and measures, in Debian's Chromium: every grey held against pydicom, every millimetre against the film's own spacing."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import ExplicitVRLittleEndian
from reading_room import Room, film_is_shown, open_study

_DX = "1.2.840.10008.5.1.4.1.1.1.1"
ROWS, COLUMNS = 500, 420


def a_film(number: int, pixels: NDArray[Any], *, bits: int, **changes: Any) -> FileDataset:
    """A film of nobody, with every attribute that a viewer looks at given by the test."""
    uid = f"2.25.{7_000_000 + number}"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = _DX, f"{uid}.1.1"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    film.SOPClassUID, film.SOPInstanceUID = _DX, f"{uid}.1.1"
    film.StudyInstanceUID, film.SeriesInstanceUID = uid, f"{uid}.1"
    film.PatientName, film.PatientID, film.PatientSex, film.StudyDate = "Nobody^Here", f"N{number}", "O", "20261101"
    film.Modality, film.BodyPartExamined, film.ViewPosition = "DX", "CHEST", "PA"
    film.Rows, film.Columns = pixels.shape
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME2"
    film.BitsAllocated = pixels.dtype.itemsize * 8
    film.BitsStored, film.HighBit, film.PixelRepresentation = bits, bits - 1, int(pixels.dtype.kind == "i")
    for name, value in changes.items():
        setattr(film, name, value)
    film.PixelData = pixels.tobytes()
    return film


def stored(room: Room, film: FileDataset) -> str:
    content = io.BytesIO()
    film.save_as(content, enforce_file_format=True)
    path = Path(room.folder) / "film.dcm"
    path.write_bytes(content.getvalue())
    header = room.world.services.decoder.inspect(path)
    return room.world.add_study(content=content.getvalue(), film=header)


def reference(film: FileDataset) -> NDArray[np.float64]:
    """Grey 0..255 as pydicom has it: modality LUT, first VOI LUT or window, inversion."""
    array = np.frombuffer(film.PixelData, _dtype(film)).reshape(film.Rows, film.Columns)
    values = apply_modality_lut(array, film)
    shown = apply_voi_lut(values, film, 0).astype(np.float64)
    if "VOILUTSequence" in film:
        low, high = 0.0, float(2 ** film.VOILUTSequence[0].LUTDescriptor[2] - 1)
    else:
        ends = apply_modality_lut(np.array([_lowest(film), _highest(film)]), film)
        low, high = float(min(ends)), float(max(ends))
    grey = (shown - low) / (high - low)
    return np.asarray(255.0 * (1.0 - grey if film.PhotometricInterpretation == "MONOCHROME1" else grey))


def _dtype(film: FileDataset) -> str:
    return f"<{'i' if film.PixelRepresentation else 'u'}{film.BitsAllocated // 8}"


def _lowest(film: FileDataset) -> int:
    return -(1 << film.BitsStored - 1) if film.PixelRepresentation else 0


def _highest(film: FileDataset) -> int:
    return _lowest(film) + (1 << film.BitsStored) - 1


def on_the_canvas(page: Page) -> NDArray[np.uint8]:
    """The film as the canvas holds it, one film pixel a canvas pixel; the film's own place is where the stage lies."""
    page.locator(".viewport").focus()
    page.keyboard.press("s")
    found = page.evaluate(
        """async () => { await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const canvas = document.querySelector("canvas.pixels"), stage = document.querySelector(".stage").getBoundingClientRect(), place = canvas.getBoundingClientRect();
        const [x, y] = [Math.round(stage.x - place.x), Math.round(stage.y - place.y)];
        const { data } = canvas.getContext("2d").getImageData(x, y, Math.round(stage.width), Math.round(stage.height));
        let text = ""; for (let at = 0; at < data.length; at += 4) { if (data[at] !== data[at + 1] || data[at] !== data[at + 2]) throw new Error("not grey"); text += String.fromCharCode(data[at]); }
        return [Math.round(stage.height), Math.round(stage.width), text]; }"""
    )
    return np.frombuffer(found[2].encode("latin-1"), np.uint8).reshape(found[0], found[1])


def ramp(bits: int, dtype: str = "u2") -> NDArray[Any]:
    rows, columns = np.indices((ROWS, COLUMNS))
    return ((rows * 131 + columns * 17) % (1 << bits)).astype(f"<{dtype}")


def voi_lut() -> Dataset:
    """A curve nobody could take for a window: 4096 entries of 12 bits from value 100 on."""
    item = Dataset()
    item.LUTDescriptor = [4096, 100, 12]
    item.LUTData = (4095 * (np.arange(4096) / 4095) ** 2.2).astype("<u2").tobytes()
    item["LUTData"].VR = "OW"
    item.LUTExplanation = "CHEST CURVE"
    return item


FILMS: dict[str, FileDataset] = {
    "16 bit, window": a_film(1, ramp(16), bits=16, WindowCenter=30000, WindowWidth=40000),
    "12 bit, MONOCHROME1": a_film(
        2, ramp(12), bits=12, PhotometricInterpretation="MONOCHROME1", WindowCenter=2000, WindowWidth=3000
    ),
    "VOI LUT sequence": a_film(3, ramp(12), bits=12, VOILUTSequence=[voi_lut()]),
    "sigmoid": a_film(4, ramp(12), bits=12, WindowCenter=2048, WindowWidth=1800, VOILUTFunction="SIGMOID"),
    "linear exact": a_film(5, ramp(12), bits=12, WindowCenter=2048, WindowWidth=1800, VOILUTFunction="LINEAR_EXACT"),
    "signed, rescaled": a_film(
        6, ramp(16, "i4").astype("<i2"), bits=16, RescaleSlope=0.5, RescaleIntercept=-1000, RescaleType="US",
        WindowCenter=-1500, WindowWidth=22000,
    ),
    "8 bit": a_film(7, ramp(8, "u1"), bits=8, WindowCenter=100, WindowWidth=200),
}  # fmt: skip


@pytest.mark.parametrize("name", FILMS)
def test_every_grey_is_the_references(page: Page, room: Room, name: str) -> None:
    film = FILMS[name]
    open_study(page, room, stored(room, film))
    film_is_shown(page)
    shown = on_the_canvas(page).astype(np.float64)
    assert shown.shape == (ROWS, COLUMNS)
    assert np.abs(shown - reference(film)).max() <= 1.0
    assert len(np.unique(shown)) > 100
