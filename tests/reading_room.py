"""The reading room over real storage and phantom films, its address and its clock, and what every reader does there. No film here is of a patient."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

from builders_web import PASSWORD, Browser, World
from builders_web_films import add_phantom
from playwright.sync_api import Page, Route, expect

from wetread.testing.phantom import PhantomSpec, demo_cohort

AXE = Path(__file__).parent / "neighbours" / "node" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Room:
    """The reading room, its address and its clock."""

    def __init__(self, world: World, door: Browser, folder: Path) -> None:
        self.world, self.door, self.folder = world, door, folder
        self.address = f"http://127.0.0.1:{door.port}"

    def add(self, at: int = 1, *, waited_minutes: int = 3, **changes: object) -> str:
        """Another phantom; number 1 shows a pneumothorax."""
        spec = _plain(demo_cohort(3, 3)[at])
        spec = replace(spec, seed=spec.seed + 1000 + self.world.number, rows=512, columns=512)
        return add_phantom(self.world, spec, self.folder, waited=timedelta(minutes=waited_minutes), **changes)  # type: ignore[arg-type]


def _plain(spec: PhantomSpec) -> PhantomSpec:
    return replace(spec, transfer_syntax_uid="1.2.840.10008.1.2.1")


PATIENCE_MS = 60_000  # how long a loaded machine may take, not what is promised
expect.set_options(timeout=PATIENCE_MS)


def sign_in(page: Page, room: Room, actor_id: str = "m.frost", path: str = "/") -> None:
    page.goto(room.address + path)
    page.get_by_label("Account").fill(actor_id)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: address == room.address + path)  # the way to sign in ends with it, too


def open_study(page: Page, room: Room, key: str, actor_id: str = "m.frost") -> None:
    sign_in(page, room, actor_id, f"/studies/{key}")
    page.wait_for_selector("#report h2")


def film_is_shown(page: Page) -> None:
    """In its own pixels: where these take long, a small picture stands there first."""
    expect(page.locator("canvas.pixels").first).to_be_visible()
    expect(page.locator(".film .message").first).to_be_hidden()


def heat_map_is_here(page: Page) -> None:
    """It comes after the film; until then the key for it does nothing."""
    expect(page.get_by_role("button", name="Heat map")).to_be_enabled()


def session_ends_at_the_next_save(page: Page, room: Room) -> None:
    """While the words are on their way: neither before they were typed nor after they were stored."""

    def end(route: Route) -> None:
        room.world.clock.advance(room.world.services.settings.idle_s + 1)
        route.continue_()

    page.route("**/api/studies/*/report", end, times=1)


def held(page: Page, url: str) -> list[Route]:
    """The next request to it waits here, until the test lets it go on."""
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route(url, hold, times=1)
    return waiting


def until(page: Page, holds: Callable[[], bool]) -> None:
    """What the server has by now; a page tells it a moment later."""
    for _ in range(1200):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not come to hold")


def violations(page: Page) -> list[str]:
    """What axe-core calls a serious barrier."""
    page.evaluate(f"() => {{ {AXE.read_text('utf-8')} }}")
    found = cast(list[dict[str, object]], page.evaluate("async () => (await axe.run()).violations"))
    return [
        f"{each['id']}: {[n['html'] for n in each['nodes']]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
