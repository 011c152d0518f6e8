"""How fast a film is on the screen. `python -m benchmarks.ui.film [--part weigh|click|next|window] [--films 31] [--dwell-ms 0]`

Headless Debian Chromium without a GPU (SwiftShader), the reading room's own server on loopback, real storage and sandboxed decoder, synthetic films of 2500 x 3056 x 16 bit, uncompressed.
A time runs from the browser's own time of the click or key to the page's first moment after the frame that has the film, every stored value of it at hand. Where it went: until the request for the
pixels left, until their first byte (of it the server's own work, by `Server-Timing`), until their last, until the film was on the canvas (`film-drawn`), and until after the frame. Nothing here passes or fails; the machine's load stands beside each figure.
"""

import argparse
import gzip
import io
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
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
_SIZES = ((1280, 800), (2560, 1440), (3840, 2160))
_WATCH = """(() => {
  const now = (at) => performance.timeOrigin + at;
  for (const kind of ["click", "keydown"]) addEventListener(kind, (event) => sessionStorage.setItem("acted", now(event.timeStamp)), { capture: true });
  new PerformanceObserver((list) => { for (const mark of list.getEntries()) if (mark.name === "film-drawn")
    requestAnimationFrame(() => setTimeout(() => { globalThis.filmPainted = { drawn: now(mark.startTime), painted: now(performance.now()), study: mark.detail }; })); }).observe({ type: "mark" });
})()"""
_PAINTED = """([before, key]) => { const it = globalThis.filmPainted, acted = Number(sessionStorage.getItem("acted"));
  if (!it || acted <= before || it.painted < acted || !location.pathname.endsWith(key)) return null;
  const sent = performance.getEntriesByType("resource").filter((each) => each.name.includes(`/studies/${key}/pixels`)).at(-1), at = (moment) => performance.timeOrigin + moment - acted;
  return { total: it.painted - acted, drawn: it.drawn - acted, asked: sent ? at(sent.requestStart) : null, began: sent ? at(sent.responseStart) : null, came: sent ? at(sent.responseEnd) : null,
    server: sent?.serverTiming.find((each) => each.name === "film")?.duration ?? null }; }"""
_ACTED = "() => Number(sessionStorage.getItem('acted')) || 0"
_FRAMES = """async (key) => { const view = document.querySelector(".viewport"), canvas = document.querySelector("canvas.pixels"); let frames = 0, coarsest = 1; const start = performance.now();
  await new Promise((done) => { const step = () => { if (frames++ >= 120) return done(); view.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    coarsest = Math.max(coarsest, Math.round(canvas.clientWidth * devicePixelRatio / canvas.width)); requestAnimationFrame(step); }; step(); });
  return [120000 / (performance.now() - start), coarsest]; }"""
_AT_REST = """() => { const c = document.querySelector("canvas.pixels"), v = document.querySelector(".viewport"); return [v.clientWidth, v.clientHeight, c.width, c.height]; }"""


@dataclass(frozen=True, slots=True)
class Shown:
    """Milliseconds since the click or key; None where the browser says nothing of it."""

    total: float
    drawn: float
    asked: float | None
    began: float | None
    came: float | None
    server: float | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts: dict[str, Callable[[argparse.Namespace], None]] = {
        "weigh": weigh,
        "click": in_a_room(click),
        "next": in_a_room(follow),
        "window": in_a_room(window),
    }
    parser.add_argument("--part", choices=parts, action="append", help="default: all, one after the other")
    parser.add_argument("--films", type=int, default=31, help="the first is not counted")
    parser.add_argument(
        "--dwell-ms", type=int, default=0, help="how long the pointer rests on the line before the click"
    )
    parser.add_argument("--reading-ms", type=int, default=3000, help="how long each film is read before the next")
    asked = parser.parse_args()
    for part in asked.part or parts:
        say(f"-- {part}, load {os.getloadavg()[0]:.1f}")
        parts[part](asked)
    say(f"-- done, load {os.getloadavg()[0]:.1f}")


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def in_a_room(part: Callable[[Page, Room, argparse.Namespace], None]) -> Callable[[argparse.Namespace], None]:
    """A server, a browser and a person signed in, for one part alone: what one part runs into keeps no other from running."""

    def run(asked: argparse.Namespace) -> None:
        with tempfile.TemporaryDirectory() as folder, Sandbox(children=2) as sandbox, sync_playwright() as playwright:
            world = a_reading_room(Path(folder), sandbox, FixedClock(datetime.now(UTC)))
            world.add_account("m.frost", Role.RADIOLOGIST, name="Dr. Mira Frost")
            with open_door(world) as door:
                room = Room(world, door, Path(folder))
                browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                page.add_init_script(_WATCH)
                sign_in(page, room)
                part(page, room, asked)
                browser.close()
            close(world)

    return run


