"""From one study to the next without loading a page: film, patient, findings and report on the screen always belong to one study, no word is lost, and everything is logged where it belongs."""

import io
import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Error as PageError
from playwright.sync_api import Page, Route, expect
from reading_room import Room, film_is_shown, open_study, sign_in, until
from tests.journey.test_browser_film import a_film

from wetread.domain.finding import FindingName, concept
from wetread.domain.identifiers import StudyKey
from wetread.domain.reading import ReaderProfile, ReadingMode
from wetread.domain.report import Section, Sentence
from wetread.testing.builders import a_draft, a_finding, an_analysis

pytestmark = pytest.mark.real

_LOOKS = ((40, "Amber^One", FindingName.EFFUSION), (120, "Basalt^Two", FindingName.NODULE), (220, "Coral^Three", FindingName.FRACTURE))  # fmt: skip
# What stands on the screen in each frame: every part with the name of whose it is read off itself.
_WATCH = """() => { const seen = new Set(); globalThis.framesSeen = () => [...seen];
  const text = (selector) => [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility()).map((each) => each.value ?? each.textContent).join("|");
  const grey = () => { const canvas = document.querySelector("canvas.pixels"); if (!canvas?.checkVisibility() || canvas.width < 9) return null;
    return canvas.getContext("2d").getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data[0]; };
  const look = () => { seen.add(JSON.stringify({ address: location.pathname, key: document.querySelector("[data-study]")?.dataset.study ?? null, patient: text("#patient"), facts: text("#facts"), grey: grey(), findings: text(".finding.called .name"), report: text("textarea") })); requestAnimationFrame(look); };
  look(); }"""


@dataclass
class Case:
    """A study whose every part says whose it is."""

    key: str
    name: str
    grey: int
    finding: str
    words: str

    def agrees(self, frame: dict[str, Any]) -> bool:
        return (
            frame["patient"] in (self.name, "Loading the study")
            and (frame["facts"] == "" or self.words.removeprefix("Words about ") in frame["facts"])
            and (frame["grey"] is None or abs(frame["grey"] - self.grey) <= 1)
            and frame["findings"] in (self.finding, "")
            and (frame["report"] == "" or self.words in frame["report"])
        )

    def whole(self, frame: dict[str, Any]) -> bool:
        return frame["patient"] == self.name and None not in (frame["grey"],) and self.words in frame["report"]


@pytest.fixture
def cases(room: Room) -> list[Case]:
    """Three of them, in the order of the list."""
    return [_case(room, at, *look) for at, look in enumerate(_LOOKS)]


def _case(room: Room, at: int, grey: int, name: str, finding: FindingName) -> Case:
    number = f"T{at}"
    pixels = np.full((300, 300), grey, np.uint8)
    film = a_film(50 + at, pixels, bits=8, WindowCenter=128, WindowWidth=256, PatientName=name, PatientID=number)
    content = io.BytesIO()
    film.save_as(content, enforce_file_format=True)
    path = room.folder / "film.dcm"
    path.write_bytes(content.getvalue())
    words = f"Words about {number}"
    key = room.world.add_study(
        content=content.getvalue(),
        film=room.world.services.decoder.inspect(path),
        received_at=room.world.clock.now() - timedelta(minutes=90 - at),
        analysis=an_analysis(findings=(a_finding(finding),)),
        draft=a_draft(sentences=(Sentence(Section.FINDINGS, words, ()),)),
    )
    family, _, given = name.partition("^")
    return Case(key, f"{family}, {given}", grey, f"{concept(finding).display}, left", words)


def is_shown(page: Page, case: Case) -> None:
    expect(page.locator("#patient")).to_have_text(case.name)
    expect(page.get_by_label("findings", exact=True)).to_have_value(case.words)
    film_is_shown(page)


def audited(room: Room) -> list[tuple[str, str | None]]:
    return [(each.event.action, each.event.study_key) for each in room.world.services.database.audit_records()]


def has_lock(room: Room, case: Case) -> bool:
    with room.world.services.database.begin(write=False) as unit:
        return unit.lock(StudyKey(case.key)) is not None


def frames(page: Page) -> list[dict[str, Any]]:
    return [json.loads(each) for each in page.evaluate("() => globalThis.framesSeen()")]


@dataclass
class Held:
    """Answers that take as long as the test likes."""

    page: Page
    routes: list[Route] = field(default_factory=list)

    def hold(self, key: str) -> None:
        self.page.route(f"**/api/studies/{key}**", self._keep)
        self.page.route(f"**/api/studies/{key}/**", self._keep)

    def _keep(self, route: Route) -> None:
        self.routes.append(route)

    def release(self, key: str) -> None:
        """The last first."""
        for route in reversed(self.routes):
            with suppress(PageError):  # the page has given it up
                route.continue_()
        self.page.unroute(f"**/api/studies/{key}**")
        self.page.unroute(f"**/api/studies/{key}/**")


