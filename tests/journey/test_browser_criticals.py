"""Critical results, alarms and the roster on the screen: seen at once, acted on by keyboard, safe when two act, and for everybody to use."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders_web import World, open_door
from builders_web_films import a_reading_room, close
from paging_world import PATH, PEOPLE, roster_text
from playwright.sync_api import Page, expect
from reading_room import Room, open_study, sign_in, violations

from wetread.dicom.sandbox import Sandbox
from wetread.domain.alarm import AlarmKind
from wetread.domain.critical import CriticalResult
from wetread.domain.finding import FindingName, SidedFinding
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import Purpose, of_service
from wetread.domain.role import Actor, Role
from wetread.monitoring.alarms import Silence, raise_alarm
from wetread.testing.builders import a_decision
from wetread.testing.clock import FixedClock
from wetread.triage.critical_desk import CriticalDesk
from wetread.triage.escalation import open_critical
from wetread.triage.renewal import renewed
from wetread.triage.roster_book import RosterBook

pytestmark = pytest.mark.real

_LAST_WORD_IS_INSIDE = """() => {
  const line = document.querySelector(".finding-of");
  return line.lastElementChild.getBoundingClientRect().right <= line.getBoundingClientRect().right + 1;
}"""
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A reading room with a roster; one duty has nobody."""
    (tmp_path / "roster.yaml").write_text(
        roster_text({**PEOPLE}).replace("- people: [cho]", "- {shifts: ['Mon 08:00-09:00'], people: [cho]}")
    )
    with Sandbox(children=1) as sandbox:
        world = a_reading_room(tmp_path, sandbox, FixedClock(datetime.now(UTC)))
        world.services = replace(world.services, book=RosterBook(tmp_path / "roster.yaml"))
        world.add_account("m.frost", Role.RADIOLOGIST, name="Dr. Mira Frost")
        world.add_account("t.ode", Role.TECHNOLOGIST, name="Toni Ode")
        with open_door(world) as door:
            yield Room(world, door, tmp_path)
        close(world)


def call_critical(world: World, key: str, *, minutes_ago: int = 2, reason: str = "pneumothorax 0.94") -> CriticalResult:
    """What triage does when it calls a study critical."""
    at = world.services.clock.now() - timedelta(minutes=minutes_ago)
    with world.services.database.begin() as unit:
        study = unit.study(StudyKey(key))
        result = open_critical(study, a_decision(reason=reason), PATH, at)
        saved = unit.save_critical(replace(result, site="north"), expected_etag=None)
        unit.commit()
    return saved


def test_a_new_critical_result_appears_and_goes_its_whole_way_by_keyboard(page: Page, room: Room) -> None:
    sign_in(page, room)
    key = room.add(1)
    call_critical(room.world, key)
    room.door.as_("quality").get("/api/worklist")
    strip = page.locator("#critical")
    expect(strip).to_contain_text("pneumothorax 0.94")
    expect(strip).to_contain_text("waiting 2 min of 30 min")
    expect(page.locator("#announce")).to_contain_text("critical result")
    page.keyboard.press("a")
    page.keyboard.type("large right pneumothorax")
    page.keyboard.press("Enter")
    expect(strip).to_contain_text("Dr. Mira Frost has it")
    page.keyboard.press("t")
    page.keyboard.type("Dr Ng, ward 4")
    page.get_by_label("by phone").check()
    page.get_by_label("yes", exact=True).check()
    page.keyboard.press("Enter")
    expect(strip).to_contain_text("told Dr Ng, ward 4 by phone")
    page.keyboard.press("x")
    page.get_by_role("button", name="Close it").click()
    expect(strip).to_be_hidden()
    page.goto(f"{room.address}/criticals#closed")
    page.locator("summary").first.click()
    expect(page.locator("#list")).to_contain_text("large right pneumothorax")


