"""Every operation that names a study, times every role, times its own site and another: what is elsewhere is not there, and that somebody asked is written down."""

from dataclasses import replace

import pytest
from builders_operations import BODIES, path_of
from builders_web import Answer, Browser, World, a_world, open_door
from builders_workitems import JSON, a_read

from wetread.domain.role import PERMITTED, SYSTEMS, Act, Role
from wetread.web.operation_table import OPERATIONS
from wetread.web.operations import Operation
from wetread.web.reach import _NOBODYS

NAMED = tuple(_NOBODYS)
PEOPLE = [role for role in Role if role not in SYSTEMS]
OF_A_STUDY = [
    each for each in OPERATIONS if any(f"{{{name}}}" in each.path for name in NAMED) and each.act is not Act.PLACE_ORDER
]
IN_A_BODY = ["look_at_erasure", "ask_for_erasure", "set_legal_hold", "release_returned"]


@pytest.fixture(scope="module")
def world() -> World:
    world = a_world()
    for role in PEOPLE:
        world.add_account(f"here-{role.value}", role, sites=("north",))
        world.add_account(f"there-{role.value}", role, sites=("south", "west"))
    return world


@pytest.fixture(scope="module")
def door(world: World):  # type: ignore[no-untyped-def]
    with open_door(world) as browser:
        yield browser


@pytest.fixture(scope="module")
def readers(door: Browser) -> dict[str, Browser]:
    return {
        f"{where}-{role.value}": door.as_(f"{where}-{role.value}") for where in ("here", "there") for role in PEOPLE
    }


@pytest.fixture(scope="module")
def key(world: World, door: Browser) -> str:
    key = world.add_study(accession_number="FAR1", patient_name="ELSEWHERE^ANN")
    asker = door.as_("radiologist")
    answer = asker.post("/dicom-web/workitems?2.25.404", [a_read("2.25.1")], {"Content-Type": JSON})
    assert answer.status == 201, answer.body
    return key


def ask(browser: Browser, operation: Operation, path: str) -> Answer:
    headers = {"If-Match": '"1"'} if operation.if_match else {}
    if operation.takes:
        return browser.send(operation.method, path, headers={"Content-Type": operation.takes[0]}, raw=b"[{}]")
    return browser.send(operation.method, path, BODIES.get(operation.name), headers)


def other_sites(world: World) -> int:
    return sum(outcome == "other_site" for _, _, outcome in world.audited())


@pytest.mark.parametrize("role", PEOPLE)
@pytest.mark.parametrize("operation", OF_A_STUDY, ids=lambda each: each.name)
def test_a_study_of_another_site_is_not_there(
    world: World, readers: dict[str, Browser], key: str, operation: Operation, role: Role
) -> None:
    path = path_of(operation, key)
    nobodys = path_of(operation, "a" * 24).replace("2.25.1", "2.25.9")
    if "{workitem}" in operation.path:
        nobodys = path.replace("2.25.404", "2.25.405")
    before = other_sites(world)
    there, missing = (ask(readers[f"there-{role.value}"], operation, each) for each in (path, nobodys))
    assert (there.status, there.body) == (missing.status, missing.body)
    if operation.act in PERMITTED[role]:
        assert there.status == (400 if operation.name == "suspend_subscription" else 404)
        assert other_sites(world) == before + 1
    else:
        assert there.status == 403


@pytest.mark.parametrize("operation", [each for each in OF_A_STUDY if not each.changes], ids=lambda each: each.name)
def test_a_study_of_ones_own_site_is_answered_as_to_everybody(
    door: Browser, readers: dict[str, Browser], key: str, operation: Operation
) -> None:
    path = path_of(operation, key)
    for role in (each for each in PEOPLE if operation.act in PERMITTED[each]):
        everybody = ask(door.as_(role.value), operation, path)
        assert ask(readers[f"here-{role.value}"], operation, path).status == everybody.status


LISTS = (
    "/api/worklist", "/api/worklist?first=10", "/api/worklist/next", "/api/criticals", "/api/identity-holds",
    "/dicom-web/studies", "/dicom-web/series", "/dicom-web/instances", "/dicom-web/studies?AccessionNumber=FAR1",
    "/dicom-web/workitems", "/fhir/ImagingStudy", "/fhir/Patient", f"/fhir/DiagnosticReport?_id={'k'}",
)  # fmt: skip


@pytest.mark.parametrize("role", PEOPLE)
@pytest.mark.parametrize("path", LISTS)
def test_no_list_and_no_search_tells_of_another_site(
    readers: dict[str, Browser], key: str, path: str, role: Role
) -> None:
    seen = readers[f"there-{role.value}"].get(path.replace("_id=k", f"_id={key}"))
    assert seen.status in (200, 204, 403)
    told = seen.body.decode().replace(f"_id={key}", "")  # a search says again what was searched for
    for sign in (key, "ELSEWHERE", "FAR1", "2.25.1.1", "2.25.404"):
        assert sign not in told


def test_a_search_by_name_finds_ones_own_sites_only(readers: dict[str, Browser], key: str) -> None:
    found = {
        who: readers[who].post("/api/worklist/search", {"text": "FAR1"}).json()["studies"]
        for who in ("here-radiologist", "there-radiologist")
    }
    assert [each["study_key"] for each in found["here-radiologist"]] == [key]  # type: ignore[attr-defined]
    assert found["there-radiologist"] == []


def test_the_list_counts_ones_own_sites_only_and_goes_on_from_its_cursor(readers: dict[str, Browser], key: str) -> None:
    here, there = (readers[f"{each}-radiologist"].get("/api/worklist").json() for each in ("here", "there"))
    assert there["counts"] == {"open": 0, "reported": 0, "rejected": 0}
    assert (there["shown"], there["studies"], there["open_by"]) == (0, [], {})
    assert here["counts"]["open"] == here["shown"] >= 1  # type: ignore[index]
    again = readers["there-radiologist"].get(f"/api/worklist?since={there['cursor']}")
    assert (again.status, again.json()["complete"], again.json()["studies"]) == (200, True, [])


@pytest.mark.parametrize("name", IN_A_BODY)
def test_a_study_named_in_a_body_is_not_there_either(
    world: World, readers: dict[str, Browser], key: str, name: str
) -> None:
    operation = next(each for each in OPERATIONS if each.name == name)
    body = {**BODIES[name], "study_key": key}  # type: ignore[dict-item]
    answer = readers["there-quality"].send(operation.method, operation.path, body)
    assert answer.status == 404
    assert ("refused", "there-quality", "other_site") in world.audited()


def test_who_reaches_some_sites_puts_no_work_on_the_list_of_all(readers: dict[str, Browser], key: str) -> None:
    sent = {"Content-Type": JSON}
    answer = readers["there-radiologist"].post("/dicom-web/workitems", [a_read("2.25.1")], sent)
    assert answer.status == 403


def test_an_earlier_film_from_another_site_is_not_shown_beside_ones_own(
    world: World, readers: dict[str, Browser]
) -> None:
    earlier, now = (world.add_study(patient_id="SAME") for _ in range(2))
    with world.services.database.begin() as unit:
        study = unit.study(now)
        unit.save_study(replace(study, traits=replace(study.traits, site="south")))
        unit.commit()
    seen = readers["there-radiologist"].get(f"/api/studies/{now}")
    assert seen.status == 200
    assert earlier not in seen.body.decode()
