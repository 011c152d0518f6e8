"""The worklist at the screen: by keyboard alone, live, filtered without hiding a critical study, searched, and ten thousand studies long."""

from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from playwright.sync_api import Page, expect
from reading_room import Room, sign_in

from wetread.domain.audit import AuditEvent
from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import Priority
from wetread.domain.study_state import StudyState
from wetread.testing.builders import a_decision, a_study

pytestmark = pytest.mark.real

AXE = Path(__file__).parents[1] / "neighbours" / "node" / "node_modules" / "axe-core" / "axe.min.js"


def _add(room: Room, priority: Priority, *, critical: bool = False, minutes: float = 5, **identity: object) -> str:
    decision = a_decision(priority=priority, critical=critical, reason=f"pneumothorax 0.9{priority.rank}")
    received_at = room.world.clock.now() - timedelta(minutes=minutes)
    return room.world.add_study(decision=decision, received_at=received_at, **identity)  # type: ignore[arg-type]


def _open_list(page: Page, room: Room, actor_id: str = "m.frost") -> None:
    sign_in(page, room, actor_id)
    expect(page.locator("tbody tr").first).to_be_focused()


def test_by_keyboard_alone_from_the_list_to_a_film(page: Page, room: Room) -> None:
    _add(room, Priority.STAT, patient_name="First^Ann")
    second = _add(room, Priority.URGENT, patient_name="Second^Ben")
    _add(room, Priority.ROUTINE, patient_name="Third^Cy")
    _open_list(page, room)
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.locator("tbody tr").first).to_be_focused()
    expect(page.locator("#place")).to_contain_text("place 1: ")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#place")).to_contain_text("place 2: after 1 stat")
    page.keyboard.press("End")
    expect(page.locator("tr[aria-selected=true]")).to_contain_text("Third, Cy")
    page.keyboard.press("/")
    page.keyboard.type("second")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("#shown")).to_have_text("1 of 3")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/studies/{second}")


def test_the_order_changes_under_the_reader_and_the_selection_stays(page: Page, room: Room) -> None:
    _add(room, Priority.URGENT, patient_name="Waiting^Ann")
    chosen = _add(room, Priority.ROUTINE, patient_name="Chosen^Ben")
    _open_list(page, room)
    page.keyboard.press("j")
    expect(page.locator("tr[aria-selected=true]")).to_contain_text("Chosen, Ben")
    _add(room, Priority.STAT, minutes=0, patient_name="New^Cy")
    with room.world.services.database.begin() as unit:
        study = unit.study(StudyKey(chosen))
        unit.save_study(a_study(**{f: getattr(study, f) for f in study.__slots__} | {"state": StudyState.TRIAGED}))  # type: ignore[arg-type]
        unit.audit(AuditEvent("study.change", "wetread", study_key=StudyKey(chosen)), room.world.clock.now())
        unit.commit()
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.locator("tbody tr").first).to_contain_text("New, Cy")
    expect(page.locator("tr[aria-selected=true]")).to_contain_text("Chosen, Ben")
    expect(page.locator("tr[aria-selected=true]")).to_be_focused()
    expect(page.locator("tr[aria-selected=true]")).to_contain_text("drafting")


def test_a_filter_that_hides_a_critical_study_says_so(page: Page, room: Room) -> None:
    _add(room, Priority.STAT, critical=True, patient_name="Critical^Ann")
    _add(room, Priority.ROUTINE, patient_name="Plain^Ben")
    _open_list(page, room)
    page.get_by_label("Priority", exact=True).select_option("routine")
    expect(page.locator("tbody tr")).to_have_count(1)
    alert = page.locator("#notes .alert")
    expect(alert).to_contain_text("1 critical study that nobody has acknowledged is not among those shown.")
    page.get_by_role("button", name="Show them").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tr[aria-selected=true]")).to_contain_text("Critical, Ann")
    expect(alert).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("nothing is called that")
    expect(page.locator("#message")).to_contain_text("Nothing matches the filter")
    expect(alert).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("0")
    expect(page.locator("tbody tr")).to_have_count(2)


