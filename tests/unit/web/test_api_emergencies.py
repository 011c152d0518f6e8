"""Emergency access at the real door: opened with a reason, for a time, for reading alone; it rings, every access is marked, and somebody else judges it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from builders_web import PASSWORD, Answer, Browser, World, a_world, open_door

from wetread.domain.alarm import AlarmKind
from wetread.domain.role import Role
from wetread.web.services import WebSettings

MINUTES = 30
WHY = {"reason": "treating_now", "words": "resuscitation room, transferred by helicopter", "password": PASSWORD}


@pytest.fixture
def world() -> World:
    world = a_world(settings=WebSettings(emergency_minutes=MINUTES, idle_s=7200))
    for role in (Role.RADIOLOGIST, Role.RESIDENT, Role.QUALITY, Role.TECHNOLOGIST):
        world.add_account(f"south-{role.value}", role, sites=("south",))
    return world


@pytest.fixture
def door(world: World) -> Iterator[Browser]:
    with open_door(world) as browser:
        yield browser


@pytest.fixture
def key(world: World) -> str:
    return world.add_study(accession_number="ACC-7")


def opened(reader: Browser, study: str, **other: object) -> Answer:
    return reader.post("/api/emergencies", {"study": study, **WHY, **other})


def test_with_a_reason_one_study_is_open_for_a_time_and_every_access_is_marked(
    world: World, door: Browser, key: str
) -> None:
    reader, second = door.as_("south-radiologist"), world.add_study()
    assert reader.get(f"/api/studies/{key}").status == 404
    answer = opened(reader, "ACC-7")
    assert (answer.status, answer.json()["study_key"]) == (200, key)
    assert reader.get(f"/api/studies/{key}").status == 200
    assert reader.get(f"/api/studies/{key}/film.png").status == 200
    assert reader.get("/dicom-web/studies/2.25.1/metadata").status == 200
    assert reader.get("/dicom-web/studies/2.25.1/instances").status == 200
    assert reader.get(f"/api/studies/{second}").status == 404
    assert door.as_("south-resident").get(f"/api/studies/{key}").status == 404
    marked = [r.event for r in world.services.database.audit_records() if r.event.action == "emergency.access"]
    assert [dict(each.detail)["operation"] for each in marked] == [
        "study",
        "film",
        "metadata_of_study",
        "search_study_instances",
    ]
    assert {(each.study_key, dict(each.detail)["emergency"]) for each in marked} == {(key, "1")}
    world.clock.advance(MINUTES * 60)
    assert reader.get(f"/api/studies/{key}").status == 404


def test_it_is_on_no_list_of_theirs(door: Browser, key: str) -> None:
    reader = door.as_("south-radiologist")
    assert opened(reader, key).status == 200
    for path in ("/api/worklist", "/dicom-web/studies", "/fhir/ImagingStudy"):
        assert key not in reader.get(path).body.decode()


@pytest.mark.parametrize("words", ["", "   ", "urgent", " " * 40 + "x"])
def test_without_a_reason_nothing_opens_and_the_try_is_written_down(
    world: World, door: Browser, key: str, words: str
) -> None:
    reader = door.as_("south-radiologist")
    answer = opened(reader, key, words=words)
    assert (answer.status, answer.json()["code"]) == (422, "no_reason")
    assert opened(reader, key, reason="because").status == 400
    assert ("emergency.open", "south-radiologist", "no_reason") in world.audited()
    assert reader.get(f"/api/studies/{key}").status == 404


def test_it_takes_the_password_and_gives_the_session_another_secret(door: Browser, key: str) -> None:
    reader = door.as_("south-radiologist")
    before = reader.cookie
    assert opened(reader, key, password="not this one").status == 401
    assert (reader.cookie, reader.get(f"/api/studies/{key}").status) == (before, 404)
    assert opened(reader, key).status == 200
    assert reader.cookie != before


@pytest.mark.parametrize("study", ["ACC", "ACC-*", "ACC-?", "acc-8", "a" * 24, "*"])
def test_nothing_is_found_by_guessing_and_each_guess_is_written_down(
    world: World, door: Browser, key: str, study: str
) -> None:
    assert opened(door.as_("south-radiologist"), study).status == 404
    assert ("emergency.open", "south-radiologist", "study_not_found") in world.audited()


@pytest.mark.parametrize("account", ["south-technologist", "south-quality", "service", "admin", "ml_engineer"])
def test_roles_that_do_not_read_for_care_have_no_emergencies(door: Browser, key: str, account: str) -> None:
    assert opened(door.as_(account), key).status == 403


def test_what_is_open_already_needs_no_emergency(door: Browser, key: str) -> None:
    everywhere, reader = door.as_("radiologist"), door.as_("south-radiologist")
    assert opened(everywhere, key).json()["code"] == "within_reach"
    assert opened(reader, key).status == 200
    assert opened(reader, key).json()["code"] == "emergency_open"


WRITING = [
    ("POST", "/open", None),
    ("PUT", "/lock", {"screen": "screen-of-a-test"}),
    ("POST", "/sign", {"etag": 1, "meaning": "m", "password": PASSWORD}),
    ("POST", "/amend", {"reason": "r"}),
    ("POST", "/addendum", {"version": 1, "text": "t", "meaning": "m", "password": PASSWORD}),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITING)
def test_an_emergency_never_writes_or_signs(door: Browser, key: str, method: str, path: str, body: object) -> None:
    reader = door.as_("south-radiologist")
    assert opened(reader, key).status == 200
    answer = reader.send(method, f"/api/studies/{key}{path}", body)
    assert (answer.status, answer.json()["code"]) == (403, "emergency_reads_only")


def test_it_rings_at_once_and_until_it_is_judged(world: World, door: Browser, key: str) -> None:
    assert opened(door.as_("south-radiologist"), key).status == 200
    with world.services.database.begin(write=False) as unit:
        (alarm,) = unit.alarms()
    assert (alarm.kind, alarm.site, alarm.pages) == (AlarmKind.EMERGENCY_ACCESS, "north", True)
    assert alarm.next_page_at == world.clock.now()  # the pager's next sweep, within seconds
    assert "helicopter" not in alarm.message
    assert door.as_("quality").post("/api/emergencies/1/review", {"verdict": "justified", "note": ""}).status == 200
    with world.services.database.begin(write=False) as unit:
        assert [each for each in unit.alarms() if each.is_open] == []


def test_somebody_else_judges_it_once_and_it_ends(world: World, door: Browser, key: str) -> None:
    reader, quality = door.as_("south-radiologist"), door.as_("quality")
    assert opened(reader, key).status == 200
    assert reader.get(f"/api/studies/{key}").status == 200
    (row,) = quality.get("/api/emergencies").json()["emergencies"]  # type: ignore[misc]
    assert (row["accesses"], row["running"], row["verdict"], row["words"]) == (1, True, None, WHY["words"])
    verdict = {"verdict": "not_justified", "note": "the patient was not there"}
    assert reader.post("/api/emergencies/1/review", verdict).status == 403
    assert quality.post("/api/emergencies/1/review", verdict).status == 200
    assert quality.post("/api/emergencies/1/review", verdict).json()["code"] == "reviewed"
    assert reader.get(f"/api/studies/{key}").status == 404
    assert ("emergency.review", "quality", "success") in world.audited()


def test_nobody_judges_their_own_nor_one_of_a_site_out_of_reach(world: World, door: Browser, key: str) -> None:
    reader, admin = door.as_("south-radiologist"), door.as_("admin")
    assert opened(reader, key).status == 200
    assert door.as_("south-quality").get("/api/emergencies").json()["emergencies"] == []
    seen = door.as_("south-quality").post("/api/emergencies/1/review", {"verdict": "justified", "note": ""})
    assert seen.status == 404
    body = {"role": "quality", "password": PASSWORD}
    assert admin.send("PUT", "/api/accounts/south-radiologist/role", body).status == 200
    assert admin.send("PUT", "/api/accounts/south-radiologist/sites", {"sites": [], "password": PASSWORD}).status == 200
    mine = door.as_("south-radiologist").post("/api/emergencies/1/review", {"verdict": "justified", "note": ""})
    assert (mine.status, mine.json()["code"]) == (403, "own_emergency")


def test_after_its_time_it_is_opened_anew_with_another_reason_and_another_alarm(
    world: World, door: Browser, key: str
) -> None:
    reader = door.as_("south-radiologist")
    assert opened(reader, key).status == 200
    world.clock.advance(timedelta(minutes=MINUTES).total_seconds() + 1)
    assert opened(reader, key).json()["number"] == 2
    with world.services.database.begin(write=False) as unit:
        assert len([each for each in unit.alarms() if each.is_open]) == 2


def test_a_systems_account_is_never_narrowed_and_who_comes_back_reaches_no_more(world: World, door: Browser) -> None:
    admin = door.as_("admin")
    answer = admin.send("PUT", "/api/accounts/service/sites", {"sites": ["north"], "password": PASSWORD})
    assert answer.json()["code"] == "system_account"
    role = {"role": "service", "password": PASSWORD}
    assert admin.send("PUT", "/api/accounts/south-resident/role", role).json()["code"] == "system_account"
