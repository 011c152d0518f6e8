"""What the film viewer shows and measures, in Debian's Chromium: every grey held against pydicom, every millimetre against the film's own spacing."""

import io
import re
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import ExplicitVRLittleEndian
from reading_room import Room, film_is_shown, held, open_study, until

_DX = "1.2.840.10008.5.1.4.1.1.1.1"
ROWS, COLUMNS = 500, 420
AXE = Path(__file__).parents[1] / "neighbours" / "node" / "node_modules" / "axe-core" / "axe.min.js"


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


_SLOW_MACHINE = """() => { const canvas = document.querySelector("canvas.pixels"), share = () => canvas.width / canvas.getBoundingClientRect().width;
  const busy = () => { for (const end = performance.now() + 60; performance.now() < end;); globalThis.least = Math.min(globalThis.least ?? 1, share()); if (globalThis.slow) requestAnimationFrame(busy); };
  globalThis.slow = true; busy(); }"""
_SHARE = "() => { const canvas = document.querySelector('canvas.pixels'); return canvas.width / canvas.getBoundingClientRect().width; }"


def test_a_film_that_was_drawn_coarsely_while_it_moved_is_exact_when_it_rests(page: Page, room: Room) -> None:
    """On a machine that cannot keep up, every frame of the movement may be coarse; no frame at rest is."""
    film = a_film(8, ramp(16), bits=16, WindowCenter=30000, WindowWidth=40000)
    open_study(page, room, stored(room, film))
    film_is_shown(page)
    page.keyboard.press("s")
    page.evaluate(_SLOW_MACHINE)
    page.locator(".viewport").hover()
    page.keyboard.down("Shift")
    page.mouse.down()
    for step in range(100):
        page.mouse.move(300 + step, 300 + step)
        if page.evaluate("() => globalThis.least < 1"):
            break
    else:
        raise AssertionError("it was never drawn coarsely")
    page.evaluate("() => { globalThis.slow = false; }")
    page.mouse.up()
    page.keyboard.up("Shift")
    page.wait_for_function(f"() => ({_SHARE})() === 1")
    says = re.search(r"W (\d+) C (-?\d+)", page.locator(".corner").text_content() or "")
    assert says
    width, center = map(float, says.groups())
    assert (width, center) != (40000, 30000)
    shown = on_the_canvas(page).astype(np.float64)
    values = np.frombuffer(film.PixelData, "<u2").reshape(ROWS, COLUMNS)
    assert np.abs(shown - 255 * np.clip((values - center) / width + 0.5, 0, 1)).max() <= 1.0


def click(page: Page, column: float, row: float) -> None:
    """On the film, in its own pixels."""
    x, y = page.evaluate(
        """([column, row]) => { const stage = document.querySelector(".stage"), m = new DOMMatrix(getComputedStyle(stage).transform), place = document.querySelector(".viewport").getBoundingClientRect();
        const at = m.transformPoint(new DOMPoint(column, row)); return [place.x + at.x, place.y + at.y]; }""",
        [column, row],
    )
    page.mouse.click(x, y)


def measured(page: Page) -> list[str]:
    return page.get_by_role("list", name="Measurements on this film").get_by_role("listitem").all_text_contents()


def measures(page: Page, *texts: str) -> None:
    """Waits for the frame that says so."""
    expect(page.get_by_role("list", name="Measurements on this film").get_by_role("listitem")).to_have_text(list(texts))


def test_a_length_is_in_the_films_own_millimetres_and_says_whose_they_are(page: Page, room: Room) -> None:
    film = a_film(20, ramp(12), bits=12, WindowCenter=2048, WindowWidth=4096, ImagerPixelSpacing=[0.4, 0.2])
    open_study(page, room, stored(room, film))
    film_is_shown(page)
    page.keyboard.press("d")
    expect(page.locator(".corner")).to_contain_text("Ruler: from where")
    click(page, 100, 100)
    click(page, 250, 300)
    expect(page.get_by_role("list", name="Measurements on this film").get_by_role("listitem")).to_have_count(1)
    (length,) = measured(page)
    assert float(length.removesuffix(" mm")) == pytest.approx(float(np.hypot(150 * 0.2, 200 * 0.4)), abs=0.6)
    expect(page.locator(".corner")).to_contain_text("at the detector, not corrected for magnification")
    for key in ("r", "v", "+"):  # wherever the film goes, the number stays
        page.keyboard.press(key)
    measures(page, length)
    page.keyboard.press("m")
    expect(page.get_by_role("textbox", name="findings")).to_have_value(
        re.compile(rf"Measured {re.escape(length)} \(at the detector, not corrected for magnification\)\.")
    )


