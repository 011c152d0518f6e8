"""The worklist of many studies in Debian's Chromium: from navigation to the first row in focus, a key in the filter, an arrow key, a far scroll, an arrival.

    python benchmarks/ui/worklist.py [--studies 10000] [--rounds 20]

Server and browser share the machine, over loopback; the server has read the list once before (it does so at the first request after its start, and that is told apart). Times are the
page's own clock (performance.now): of the filter and the arrow from the key event to the second frame after it, so that what is measured has been painted.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from builders_web import PASSWORD, open_door
from long_worklist import a_long_worklist, add_one

FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
_READY = "() => document.activeElement?.matches('tbody tr') && performance.now()"
_WHOLE = "() => document.getElementById('table').ariaRowCount === String(%d) && performance.now()"
_AFTER_KEY = """({key, fill}) => new Promise(done => {
  const start = performance.now();
  const painted = () => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
  if (fill === null) dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
  else { const input = document.getElementById('filter'); input.value = fill; input.dispatchEvent(new Event('input')); }
  painted(); })"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        world = a_long_worklist(Path(folder), asked.studies)
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        with open_door(world) as door:
            page = chromium.new_page(viewport={"width": 1280, "height": 800})
            address = f"http://127.0.0.1:{door.port}/"
            page.goto(address)
            page.get_by_label("Account").fill("radiologist")
            page.get_by_label("Password").fill(PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_function(_READY, timeout=120_000)
            opened = [_navigate(page, address, asked.studies) for _ in range(asked.rounds)]
            _tell("navigation to first row in focus", [first for first, _ in opened])
            _tell("navigation to the whole list in the page", [whole for _, whole in opened])
            words = ["a", "as", "ast", "aste", "aster", "aster q", "aster qu", "pneumo", "north", ""]
            filled = [_painted(page, "", words[n % len(words)]) for n in range(max(asked.rounds, 40))]
            _tell("a key in the filter", filled)
            _painted(page, "", "")
            _tell("an arrow key", [_painted(page, "ArrowDown", None) for _ in range(asked.rounds)])
            _tell("to the end and back", [_painted(page, ("End", "Home")[n % 2], None) for n in range(asked.rounds)])
            seen = [_arrival(page, world, asked.studies + n) for n in range(asked.rounds)]
            _tell("an arrival seen (the page asks at most every 1.5 s)", seen)
        chromium.close()


def _navigate(page: Page, address: str, studies: int) -> tuple[float, float]:
    page.goto(address, wait_until="commit")
    first, whole = (
        page.wait_for_function(each, timeout=120_000, polling=5).json_value()
        for each in (_READY, _WHOLE % (studies + 1))
    )
    return float(first), float(whole)


def _painted(page: Page, key: str, fill: str | None) -> float:
    return float(page.evaluate(_AFTER_KEY, {"key": key, "fill": fill}))


def _arrival(page: Page, world: object, number: int) -> float:
    before = page.locator("#view-open").text_content()
    start = time.monotonic()
    add_one(world, number)  # type: ignore[arg-type]
    page.wait_for_function(
        "text => document.getElementById('view-open').textContent !== text", arg=before, timeout=30_000
    )
    return (time.monotonic() - start) * 1000


def _tell(what: str, taken: list[float]) -> None:
    ordered = sorted(taken)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(f"{what}: p50 {statistics.median(taken):.0f} ms, p95 {p95:.0f} ms (n = {len(taken)})", flush=True)


if __name__ == "__main__":
    main()
