"""Two orders of reading and two people on one study, at the screen: what is withheld, who may write, and that no word is lost."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from builders_web import PASSWORD
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from reading_room import (
    PATIENCE_MS,
    Room,
    film_is_shown,
    heat_map_is_here,
    open_study,
    session_ends_at_the_next_save,
    until,
)

from wetread.domain.identifiers import StudyKey
from wetread.domain.reading import ReaderProfile, ReadingMode
from wetread.domain.relabelling import RelabelRound, RelabelTask
from wetread.domain.role import Role
from wetread.domain.study_state import StudyState
from wetread.testing.builders import NOON

pytestmark = pytest.mark.real


def reads_in(room: Room, mode: ReadingMode) -> None:
    with room.world.services.database.begin() as unit:
        unit.save_reader_profile(ReaderProfile("m.frost", mode))
        unit.commit()


@pytest.fixture
def colleague(chromium: Chromium, room: Room) -> Iterator[Page]:
    """Another person at another machine."""
    room.world.add_account("d.lee", Role.RADIOLOGIST, name="Dr. Dana Lee")
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def findings_of(page: Page):  # type: ignore[no-untyped-def]
    return page.get_by_label("findings", exact=True)


def seen(room: Room) -> set[tuple[str, str]]:
    events = [each.event for each in room.world.services.database.audit_records() if each.event.action == "ai.seen"]
    return {(dict(each.detail)["what"], dict(each.detail).get("finding", "")) for each in events}


def kept(room: Room, key: str) -> str:
    with room.world.services.database.begin(write=False) as unit:
        copy = unit.recovery(StudyKey(key), "m.frost")
    return " ".join(text for _, text in copy.content.sections) if copy else ""


def acts(room: Room) -> list[str]:
    return [each.event.action for each in room.world.services.database.audit_records()]


def test_a_second_reader_commits_by_keyboard_and_is_then_shown_what_differs(page: Page, room: Room) -> None:
    reads_in(room, ReadingMode.SECOND_READER)
    key = room.add(1)
    open_study(page, room, key)
    film_is_shown(page)
    expect(page.get_by_role("heading", name="Your findings")).to_be_visible()
    for told in ("0.9", "operating point", "is likely", "pneumothorax called"):
        expect(page.locator("body")).not_to_contain_text(told)
    expect(page.locator("#why")).to_contain_text("CRITICAL")
    page.keyboard.press("h")
    expect(page.locator("canvas.heat")).to_be_hidden()
    page.keyboard.press("e")
    page.get_by_role("button", name="pleural effusion: I see it").press("Enter")
    page.get_by_label("Side of pleural effusion").select_option("left")
    page.get_by_label("How sure you are of pleural effusion").fill("70")
    page.keyboard.press("Control+Enter")
    table = page.locator(".compared table")
    expect(table.locator("[data-agreement=ai_only]")).to_contain_text("pneumothorax")
    expect(table.locator("[data-agreement=reader_only]")).to_contain_text("present, left, 70 %")
    expect(findings_of(page)).to_have_value("Right pneumothorax is likely.")
    pressed = page.locator('.finding[data-finding="effusion"] [aria-pressed=true]')
    expect(pressed).to_have_text("present")
    expect(page.locator('.finding[data-finding="pneumothorax"] [aria-pressed=true]')).to_have_count(0)
    page.locator('.finding[data-finding="pneumothorax"]').hover()
    heat_map_is_here(page)
    page.keyboard.press("h")
    expect(page.locator("canvas.heat")).to_be_visible()
    shown = {("findings", ""), ("draft", ""), ("box", "pneumothorax"), ("heat_map", "pneumothorax")}
    until(page, lambda: seen(room) == shown)
    assert [each for each in acts(room) if each in ("findings.commit", "ai.reveal")] == ["findings.commit", "ai.reveal"]


def test_without_ai_the_page_shows_none_and_the_report_starts_empty(page: Page, room: Room) -> None:
    reads_in(room, ReadingMode.AI_OFF)
    open_study(page, room, room.add(1))
    expect(page.locator("#findings")).to_contain_text("AI is off for this study")
    expect(findings_of(page)).to_have_value("")
    expect(page.locator("body")).not_to_contain_text("operating point")
    page.get_by_role("button", name="pneumothorax: I see it").click()
    findings_of(page).fill("Pneumothorax.")
    expect(page.locator("#saved")).to_contain_text("Saved ")


def test_a_colleague_reads_along_takes_over_and_the_first_loses_no_word(
    page: Page, colleague: Page, room: Room
) -> None:
    key = room.add(1)
    open_study(page, room, key)
    findings_of(page).fill("Saved words.")
    expect(page.locator("#saved")).to_contain_text("Saved ")
    open_study(colleague, room, key, "d.lee")
    banner = colleague.locator(".banner-line")
    expect(banner).to_contain_text("Dr. Mira Frost has this study open since")
    expect(colleague.locator("#report")).to_contain_text("Saved words.")
    expect(colleague.locator("textarea")).to_have_count(0)
    page.route("**/report", lambda route: route.abort())  # what is typed now does not reach the report
    findings_of(page).fill("Saved words. And words that were not.")
    expect(page.locator("#saved")).to_contain_text("Not saved:")
    banner.get_by_role("button", name="Take over").click()
    colleague.get_by_label("Why, for the log").select_option("urgent")
    colleague.get_by_role("dialog").get_by_role("button", name="Take over").click()
    expect(findings_of(colleague)).to_have_value("Saved words.")
    expect(page.locator("#report")).to_contain_text("Dr. Dana Lee took this study over")
    expect(page.locator("textarea")).to_have_count(0)
    expect(page.locator(".recovery")).to_contain_text("And words that were not.")
    findings_of(colleague).fill("The colleague's words.")
    expect(colleague.locator("#saved")).to_contain_text("Saved ")
    assert "study.take_over" in acts(room)
    page.unroute("**/report")
    page.locator(".banner-line").get_by_role("button", name="Take over").click()
    page.get_by_role("dialog").get_by_role("button", name="Take over").click()
    expect(findings_of(page)).to_have_value("The colleague's words.")
    page.get_by_role("button", name="Put it into the report").click()
    expect(findings_of(page)).to_have_value("Saved words. And words that were not.")
    expect(page.locator("#saved")).to_contain_text("Saved ")
    expect(colleague.locator("#report")).to_contain_text("Dr. Mira Frost took this study over")
    page.wait_for_function("() => !document.querySelector('.recovery')")


def test_a_second_tab_of_one_person_warns_and_the_first_can_only_read(page: Page, room: Room) -> None:
    key = room.add(1)
    open_study(page, room, key)
    expect(findings_of(page)).to_be_visible()
    second = page.context.new_page()
    second.goto(f"{room.address}/studies/{key}")
    expect(second.locator("#report")).to_contain_text("You had this study open in another tab")
    expect(findings_of(second)).to_be_visible()
    expect(page.locator("#report")).to_contain_text("You opened this study on another screen")
    expect(page.locator("textarea")).to_have_count(0)
    second.close()


def test_a_session_that_ends_in_mid_report_loses_nothing(page: Page, room: Room) -> None:
    key = room.add(1)
    open_study(page, room, key)
    expect(findings_of(page)).to_be_visible()
    session_ends_at_the_next_save(page, room)
    findings_of(page).fill("Typed as the session ended.")
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible()
    until(page, lambda: "Typed as the session ended." in kept(room, key))  # before anybody signs in again
    dialog.get_by_label("Password of").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#saved")).to_contain_text("Saved ")
    with room.world.services.database.begin(write=False) as unit:
        report = unit.report(StudyKey(key))
    assert report is not None
    assert "Typed as the session ended." in dict(report.content.sections).values()


def test_words_of_a_session_that_nobody_renewed_are_there_the_next_day(page: Page, room: Room) -> None:
    key = room.add(1)
    open_study(page, room, key)
    expect(findings_of(page)).to_be_visible()
    session_ends_at_the_next_save(page, room)
    findings_of(page).fill("Typed and left.")
    expect(page.get_by_role("dialog", name="Sign in again")).to_be_visible()
    until(page, lambda: "Typed and left." in kept(room, key))
    page.close()
    room.world.clock.advance(timedelta(hours=20).total_seconds())
    later = page.context.new_page()
    open_study(later, room, key)
    expect(later.locator(".recovery")).to_contain_text("Typed and left.")
    later.get_by_role("button", name="Put it into the report").click()
    expect(findings_of(later)).to_have_value("Typed and left.")


def test_an_adjudicator_answers_on_the_page_and_sees_the_rest_afterwards(page: Page, room: Room) -> None:
    key = StudyKey(room.add(1, state=StudyState.SIGNED))
    with room.world.services.database.begin() as unit:
        drawn = RelabelRound("r1", ("effusion", "pneumothorax"), 1, 1, 1, 1, "", (), "quality", NOON)
        unit.add_relabel_round(drawn, [RelabelTask("r1", key, "p", "north", drawn.findings, (), 1.0)])
        unit.commit()
    open_study(page, room, key)
    film_is_shown(page)
    expect(page.locator("#why")).to_contain_text("WITHHELD")
    expect(page.locator("#findings .finding")).to_have_count(2)
    expect(page.locator("body")).not_to_contain_text("operating point")
    page.get_by_role("button", name="pleural effusion: I do not see it").click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("Answer for every finding: 1 are left.")
    page.get_by_role("button", name="pneumothorax: I see it").click()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#findings")).to_contain_text("operating point")
    with room.world.services.database.begin(write=False) as unit:
        task = unit.relabel_task("r1", key)
    assert task is not None
    assert [[str(each) for each in read.answers] for read in task.reads] == [["negative", "positive"]]