def test_a_saved_view_is_a_key_and_is_there_on_another_screen(page: Page, room: Room) -> None:
    _add(room, Priority.STAT, patient_name="One^Ann")
    _add(room, Priority.ROUTINE, patient_name="Two^Ben")
    _open_list(page, room)
    page.get_by_label("Priority", exact=True).select_option("stat")
    page.get_by_role("button", name="Save view").click()
    page.keyboard.type("Only stat")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Only stat", exact=True)).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.locator("tbody tr").first).to_be_focused()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.get_by_role("button", name="Only stat", exact=True)).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("4")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("saved view Only stat")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove view Only stat").click()
    expect(page.get_by_role("button", name="Only stat", exact=True)).to_have_count(0)


def test_search_finds_what_is_on_no_list_to_read_and_leaves_no_words_behind(page: Page, room: Room) -> None:
    _add(room, Priority.ROUTINE, patient_name="Other^Ann")
    room.world.add_study(StudyState.DELIVERED, patient_name="Okafor^Ngozi", accession_number="ACC-77")
    _open_list(page, room)
    page.keyboard.press("/")
    page.keyboard.type("okafor, n")
    page.keyboard.press("Enter")
    expect(page.locator("#notes")).to_contain_text("1 study found in all lists.")
    expect(page.locator("tbody tr")).to_contain_text("ACC-77")
    expect(page.locator("tbody tr")).to_contain_text("delivered")
    page.keyboard.press("Escape")
    expect(page.locator("tbody tr")).to_contain_text("Other, Ann")
    assert "kafor" not in page.url
    assert "kafor" not in repr(list(room.world.services.database.audit_records()))


def test_hostile_names_and_views_are_only_text(page: Page, room: Room) -> None:
    nasty = "<img src=https://evil.example/a onerror=alert(1)>"
    view = {"name": "<b>x</b>" + '"><i>', "view": "open", "states": [], "priorities": [], "sites": [nasty]}
    reader = room.door.as_("m.frost")
    assert reader.send("PUT", "/api/worklist/views", {"views": [view]}).status == 200
    _add(room, Priority.STAT, patient_name=nasty, patient_id=nasty, accession_number="{{7*7}}")
    _open_list(page, room)
    expect(page.locator("tbody tr")).to_contain_text("{{7*7}}")
    expect(page.locator("#place .what")).to_contain_text("<img src")
    expect(page.get_by_role("button", name='<b>x</b>"><i>', exact=True)).to_be_visible()
    page.keyboard.press("4")
    expect(page.locator("#site")).to_contain_text("<img src")


def test_ten_thousand_studies_scroll_and_only_some_are_elements(page: Page, room: Room) -> None:
    now = room.world.clock.now()
    with room.world.services.database.begin() as unit:
        for number in range(10_000):
            moment = now - timedelta(seconds=number)
            unit.save_study(a_study(study_key=StudyKey(f"{number:024x}"), state=StudyState.DRAFTED, received_at=moment, critical=False, priority=Priority.ROUTINE))  # fmt: skip
        unit.commit()
    _open_list(page, room, "technologist")
    expect(page.locator("#view-open")).to_have_text("To read 10,000")
    expect(page.locator("#table")).to_have_attribute("aria-rowcount", "10001")
    page.keyboard.press("End")
    last = page.locator("tr[aria-selected=true]")
    expect(last).to_have_attribute("aria-rowindex", "10001")
    expect(last).to_be_in_viewport()
    expect(last).to_be_focused()
    assert page.locator("tbody tr").count() < 80
    page.keyboard.press("PageUp")
    page.keyboard.press("Home")
    expect(page.locator("tr[aria-selected=true]")).to_have_attribute("aria-rowindex", "2")
    page.locator("#list").evaluate("list => list.scrollTop = list.scrollHeight / 2")
    expect(page.locator("tbody tr[aria-rowindex='5001']")).to_be_in_viewport()


@pytest.mark.parametrize("size", [(1280, 800), (2560, 1440)], ids=str)
def test_axe_finds_no_serious_barrier(page: Page, room: Room, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    _add(room, Priority.STAT, critical=True)
    _add(room, Priority.ROUTINE)
    _open_list(page, room)
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_label("Priority", exact=True).select_option("routine")
    expect(page.locator("#place .place")).to_contain_text("place 2")
    page.evaluate(AXE.read_text("utf-8"))
    found = cast(list[dict[str, object]], page.evaluate("async () => (await axe.run()).violations"))
    serious = {each["id"]: each["nodes"] for each in found if each["impact"] in ("serious", "critical")}
    assert serious == {}
    fits = page.evaluate(
        "document.documentElement.scrollWidth <= innerWidth && document.body.scrollHeight <= innerHeight"
    )
    assert fits is True