def test_a_key_means_one_thing_on_a_page_and_acknowledges_over_the_open_film(page: Page, room: Room) -> None:
    """What the banner says of its keys holds wherever it stands; the sheet of keys begins at its beginning."""
    key = room.add(1)
    call_critical(room.world, key)
    open_study(page, room, key)
    for path in (
        f"/studies/{key}",
        "/",
        "/criticals",
        "/identity",
        "/roster",
        "/administration",
        "/alarms",
        "/quality",
    ):
        if page.url != room.address + path:
            page.goto(room.address + path)
        expect(page.get_by_text("pneumothorax 0.94").locator("visible=true").first).to_be_visible()
        page.keyboard.press("?")
        sheet = page.get_by_role("dialog", name="Keys")
        expect(sheet.get_by_role("button", name="Close")).to_be_focused()
        expect(sheet.get_by_role("heading", name="Keys")).to_be_in_viewport()
        keys = sheet.locator("kbd").all_inner_texts()
        assert "a" in keys
        assert sorted(keys) == sorted(set(keys)), path
        page.keyboard.press("Escape")
    page.goto(f"{room.address}/studies/{key}")
    page.wait_for_selector("#report h2")
    page.keyboard.press("a")
    expect(page.get_by_role("dialog")).to_contain_text("Read back, in your own words")


def test_an_overdue_result_says_so_in_words(page: Page, room: Room) -> None:
    call_critical(room.world, room.add(1), minutes_ago=31)
    sign_in(page, room)
    expect(page.locator("#critical")).to_contain_text("OVERDUE")


def test_a_long_reason_hides_neither_whose_film_it_is_nor_that_more_wait(page: Page, room: Room) -> None:
    for minutes in (31, 4, 3, 2, 1):
        call_critical(room.world, room.add(1), minutes_ago=minutes, reason="pneumothorax 0.94, said at length " * 9)
    sign_in(page, room)
    lines = page.locator("#critical li")
    expect(lines).to_have_count(4)
    expect(page.locator("#critical .more")).to_have_text("and 1 more")
    key = lines.first.get_by_role("link", name="Film").get_attribute("href")
    for path, says in (("/", "Phantom"), (str(key), "this film")):
        page.goto(room.address + path)
        expect(lines.first.locator(".finding-of > span")).to_contain_text(says)
        assert page.evaluate(_LAST_WORD_IS_INSIDE)


def test_the_second_who_acknowledges_is_told_who_was_faster(page: Page, room: Room) -> None:
    result = call_critical(room.world, room.add(1))
    sign_in(page, room)
    expect(page.locator("#critical")).to_contain_text("pneumothorax 0.94")
    page.keyboard.press("a")
    page.get_by_label("Read back, in your own words").fill("my words stay")
    other = room.door.as_("resident")
    body = {"etag": result.etag, "read_back": "taken by the resident"}
    assert other.send("POST", f"/api/criticals/{result.critical_key}/acknowledge", body).status == 200
    page.get_by_role("button", name="Acknowledge", exact=True).last.click()
    expect(page.get_by_role("dialog")).to_contain_text("was faster")
    expect(page.get_by_label("Read back, in your own words")).to_have_value("my words stay")


def a_later_image_adds(world: World, result: CriticalResult, reason: str) -> None:
    """What triage does when another film of the study shows something else."""
    called = (SidedFinding(FindingName.EFFUSION, "left"),)
    decision = a_decision(reason=reason, critical=True, message="Left effusion", critical_findings=called)
    with world.services.database.begin() as unit:
        held = unit.critical(result.critical_key)
        assert held is not None
        again = renewed(held, decision, PATH, world.services.clock.now())
        assert again is not None
        unit.save_critical(again, expected_etag=held.etag)
        unit.commit()


def test_a_finding_that_a_later_image_adds_is_seen_before_anything_is_acknowledged(page: Page, room: Room) -> None:
    result = call_critical(room.world, room.add(1))
    sign_in(page, room)
    strip = page.locator("#critical")
    expect(strip).to_contain_text("pneumothorax 0.94")
    page.keyboard.press("a")
    page.get_by_label("Read back, in your own words").fill("right pneumothorax")
    a_later_image_adds(room.world, result, "left pleural effusion 0.91")
    page.get_by_role("button", name="Acknowledge", exact=True).last.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("A later image brought something new: left pleural effusion 0.91. Read it again.")
    page.keyboard.press("Escape")
    expect(strip).to_contain_text("left pleural effusion 0.91")
    expect(page.locator("#announce")).to_contain_text("left pleural effusion 0.91")
    page.keyboard.press("a")
    page.keyboard.type("right pneumothorax, left effusion")
    page.keyboard.press("Enter")
    expect(strip).to_contain_text("Dr. Mira Frost has it")


