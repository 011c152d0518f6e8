"""The states of reading and writing are open to everybody: axe-core finds no serious barrier in any of them."""

from pathlib import Path
from typing import cast

import pytest
from playwright.sync_api import Page, expect
from reading_room import Room, open_study

from wetread.domain.identifiers import StudyKey
from wetread.domain.reading import ReaderProfile, ReadingMode
from wetread.domain.role import Actor, Role
from wetread.signoff.locking import LockDesk

pytestmark = pytest.mark.real
AXE = Path(__file__).parents[1] / "neighbours" / "node" / "node_modules" / "axe-core" / "axe.min.js"


def barriers(page: Page) -> dict[object, object]:
    page.evaluate(AXE.read_text("utf-8"))
    found = cast(list[dict[str, object]], page.evaluate("async () => (await axe.run()).violations"))
    return {
        each["id"]: [node["html"] for node in cast(list[dict[str, object]], each["nodes"])]
        for each in found
        if each["impact"] in ("serious", "critical")
    }


def test_from_own_findings_to_a_warned_signature(page: Page, room: Room) -> None:
    with room.world.services.database.begin() as unit:
        unit.save_reader_profile(ReaderProfile("m.frost", ReadingMode.SECOND_READER))
        unit.commit()
    open_study(page, room, room.add(1))
    page.get_by_role("button", name="pleural effusion: I see it").click()
    assert barriers(page) == {}
    page.get_by_role("button", name="Reading mode").click()
    dialog = page.get_by_role("dialog", name="How you read")
    expect(dialog).to_be_visible()
    assert barriers(page) == {}
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".compared table")).to_be_visible()
    page.get_by_role("button", name="pneumothorax: I do not see it").click()
    expect(page.locator("#offer button")).to_be_visible()
    expect(page.get_by_label("Contradictions in this report").locator("li").first).to_be_visible()
    assert barriers(page) == {}
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog").get_by_role("alert").first).to_contain_text("Look again")
    assert barriers(page) == {}


def test_reading_along_and_taking_over(page: Page, room: Room) -> None:
    key = StudyKey(room.add(1))
    other = Actor("d.lee", Role.RADIOLOGIST, "Dr. Dana Lee")
    services = room.world.services
    report = services.desk.open(other, key).report
    assert report is not None
    locks = LockDesk(services.database, services.clock)
    locks.take(other, key, "another-screen")
    locks.keep_unsaved(Actor("m.frost", Role.RADIOLOGIST), key, 1, report.content)
    open_study(page, room, key)
    expect(page.locator(".recovery")).to_be_visible()
    assert barriers(page) == {}
    page.locator(".banner-line").get_by_role("button", name="Take over").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert barriers(page) == {}
