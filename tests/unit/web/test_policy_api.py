"""Saving a triage policy over HTTP: two people, their passwords, and the worklist follows without a restart."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from builders_web import PASSWORD, Browser, World, a_world, open_door

from wetread.triage.policy import DEFAULT_POLICY
from wetread.triage.policy_book import LivePaths, PolicyBook
from wetread.web.services import Administration

FILE = DEFAULT_POLICY.read_text("utf-8")
NEW = FILE.replace('"default-2"', '"north-1"').replace("waiting_cap_minutes: 720", "waiting_cap_minutes: 600")
STEP = {"reason": "agreed", "password": PASSWORD}


@pytest.fixture
def world() -> World:
    made = a_world()
    policies = PolicyBook(made.services.database, DEFAULT_POLICY)
    shown = Administration(policy_text=policies.file_text)
    made.services = replace(made.services, administration=shown, policies=policies, paths=LivePaths(policies))
    return made


@pytest.fixture
def door(world: World) -> Iterator[Browser]:
    with open_door(world) as browser:
        yield browser


def propose(person: Browser, text: str = NEW, password: str = PASSWORD) -> int:
    return person.post(
        "/api/policy/versions", {"policy": text, "reason": "too many pages", "password": password}
    ).status


def test_two_people_bring_a_policy_into_use_and_the_worklist_follows(world: World, door: Browser) -> None:
    world.add_study()
    quality, admin, reader = door.as_("quality"), door.as_("admin"), door.as_("radiologist")
    listed = reader.get("/api/worklist").json()
    assert propose(quality) == 200
    assert quality.post("/api/policy/versions/1/approve", STEP).status == 403
    before = admin.get("/api/policy").json()
    assert (before["active"], before["policy"], [each["state"] for each in before["versions"]]) == (
        None,
        FILE,
        ["proposed"],
    )  # type: ignore[attr-defined]
    approved = admin.post("/api/policy/versions/1/approve", STEP).json()
    assert (approved["state"], [each["actor_id"] for each in approved["acts"]]) == ("active", ["quality", "admin"])  # type: ignore[attr-defined]
    after = quality.get("/api/policy").json()
    assert (after["active"], after["policy"], after["problem"]) == (1, NEW, "")
    assert quality.get("/api/policy/versions/1").json()["text"] == NEW
    changed = reader.get(f"/api/worklist?since={listed['cursor']}").json()
    assert changed["complete"] is True  # another waiting rule: a new list
    assert admin.post("/api/policy/versions/1/revert", STEP).json()["state"] == "reverted"
    assert admin.get("/api/policy").json()["policy"] == FILE
    log = [action for action, _, _ in world.audited() if action.startswith("policy.")]
    assert log == ["policy.propose", "policy.approve", "policy.revert"]


def test_a_step_needs_the_password_a_reason_and_a_number(world: World, door: Browser) -> None:
    quality, admin = door.as_("quality"), door.as_("admin")
    assert propose(quality, password="wrong") == 401
    assert propose(quality, text="{") == 422
    assert propose(quality) == 200
    assert admin.post("/api/policy/versions/1/approve", {**STEP, "password": "wrong"}).status == 401
    assert admin.post("/api/policy/versions/1/approve", {**STEP, "reason": ""}).status == 400
    assert admin.post("/api/policy/versions/2/approve", STEP).status == 409
    assert admin.post("/api/policy/versions/x/approve", STEP).status == 404
    assert admin.get("/api/policy/versions/9").status == 404
    assert quality.post("/api/policy/versions/1/withdraw", STEP).json()["state"] == "withdrawn"
    assert admin.post("/api/policy/versions/1/approve", STEP).status == 409


def test_a_saved_policy_that_broke_is_named_and_the_file_decides(world: World, door: Browser) -> None:
    quality, admin = door.as_("quality"), door.as_("admin")
    propose(quality)
    admin.post("/api/policy/versions/1/approve", STEP)
    with world.services.database.begin() as unit:
        version = unit.policy(1)
        assert version is not None
        unit.save_policy(replace(version, text=NEW.replace("priority: stat", "priority: low")))
        unit.commit()
    again = PolicyBook(world.services.database, DEFAULT_POLICY)
    assert again.deciding().policy.policy_version == "default-2"
    assert again.deciding().problem