def test_a_film_without_spacing_is_measured_in_pixels_and_so_called(page: Page, room: Room) -> None:
    open_study(page, room, stored(room, a_film(21, ramp(12), bits=12, WindowCenter=2048, WindowWidth=4096)))
    film_is_shown(page)
    page.keyboard.press("d")
    click(page, 100, 100)
    click(page, 200, 100)
    expect(page.get_by_role("list", name="Measurements on this film").get_by_role("listitem")).to_have_count(1)
    expect(page.locator(".corner")).to_contain_text("px: the film states no size of a pixel")
    assert float(measured(page)[0].removesuffix(" px")) == pytest.approx(100, abs=2)


def test_a_ratio_is_made_deleted_and_brought_back(page: Page, room: Room) -> None:
    film = a_film(22, ramp(12), bits=12, WindowCenter=2048, WindowWidth=4096, PixelSpacing=[0.2, 0.2])
    open_study(page, room, stored(room, film))
    film_is_shown(page)
    page.keyboard.press("y")
    for column, row in ((150, 300), (250, 320), (60, 350), (360, 340)):
        click(page, column, row)
    measures(page, "CTR 0.33")
    page.keyboard.press("Delete")
    measures(page)
    page.keyboard.press("Control+z")
    measures(page, "CTR 0.33")