def test_what_was_told_before_a_later_image_stays_on_the_page(page: Page, room: Room) -> None:
    result = call_critical(room.world, room.add(1))
    desk = CriticalDesk(room.world.services.database, room.world.services.clock)
    doctor = Actor("m.frost", Role.RADIOLOGIST, "Dr. Mira Frost")
    held = desk.acknowledge(doctor, result.critical_key, result.etag, "right pneumothorax")
    told = desk.communicate(
        doctor, held.critical_key, held.etag, to_whom="Dr Ng, ward 4", how="phone", read_back_confirmed=True
    )
    a_later_image_adds(room.world, told, "left pleural effusion 0.91")
    sign_in(page, room, path="/criticals")
    item = page.locator("#list li").first
    expect(item).to_contain_text("not acknowledged")
    item.locator("summary").click()
    expect(item).to_contain_text("told Dr Ng, ward 4 by phone")
    expect(item).to_contain_text("Before a later image brought another finding.")


def test_a_technologist_sees_that_one_waits_but_neither_whose_nor_how_to_act(page: Page, room: Room) -> None:
    call_critical(room.world, room.add(1))
    sign_in(page, room, "t.ode")
    strip = page.locator("#critical")
    expect(strip).to_contain_text("pneumothorax 0.94")
    expect(strip.get_by_role("button")).to_have_count(0)
    with room.world.services.database.begin(write=False) as unit:
        (result,) = unit.criticals()
    identity = room.world.services.vault.on_behalf_of(of_service(Purpose.CONSOLE)).study(result.study_key).identity
    assert identity.patient_id not in page.content()


def test_alarms_are_counted_at_the_bell_and_acknowledged(page: Page, room: Room) -> None:
    world = room.world
    with world.services.database.begin() as unit:
        silence = Silence(AlarmKind.NOTHING_ARRIVES, "nothing_arrives/north", "north", f"Nothing came. {HOSTILE}", True)
        raise_alarm(unit, silence, world.services.clock.now())
        unit.commit()
    sign_in(page, room)
    expect(page.get_by_role("link", name=re.compile("^Alarms ?: 1 not acknowledged, 1 open"))).to_be_visible()
    page.keyboard.press("A")
    page.wait_for_url("**/alarms")
    expect(page.locator("main")).to_contain_text(HOSTILE)
    page.get_by_role("button", name="Acknowledge").first.click()
    expect(page.get_by_role("link", name=re.compile("^Alarms ?: 0 not acknowledged, 1 open"))).to_be_visible()


def test_the_roster_shows_who_is_on_call_where_nobody_is_and_takes_a_hand_over_and_its_undo(
    page: Page, room: Room
) -> None:
    sign_in(page, room, path="/roster")
    main = page.locator("main")
    expect(main).to_contain_text("Ann")
    expect(main).to_contain_text("no one covers")
    page.get_by_label("Duty", exact=True).select_option(label="north: primary")
    page.get_by_label("To whom").select_option(label="Ben")
    tomorrow = (room.world.services.clock.now() + timedelta(days=1)).strftime("%Y-%m-%d")
    page.get_by_label("From").fill(f"{tomorrow}T08:00")
    page.get_by_label("Until").fill(f"{tomorrow}T12:00")
    page.get_by_label("Why").fill(HOSTILE)
    page.get_by_role("button", name="Hand over").click()
    hand_overs = page.locator("#hand-overs")
    expect(hand_overs).to_contain_text("Ben")
    expect(hand_overs).to_contain_text(HOSTILE)
    hand_overs.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo it").click()
    expect(hand_overs).not_to_contain_text(HOSTILE)
    assert "@sms.example" not in page.content()


@pytest.mark.parametrize("path", ["/", "/criticals", "/alarms", "/roster"])
def test_everybody_can_use_the_page(page: Page, room: Room, path: str) -> None:
    call_critical(room.world, room.add(1), reason=f"pneumothorax 0.94 {HOSTILE}")
    sign_in(page, room, path=path)
    expect(page.locator("#live")).to_contain_text("live")
    assert violations(page) == []
