"""How fast a film is on the screen: click to full resolution, the next study, windowing, and what a page weighs. `python -m benchmarks.ui.film`

Headless Debian Chromium without a GPU (SwiftShader), the reading room's own server on loopback, real storage and sandboxed decoder, synthetic films of 2500 x 3056 x 16 bit, uncompressed.
Times are wall clock from the click or key to the frame in which every stored value is on the canvas (`film-drawn`), page load included. Nothing here passes or fails.
"""

import argparse
import gzip
import io
import re
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from builders_web import open_door  # noqa: E402
from builders_web_films import a_reading_room, close  # noqa: E402
from reading_room import CHROMIUM_FLAGS, Room, film_is_shown, sign_in  # noqa: E402
from tests.journey.test_browser_film import a_film  # noqa: E402

from wetread.dicom.sandbox import Sandbox  # noqa: E402
from wetread.domain.role import Role  # noqa: E402
from wetread.testing.clock import FixedClock  # noqa: E402
from wetread.web.pages import ROOM  # noqa: E402

ROWS, COLUMNS = 3056, 2500
_DRAWN = """() => { const [mark] = performance.getEntriesByName("film-drawn"); return mark ? performance.timeOrigin + mark.startTime : null; }"""
_NOW = "() => performance.timeOrigin + performance.now()"
_FRAMES = """async (key) => { const view = document.querySelector(".viewport"); let frames = 0; const start = performance.now();
  await new Promise((done) => { const step = () => { if (frames++ >= 120) return done(); view.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })); requestAnimationFrame(step); }; step(); });
  return 120000 / (performance.now() - start); }"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=31)
    films = parser.parse_args().films
    weigh()
    with tempfile.TemporaryDirectory() as folder, Sandbox(children=2) as sandbox, sync_playwright() as playwright:
        world = a_reading_room(Path(folder), sandbox, FixedClock(datetime.now(UTC)))
        world.add_account("m.frost", Role.RADIOLOGIST, name="Dr. Mira Frost")
        with open_door(world) as door:
            room = Room(world, door, Path(folder))
            keys = [add(room, number) for number in range(2 * films)]
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            sign_in(page, room)
            page.wait_for_selector("tr[data-key]")
            tell("click to full resolution", [clicked(page, room, key) for key in keys[:films]][1:])
            tell("next study, prepared ahead", follow(page, room, keys[films:]))
            for width, height in ((1280, 800), (2560, 1440), (3840, 2160)):
                page.set_viewport_size({"width": width, "height": height})
                page.wait_for_timeout(500)
                size = page.evaluate(
                    "() => { const c = document.querySelector('canvas.pixels'); return [c.width, c.height]; }"
                )
                rates = [page.evaluate(_FRAMES, key) for key in (".", ",", ".", ",")]
                print(
                    f"windowing, canvas {size[0]} x {size[1]}: {min(rates):.1f} to {max(rates):.1f} frames/s (4 runs of 120)"
                )
            browser.close()
        close(world)


def add(room: Room, number: int) -> str:
    rows, columns = np.indices((ROWS, COLUMNS))
    pixels = ((rows * 17 + columns * 5 + number) % 65536).astype("<u2")
    film = a_film(
        1000 + number, pixels, bits=16, WindowCenter=32768, WindowWidth=65536, ImagerPixelSpacing=[0.14, 0.14]
    )
    content = io.BytesIO()
    film.save_as(content, enforce_file_format=True)
    path = room.folder / "film.dcm"
    path.write_bytes(content.getvalue())
    header = room.world.services.decoder.inspect(path)
    received = room.world.clock.now() - timedelta(minutes=200 - number)
    return room.world.add_study(content=content.getvalue(), film=header, received_at=received)


def clicked(page: Page, room: Room, key: str) -> float:
    """Milliseconds from the click on the worklist's line to the drawn film, nothing prepared (its server forgets four films on)."""
    page.goto(room.address)
    page.wait_for_selector("tr[data-key]", state="attached")
    page.wait_for_timeout(300)
    link = page.locator(f'tr[data-key="{key}"] a.who')
    link.scroll_into_view_if_needed()
    start = page.evaluate(_NOW)
    link.click(no_wait_after=True)
    return drawn(page, key) - start


def follow(page: Page, room: Room, keys: list[str]) -> list[float]:
    """Milliseconds from `n` to the drawn film of the study that the server prepared."""
    page.goto(f"{room.address}/studies/{keys[0]}")
    found = []
    for _ in keys[1:]:
        film_is_shown(page)
        page.wait_for_timeout(3000)  # a reader takes longer
        before, start = page.url, page.evaluate(_NOW)
        page.keyboard.press("n")
        page.wait_for_url(lambda address, before=before: address != before)
        if "/studies/" not in page.url:
            break
        found.append(drawn(page, page.url.rpartition("/")[2]) - start)
    return found


def drawn(page: Page, key: str) -> float:
    page.wait_for_url(f"**/studies/{key}")
    film_is_shown(page)
    return float(page.wait_for_function(_DRAWN).json_value())


def tell(what: str, values: list[float]) -> None:
    if not values:
        print(f"{what}: n 0")
        return
    p50, p95 = np.percentile(values, [50, 95])
    print(f"{what}: p50 {p50:.0f} ms, p95 {p95:.0f} ms, n {len(values)}")


def weigh() -> None:
    """Gzipped bytes of a page and everything it loads."""
    for name in ("worklist.html", "study.html"):
        page = ROOM.joinpath(name).read_bytes()
        loaded = sorted(set(re.findall(rb'"/assets/([^"]+)"', page)))
        files = [page, *(ROOM.joinpath("assets", each.decode()).read_bytes() for each in loaded)]
        print(f"{name}: {sum(len(gzip.compress(each)) for each in files) / 1000:.1f} kB gzipped, {len(files)} files")


if __name__ == "__main__":
    main()