def test_a_reader_without_a_mouse_measures_and_windows(page: Page, room: Room) -> None:
    film = a_film(23, ramp(12), bits=12, WindowCenter=2048, WindowWidth=4096, PixelSpacing=[0.2, 0.2])
    open_study(page, room, stored(room, film))
    film_is_shown(page)
    page.keyboard.press("s")
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    for _ in range(5):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Measurements on this film").get_by_role("listitem")).to_have_text("10.0 mm")
    for key, says in (
        ("2", "lung"),
        ("3", "bone, hard"),
        ("5", "full range"),
        ("1", "as in the file"),
        (">", "by hand"),
    ):
        page.keyboard.press(key)
        expect(page.locator(".corner")).to_contain_text(says)
    page.keyboard.press("l")
    for key in ("Enter", "ArrowDown", "Shift+ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.get_by_role("dialog").get_by_label("Text").fill("<b>nodule?</b>")
    page.keyboard.press("Enter")
    measures(page, "10.0 mm", "<b>nodule?</b>")


def test_the_viewer_has_no_serious_accessibility_fault(page: Page, room: Room) -> None:
    open_study(page, room, room.add(1))
    film_is_shown(page)
    page.keyboard.press("d")
    assert serious(page) == []


def serious(page: Page) -> list[str]:
    page.evaluate(f"() => {{ {AXE.read_text('utf-8')} }}")
    found = cast(list[dict[str, object]], page.evaluate("async () => (await axe.run('#film')).violations"))
    return [str(each["id"]) for each in found if each["impact"] in ("serious", "critical")]


def with_prior(room: Room) -> str:
    """A film and one of the year before; the prior is twice as dark and has pixels of half the size."""
    plain = {"bits": 12, "WindowCenter": 2048, "WindowWidth": 4096, "PatientID": "N30"}
    stored(room, a_film(30, ramp(12) // 2, PixelSpacing=[0.1, 0.1], **plain | {"StudyDate": "20251101"}))
    return stored(room, a_film(31, ramp(12), PixelSpacing=[0.2, 0.2], **plain))


def test_a_prior_hangs_beside_the_film_and_moves_with_it(page: Page, room: Room) -> None:
    key = with_prior(room)
    open_study(page, room, key)
    film_is_shown(page)
    second = page.locator(".pane").nth(1)
    expect(second).to_have_count(0)  # a small screen keeps the film large
    page.keyboard.press("o")
    expect(second.locator(".caption")).to_have_text("PRIOR 2025-11-01")
    expect(second.locator(".message")).to_be_hidden()
    page.keyboard.press("+")
    page.keyboard.press("r")
    scales = page.evaluate(
        """async () => { await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))); return [...document.querySelectorAll(".stage")].map((each) => { const m = new DOMMatrix(getComputedStyle(each).transform); return [m.a, m.b]; }); }"""
    )
    assert scales[0][0] == pytest.approx(0, abs=1e-6)
    assert scales[0][1] == pytest.approx(2 * scales[1][1], rel=1e-3)  # a millimetre is as long in both
    slider = page.get_by_label("Share of the second film")
    expect(slider).to_be_hidden()
    page.keyboard.press("w")
    expect(slider).to_be_visible()
    expect(second).to_have_css("clip-path", "inset(0px 0px 0px 50%)")
    page.keyboard.press("}")
    expect(second).to_have_css("clip-path", "inset(0px 0px 0px 40%)")
    page.keyboard.press("w")
    expect(second).to_have_css("opacity", "0.6")
    page.keyboard.press("o")
    expect(second).to_have_count(0)


def test_a_protocol_that_comes_late_takes_no_film_away(page: Page, room: Room) -> None:
    late = held(page, "**/api/hanging-protocols")
    open_study(page, room, with_prior(room))
    film_is_shown(page)
    page.keyboard.press("o")
    second = page.locator(".pane").nth(1)
    expect(second).to_have_count(1)
    until(page, lambda: len(late) == 1)
    with page.expect_response("**/api/hanging-protocols"):
        late[0].continue_()
    page.wait_for_timeout(300)  # the longer, the more this shows
    expect(second).to_have_count(1)

    def protocols_are_known() -> bool:
        page.keyboard.press("q")
        return "(q)" in page.locator(".said").inner_text()

    until(page, protocols_are_known)


def test_what_hangs_is_chosen_by_protocol_named_and_switched_by_key(page: Page, room: Room) -> None:
    page.set_viewport_size({"width": 2560, "height": 1440})
    open_study(page, room, with_prior(room))
    film_is_shown(page)
    said, second = page.locator(".said"), page.locator(".pane").nth(1)
    expect(said).to_contain_text("Frontal beside its prior (q)")
    expect(second.locator(".caption")).to_have_text("PRIOR 2025-11-01")
    page.keyboard.press("q")
    expect(said).to_contain_text("One film")
    expect(second).to_have_count(0)
    assert serious(page) == []


def test_a_window_with_the_film_alone_keeps_in_step_and_goes_along_to_the_next_study(page: Page, room: Room) -> None:
    first = stored(room, a_film(40, ramp(12), bits=12, WindowCenter=2048, WindowWidth=4096, PatientID="N40"))
    second = stored(room, a_film(41, ramp(12), bits=12, WindowCenter=2048, WindowWidth=4096, PatientName="Other^One"))
    open_study(page, room, first)
    film_is_shown(page)
    with page.expect_popup() as opened:
        page.keyboard.press("F")
    alone = opened.value
    film_is_shown(alone)
    expect(alone.locator("#live")).to_have_text("in step with the reading page")
    expect(alone.locator("#patient")).to_have_text("Nobody, Here")
    page.keyboard.press("5")
    page.keyboard.press("i")
    expect(alone.locator(".corner")).to_contain_text("full range")
    expect(alone.locator(".corner")).to_contain_text("inverted")
    alone.keyboard.press("i")
    expect(page.locator(".corner")).not_to_contain_text("inverted")
    assert serious(alone) == []
    page.locator(".viewport").focus()
    page.keyboard.press("n")
    page.wait_for_url(f"**/studies/{second}")
    expect(alone.locator("#patient")).to_have_text("Other, One")
    film_is_shown(alone)
