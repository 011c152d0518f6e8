"""Debian's Chromium on the real server, real storage and real decoder."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders_web import open_door
from builders_web_films import a_reading_room, close
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, sync_playwright
from reading_room import CHROMIUM_FLAGS, PATIENCE_MS, Room
from slow_machine import slow_browser

from wetread.dicom.sandbox import Sandbox
from wetread.domain.role import Role
from wetread.testing.clock import FixedClock


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS)
        yield slow_browser(browser)
        browser.close()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    clock = FixedClock(datetime.now(UTC))
    with Sandbox(children=1) as sandbox:
        world = a_reading_room(tmp_path, sandbox, clock)
        world.add_account("m.frost", Role.RADIOLOGIST, name="Dr. Mira Frost")
        with open_door(world) as door:
            yield Room(world, door, tmp_path)
        close(world)


@pytest.fixture
def page(chromium: Chromium, room: Room) -> Iterator[Page]:
    """A page that fails its test on any script error, dialog, broken policy or request to somewhere else."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    wrong: list[str] = []
    page.on("dialog", lambda dialog: (wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("pageerror", lambda error: wrong.append(f"error {error}"))
    page.on(
        "request",
        lambda request: None if request.url.startswith((room.address, "blob:")) else wrong.append(request.url),
    )
    page.on(
        "console",
        lambda line: (
            wrong.append(line.text) if "Content Security Policy" in line.text or "TrustedHTML" in line.text else None
        ),
    )
    yield page
    context.close()
    assert wrong == []
