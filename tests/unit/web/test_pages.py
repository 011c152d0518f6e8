"""The pages: strict policy, no foreign request, no markup from data, a name on every control."""

import gzip
import re
from pathlib import Path

import pytest
from builders_web import Browser, World

from wetread.domain.alarm import AlarmKind
from wetread.web.pages import ROOM

SOURCES = Path(__file__).parents[3] / "ui"
BUILT = {each.name: each.read_text("utf-8") for each in ROOM.joinpath("assets").iterdir()}
PAGES = {each.name: each.read_text("utf-8") for each in ROOM.iterdir() if each.name.endswith(".html")}
SCRIPTS = {name: text for name, text in BUILT.items() if name.endswith(".js")}
STYLE = next(name for name in BUILT if name.endswith(".css"))


@pytest.mark.parametrize("path", ["/login", f"/assets/{STYLE}", "/healthz", "/nothing", "/api/worklist"])
def test_every_answer_carries_the_policy(door: Browser, path: str) -> None:
    headers = door.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/studies/" + "a" * 24,
        "/criticals",
        "/identity",
        "/alarms",
        "/roster",
        "/quality",
        "/administration",
        "/administration/audit",
    ],
)
def test_a_stranger_is_shown_the_door_and_comes_back_after(door: Browser, path: str) -> None:
    answer = door.get(path)
    assert (answer.status, answer.headers["location"]) == (303, f"/login?next={path}")
    assert door.as_("radiologist").get(path).status == 200


def test_pages_hold_no_data(world: World, door: Browser) -> None:
    key = world.add_study(patient_name="Secret^Person")
    reader = door.as_("radiologist")
    assert reader.get(f"/studies/{key}").body == reader.get("/studies/" + "a" * 24).body


@pytest.mark.parametrize("name", PAGES)
def test_pages_have_no_inline_script_or_style_and_nothing_foreign(name: str) -> None:
    page = PAGES[name]
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert address.startswith("/")
        assert not address.startswith("//")


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_never_parse_text_as_markup_or_code(name: str) -> None:
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|setTimeout\(\s*[\"'`]|javascript:|localStorage|sessionStorage",
        SCRIPTS[name],
    )
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", SCRIPTS[name])


@pytest.mark.parametrize("kind", AlarmKind)
def test_every_kind_of_alarm_has_a_title_and_what_to_do(kind: AlarmKind) -> None:
    source = (SOURCES / "src" / "alarms.ts").read_text("utf-8")
    said = re.search(rf'^  {kind.value}: {{ title: t\("([^"]+)"\), todo: t\("([^"]+)"\)', source, re.MULTILINE)
    assert said is not None
    words = (SOURCES / "src" / "catalogue_rooms.ts").read_text("utf-8")
    assert all(re.search(rf'^  "{re.escape(key)}": "[^"]+",$', words, re.MULTILINE) for key in said.groups())


@pytest.mark.parametrize("name", [each for each in BUILT if each.endswith(".css")])
def test_styles_fetch_nothing(name: str) -> None:
    assert "url(" not in BUILT[name]
    assert "@import" not in BUILT[name]


@pytest.mark.parametrize("name", PAGES)
def test_everything_a_page_loads_is_there(name: str) -> None:
    loaded = re.findall(r'"/assets/([^"]+)"', PAGES[name])
    assert loaded
    assert set(loaded) <= set(BUILT)


@pytest.mark.parametrize("name", [each for each in PAGES if each != "login.html"])
def test_the_notice_is_on_every_page(name: str) -> None:
    assert "Assistive research tool. Not a cleared device. AI may be wrong." in PAGES[name]


def test_an_asset_is_kept_for_ever_and_a_page_asked_for_again(door: Browser) -> None:
    style, page = door.get(f"/assets/{STYLE}"), door.get("/login")
    assert style.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert door.get("/login", {"If-None-Match": page.headers["etag"]}).status == 304


def test_who_takes_gzip_gets_it(door: Browser) -> None:
    zipped = door.get(f"/assets/{STYLE}", {"Accept-Encoding": "gzip, br"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert gzip.decompress(zipped.body).decode() == BUILT[STYLE]
    assert "content-encoding" not in door.get(f"/assets/{STYLE}").headers


def test_another_site_may_link_to_a_page_but_not_read_it(door: Browser) -> None:
    reader = door.as_("radiologist")
    visit = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert reader.get("/", visit).status == 200
    assert reader.get("/", {**visit, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}).status == 403
    assert reader.get("/", {**visit, "Sec-Fetch-Dest": "iframe"}).status == 403
    assert reader.get("/api/worklist", visit).status == 403