def test_no_frame_shows_anything_of_two_studies_however_late_the_answers_come(
    page: Page, room: Room, cases: list[Case]
) -> None:
    first, second, third = cases
    open_study(page, room, first.key)
    is_shown(page, first)
    page.evaluate(_WATCH)
    loads = page.evaluate("() => performance.timeOrigin")
    held = Held(page)
    held.hold(second.key)
    page.keyboard.press("n")
    page.wait_for_url(f"**/studies/{second.key}")
    expect(page.locator("#patient")).to_have_text("Loading the study")
    expect(page.locator("canvas.pixels")).to_be_hidden()
    page.go_back()
    is_shown(page, first)
    held.release(second.key)
    page.wait_for_timeout(600)  # the more of the late answers come by then, the more this shows
    until(page, lambda: ("ai.seen", first.key) in audited(room))
    is_shown(page, first)
    page.keyboard.press("n")
    is_shown(page, second)
    until(page, lambda: {("ai.seen", second.key), ("film.prepared", third.key)} <= set(audited(room)))
    page.keyboard.press("n")
    is_shown(page, third)
    page.go_back()
    is_shown(page, second)
    page.go_forward()
    is_shown(page, third)
    until(page, lambda: ("ai.seen", third.key) in audited(room))
    until(page, lambda: [has_lock(room, each) for each in cases] == [False, False, True])
    by_key = {each.key: each for each in cases}
    told = frames(page)
    wrong = [each for each in told if not by_key[each["key"]].agrees(each)]
    assert wrong == []
    assert {each["key"] for each in told if by_key[each["key"]].whole(each)} == set(by_key)
    assert page.evaluate("() => performance.timeOrigin") == loads
    assert page.title() == "Reading · wetread"
    expect(page.locator("#announce")).to_contain_text("Coral, Three")
    done = audited(room)
    for case in cases:
        assert ("study.open", case.key) in done
        assert ("film.read", case.key) in done
        assert ("ai.seen", case.key) in done
    assert done.index(("film.prepared", third.key)) < done.index(("film.read", third.key))


def test_a_study_opens_in_front_of_the_list_and_the_list_comes_back_as_it_was(
    page: Page, room: Room, cases: list[Case]
) -> None:
    first, second, third = cases
    sign_in(page, room)
    expect(page.locator("tbody tr")).to_have_count(3)
    page.evaluate(_WATCH)
    loads = page.evaluate("() => performance.timeOrigin")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    is_shown(page, second)
    assert page.title() == "Reading · wetread"
    expect(page.locator("#worklist")).to_be_hidden()
    expect(page.locator("#rooms [aria-current]")).to_have_count(0)
    page.keyboard.press("j")  # of the study, not of the list behind it
    expect(page.locator(".finding .name").first).to_be_focused()
    page.keyboard.press("u")
    expect(page.locator("#worklist")).to_be_visible()
    expect(page.locator("[data-study]")).to_have_count(0)
    assert page.url == f"{room.address}/"
    assert page.title() == "Worklist · wetread"
    expect(page.locator(f'tr[data-key="{second.key}"]')).to_be_focused()
    expect(page.locator(f'tr[data-key="{second.key}"]')).to_contain_text("reading")
    page.locator(f'tr[data-key="{third.key}"] a.who').click()
    is_shown(page, third)
    page.go_back()
    expect(page.locator("#worklist")).to_be_visible()
    page.go_back()
    is_shown(page, second)
    page.get_by_role("link", name="Worklist").click()
    expect(page.locator("#worklist")).to_be_visible()
    by_key = {each.key: each for each in cases}
    assert [each for each in frames(page) if each["key"] and not by_key[each["key"]].agrees(each)] == []
    assert all(each["patient"] == "" for each in frames(page) if not each["key"])
    assert page.evaluate("() => performance.timeOrigin") == loads
    assert not has_lock(room, first)


def test_what_is_typed_last_is_stored_before_the_study_is_left(page: Page, room: Room, cases: list[Case]) -> None:
    first, second, _ = cases
    open_study(page, room, first.key)
    is_shown(page, first)
    page.keyboard.press("e")
    page.keyboard.press("Control+End")
    page.keyboard.type(". Typed last.")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    is_shown(page, second)
    page.go_back()
    expect(page.locator("#patient")).to_have_text(first.name)
    expect(page.get_by_label("findings", exact=True)).to_have_value(f"{first.words}. Typed last.")


def test_a_study_is_not_left_with_words_that_nobody_took(page: Page, room: Room, cases: list[Case]) -> None:
    first, second, _ = cases
    open_study(page, room, first.key)
    is_shown(page, first)
    for what in ("report", "recovery"):
        page.route(f"**/api/studies/{first.key}/{what}", lambda route: route.abort())
    page.keyboard.press("e")
    page.keyboard.press("Control+End")
    page.keyboard.type(". Nobody took it.")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.get_by_role("dialog", name="Not saved")).to_be_visible()
    page.keyboard.press("Enter")  # Stay here
    expect(page.get_by_label("findings", exact=True)).to_have_value(f"{first.words}. Nobody took it.")
    page.unroute_all()
    page.keyboard.press("Control+s")
    expect(page.locator("#saved")).to_contain_text("Saved ")
    page.keyboard.press("n")
    is_shown(page, second)


def test_a_second_reader_meets_every_next_study_without_the_ai(page: Page, room: Room, cases: list[Case]) -> None:
    first, second, _ = cases
    with room.world.services.database.begin() as unit:
        unit.save_reader_profile(ReaderProfile("m.frost", ReadingMode.SECOND_READER))
        unit.commit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_study(page, room, first.key)
    film_is_shown(page)
    page.evaluate(_WATCH)
    page.keyboard.press("e")
    page.get_by_role("button", name="nodule: I do not see it").press("Enter")
    page.keyboard.press("Control+Enter")
    is_shown(page, first)
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Your findings")).to_be_visible()
    expect(page.locator("#patient")).to_have_text(second.name)
    film_is_shown(page)
    told = [each for each in frames(page) if each["key"] == second.key]
    assert told
    assert all(each["findings"] == each["report"] == "" for each in told)
    assert not [url for url in asked if second.key in url and ("heatmap" in url or "provenance" in url)]
