"""`make screenshots`: the pictures in docs/images, taken from a real `wetread demo` with the bundled model, so that they show what a stranger will see."""

import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.builders_web import PASSWORD, a_world, open_door
from tests.quality_data import a_simulated_report
from wetread.testing.clock import FixedClock
from wetread.triage.policy import DEFAULT_POLICY
from wetread.web.services import Administration

IMAGES = Path(__file__).parents[1] / "docs" / "images"
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
READY = re.compile(r"ready: (\S+)\s+account (\S+)\s+password (\S+)")


def main() -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "wetread", "demo", "--films", "14", "--sign", "2"], stdout=subprocess.PIPE, text=True
    )
    try:
        address, account, password = follow(demo)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            take(page, address, account, password)
            take_quality(browser.new_page(viewport={"width": 1280, "height": 800}))
            take_administration(browser.new_page(viewport={"width": 1280, "height": 800}))
            browser.close()
    finally:
        demo.terminate()
        demo.wait(60)


def follow(demo: "subprocess.Popen[str]") -> tuple[str, str, str]:
    """Tell the demo's story on; returns once it has nothing left to do."""
    found: tuple[str, str, str] | None = None
    for line in demo.stdout or ():
        sys.stdout.write(line)
        if match := READY.search(line):
            found = (match[1], match[2], match[3])
        if "press Ctrl-C" in line and found:
            return found
    raise SystemExit("the demo ended early")


def take(page: Page, address: str, account: str, password: str) -> None:
    page.goto(address)
    page.get_by_label("Account").fill(account)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_selector("tbody tr")
    page.wait_for_selector("#critical li")
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "worklist.png")
    take_rooms(page, address)
    page.goto(address)
    page.wait_for_selector("tbody tr")
    page.keyboard.press("Enter")
    page.wait_for_selector("#report h2")
    page.wait_for_timeout(1500)
    called = page.locator(".finding.called")
    if called.count():
        called.first.hover()
        page.keyboard.press("h")
        page.wait_for_timeout(500)
    page.screenshot(path=IMAGES / "reading.png")
    if called.count():
        page.keyboard.press("h")
    page.keyboard.press("Control+Enter")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.get_by_role("group", name="Signature").wait_for()
    page.wait_for_timeout(3000)
    page.screenshot(path=IMAGES / "signed.png")
    with page.context.expect_page() as opened:
        page.keyboard.press("p")
    sources = opened.value
    sources.wait_for_load_state()
    size = sources.viewport_size or {}
    sources.set_viewport_size(
        {**size, "width": 1812, "height": int(sources.locator("svg").get_attribute("height") or 800)}
    )
    sources.screenshot(path=IMAGES / "provenance.png")
    sources.close()


def take_rooms(page: Page, address: str) -> None:
    """A critical result with what happened to it, taken by somebody; and the roster."""
    page.goto(f"{address.rstrip('/')}/criticals")
    page.wait_for_selector("#list li")
    page.keyboard.press("a")
    page.keyboard.type("large right effusion, calling the ward")
    page.keyboard.press("Enter")
    page.wait_for_selector("#list li.acknowledged")
    for summary in page.locator("#list summary").all():
        summary.click()
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "criticals.png")
    page.goto(f"{address.rstrip('/')}/roster")
    page.wait_for_selector("#sites table")
    page.screenshot(path=IMAGES / "roster.png")


def take_quality(page: Page) -> None:
    """A simulated log: the demo's fourteen films are too few for any number."""
    world = a_world(clock=FixedClock(datetime.now(UTC)))
    with world.services.database.begin() as unit:
        unit.save_quality(a_simulated_report(datetime.now(UTC)))
        unit.commit()
    with open_door(world) as door:
        page.goto(f"http://127.0.0.1:{door.port}/quality")
        page.get_by_label("Account").fill("quality")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector(".picture svg")
        page.wait_for_timeout(500)
        page.screenshot(path=IMAGES / "quality.png")
        page.close()


def take_administration(page: Page) -> None:
    """Accounts of made-up people, and the built-in policy tried on made-up studies."""
    world = a_world(clock=FixedClock(datetime.now(UTC)))
    shown = Administration(policy_text=lambda: DEFAULT_POLICY.read_text("utf-8"))
    world.services = replace(world.services, administration=shown)
    for _ in range(12):
        world.add_study()
    with open_door(world) as door:
        page.goto(f"http://127.0.0.1:{door.port}/administration/people")
        page.get_by_label("Account").fill("admin")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("#part table")
        page.screenshot(path=IMAGES / "people.png")
        page.goto(f"http://127.0.0.1:{door.port}/administration/rules")
        page.get_by_role("button", name="Try it").click()
        page.wait_for_selector("#part table")
        page.wait_for_timeout(500)
        page.screenshot(path=IMAGES / "rules.png")
        page.close()


if __name__ == "__main__":
    main()
