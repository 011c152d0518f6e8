"""The quality page on the screen: every number with its interval or its n, pictures with names, by keyboard, for everybody to use, and for nobody else."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from builders_web import World, a_world, open_door
from playwright.sync_api import Page, expect
from reading_room import Room, sign_in

from wetread.domain.role import Role
from wetread.testing.clock import FixedClock
from wetread.testing.quality_builders import a_blind_verdict, a_quality_cell, a_quality_report

pytestmark = pytest.mark.real

AXE = Path(__file__).parents[1] / "neighbours" / "node" / "node_modules" / "axe-core" / "axe.min.js"
HOSTILE = "<img src=x onerror=alert(1)>"
NOW = datetime.now(UTC)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    world = a_world(clock=FixedClock(NOW))
    world.add_account("q.lin", Role.QUALITY, name="Quinn Lin")
    world.add_account("m.frost", Role.RADIOLOGIST, name="Dr. Mira Frost")
    with open_door(world) as door:
        yield Room(world, door, tmp_path)


def keep(world: World) -> None:
    cell = a_quality_cell()
    second = replace(cell, key=replace(cell.key, finding="pneumothorax"), reliability=(), trend=(), psi_shares=())
    own = {"basis": "own", "round_id": "", "rate": None, "evidence": None, "needed": None, "n": 12}
    why = "too few: 12 patients now and 60 in the reference, 10 are needed on each side"
    blind = (a_blind_verdict(evidence=51.0), a_blind_verdict(error="false_alarm", refused=why, **own))
    elsewhere = replace(cell, key=replace(cell.key, scanner=HOSTILE))
    with world.services.database.begin() as unit:
        unit.save_quality(a_quality_report(made_at=NOW, cells=(cell, second, elsewhere), blind=blind))
        unit.commit()


def for_everybody(page: Page) -> None:
    """No barrier that axe-core calls serious, and nothing beyond the edge of a small screen."""
    page.evaluate(f"() => {{ {AXE.read_text('utf-8')} }}")
    found = cast(list[dict[str, object]], page.evaluate("async () => (await axe.run()).violations"))
    assert [each for each in found if each["impact"] in ("serious", "critical")] == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("#table").evaluate("each => each.scrollWidth <= each.clientWidth")


def test_nothing_is_said_to_be_nothing_and_numbers_come_with_interval_or_n(page: Page, room: Room) -> None:
    sign_in(page, room, "q.lin", "/quality")
    expect(page.locator("#said")).to_contain_text("Nothing has been measured yet")
    expect(page.locator("#table")).to_be_hidden()
    keep(room.world)
    page.reload()
    row = page.get_by_role("row").filter(has=page.get_by_role("button", name="effusion"))
    expect(row).to_contain_text("40 of 238")
    expect(row).to_contain_text("0.85(0.71 to 0.93)")
    expect(row).to_contain_text("n 180, too few")
    expect(page.locator("#said")).to_contain_text("agreement with signed reports that saw the AI (naive, biased)")
    picture = page.get_by_role("img", name="Reliability: stated 0.05, seen 0.04 (0.01 to 0.12), n 60")
    expect(picture).to_be_visible()
    expect(page.get_by_role("img", name="missed: too few, n 6")).to_be_visible()
    expect(page.get_by_role("table", name="sensitivity by sex")).to_contain_text("fewer than 10 cases")
    chart = "Dashed: the reference (0.95) and the limits within which weeks of this size lie by chance; beyond them: 2026-02-16"
    expect(page.get_by_text(chart)).to_be_visible()
    adjudicated = page.get_by_role("table", name="Adjudicated in round 2026-q1")
    expect(adjudicated).to_contain_text("0.74 (0.55 to 0.87)")
    own = page.get_by_role("table", name="Own blind findings")
    expect(own).to_contain_text("0.71 (0.53 to 0.84)")
    judged = page.get_by_role("table", name="Errors by truths in which the AI had no part")
    expect(judged).to_contain_text(
        "Missedround 2026-q10.26 (0.13 to 0.45)allowed 0.10evidence 51, an alarm from 40n 35"
    )
    expect(judged).to_contain_text("Called without the findingown blind findingsnot judged: too few: 12 patients now")
    page.get_by_text("Films of this site and model against the reference").click()
    expect(page.locator("#films")).to_contain_text("PA 70 % to 50 %")
    expect(page.locator("#films")).to_contain_text("220, reference 500")
    expect(page.locator("#films")).to_contain_text("AUROC 0.66 (0.62 to 0.70; 0.5 no change)")
    for_everybody(page)
    page.get_by_label("What the trend shows").select_option("psi")
    expect(page.locator("#cell")).to_contain_text("Too few cases in every week")


def test_it_goes_by_keyboard_says_when_numbers_are_old_and_shows_hostile_names_as_text(page: Page, room: Room) -> None:
    keep(room.world)
    sign_in(page, room, "q.lin", "/")
    page.wait_for_selector("#rooms a")
    page.keyboard.press("Q")
    page.wait_for_url("**/quality")
    expect(page.get_by_role("button", name="effusion")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("j")
    expect(page.get_by_role("button", name="pneumothorax")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#cell")).to_contain_text("Too few labelled studies for a bin of ten")
    expect(page.locator("#cell")).to_contain_text("No blinded truth: no finished relabelling round of the last year")
    with room.world.services.database.begin() as unit:
        kept = unit.quality()
        assert kept is not None
        unit.save_quality(replace(kept, made_at=NOW - timedelta(days=3)))
        unit.commit()
    page.reload()
    expect(page.get_by_role("alert").first).to_contain_text("the nightly round does not run")
    page.get_by_label("Site, scanner and model").select_option(index=1)
    expect(page.locator("#place option:checked")).to_contain_text(HOSTILE)
    expect(page.get_by_role("button", name="effusion")).to_have_attribute("aria-pressed", "true")


def test_who_may_not_see_it_is_told_and_not_sent_there(page: Page, room: Room) -> None:
    keep(room.world)
    sign_in(page, room, "m.frost", "/quality")
    expect(page.locator("#said")).to_contain_text("may not see quality")
    expect(page.locator("#rooms")).not_to_contain_text("Quality")
    expect(page.locator("#table")).to_be_hidden()