def add(room: Room, number: int) -> str:
    rows, columns = np.indices((ROWS, COLUMNS), np.uint32)
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


def click(page: Page, room: Room, asked: argparse.Namespace) -> None:
    """From the worklist's line, chosen anywhere in the list, so that its film is in nobody's memory (the server forgets four films on)."""
    keys = [add(room, number) for number in range(asked.films)]
    order = list(np.random.default_rng(5).permutation(keys))
    found = []
    for at, key in enumerate(order):
        page.goto(room.address)
        page.wait_for_selector("tr[data-key]", state="attached")
        page.wait_for_timeout(1000)
        link = page.locator(f'tr[data-key="{key}"] a.who')
        link.scroll_into_view_if_needed()
        link.hover()
        page.wait_for_timeout(asked.dwell_ms)
        before = page.evaluate(_ACTED)
        page.mouse.down()
        page.mouse.up()
        found.append(shown(page, key, before))
        progress("click", at, found[-1])
    tell("click to the film at full resolution", found[1:])


def follow(page: Page, room: Room, asked: argparse.Namespace) -> None:
    """From `n` to the next study, prepared while the one before was read."""
    keys = [add(room, number) for number in range(asked.films + 1)]
    page.goto(f"{room.address}/studies/{keys[0]}")
    film_is_shown(page)
    found = []
    for at in range(asked.films):
        page.wait_for_timeout(asked.reading_ms)
        before, address = page.evaluate(_ACTED), page.url
        page.keyboard.press("n")
        page.wait_for_url(lambda url, address=address: url != address, wait_until="commit")
        if "/studies/" not in page.url:
            break
        found.append(shown(page, page.url.rpartition("/")[2], before))
        progress("next", at, found[-1])
    tell("n to the next film, prepared ahead", found[1:])


def shown(page: Page, key: str, before: float) -> Shown:
    page.wait_for_url(f"**/studies/{key}", wait_until="commit")
    return Shown(**page.wait_for_function(_PAINTED, arg=[before, key], polling=50, timeout=60_000).json_value())


def window(page: Page, room: Room, _: argparse.Namespace) -> None:
    """Each key moves the window by a step and asks for a frame."""
    page.goto(f"{room.address}/studies/{add(room, 1)}")
    film_is_shown(page)
    for width, height in _SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(1000)
        runs = [page.evaluate(_FRAMES, key) for key in (".", ",", ".", ",")]
        page.wait_for_timeout(500)
        across, down, *drawn = page.evaluate(_AT_REST)
        rates = [rate for rate, _ in runs]
        coarse = max(coarsest for _, coarsest in runs)
        say(
            f"windowing, film area {across} x {down}, film drawn on {drawn[0]} x {drawn[1]} at rest: {min(rates):.1f} to {max(rates):.1f} frames/s "
            f"(4 runs of 120), at worst {coarse} x {coarse} screen pixels a sample, load {os.getloadavg()[0]:.1f}"
        )


def progress(what: str, at: int, found: Shown) -> None:
    say(f"{what} {at + 1}: {found.total:.0f} ms")


def tell(what: str, found: list[Shown]) -> None:
    say(f"{what}: {spread([each.total for each in found])}, load {os.getloadavg()[0]:.1f}")
    steps = {
        "until the pixels are asked for": [each.asked for each in found],
        "until their first byte": [_between(each.asked, each.began) for each in found],
        "of it the server's own work": [each.server for each in found],
        "until their last byte": [_between(each.began, each.came) for each in found],
        "until it is on the canvas": [_between(each.came, each.drawn) for each in found],
        "until after that frame": [_between(each.drawn, each.total) for each in found],
        "from the beginning until it is on the canvas": [each.drawn for each in found],
    }
    for name, values in steps.items():
        say(f"  {name}: {spread([each for each in values if each is not None])}")


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else end - start


def spread(values: list[float]) -> str:
    if not values:
        return "n 0"
    p50, p95 = np.percentile(values, [50, 95])
    return f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, n {len(values)}"


def weigh(_: argparse.Namespace) -> None:
    """Gzipped bytes of a page and everything it loads."""
    for name in ("worklist.html", "study.html"):
        page = ROOM.joinpath(name).read_bytes()
        loaded = sorted(set(re.findall(rb'"/assets/([^"]+)"', page)))
        files = [page, *(ROOM.joinpath("assets", each.decode()).read_bytes() for each in loaded)]
        say(f"{name}: {sum(len(gzip.compress(each)) for each in files) / 1000:.1f} kB gzipped, {len(files)} files")


if __name__ == "__main__":
    main()
