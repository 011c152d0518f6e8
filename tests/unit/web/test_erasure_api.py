"""Erasures and legal holds over HTTP: two people, their passwords, and what is in the way in words."""

from collections.abc import Iterator

import pytest
from builders_web import PASSWORD, Browser, World, a_world, open_door

from wetread.domain.study_state import StudyState


@pytest.fixture
def world() -> World:
    return a_world()


@pytest.fixture
def door(world: World) -> Iterator[Browser]:
    with open_door(world) as browser:
        yield browser


def ask(person: Browser, key: str, reason: str = "wrong_upload", **more: object) -> tuple[int, dict[str, object]]:
    body = {"study_key": key, "whole_patient": False, "reason": reason, "password": PASSWORD, **more}
    answer = person.post("/api/erasures", body)
    return answer.status, answer.json()


STEP = {"password": PASSWORD}


def test_one_asks_and_another_in_the_other_role_approves(world: World, door: Browser) -> None:
    key = world.add_study()
    quality, admin = door.as_("quality"), door.as_("admin")
    assert ask(quality, key, password="wrong")[0] == 401
    status, asked = ask(quality, key, reference="DPO-7/2026")
    assert (status, asked["state"], asked["reference"]) == (200, "asked", "DPO-7/2026")
    assert ask(admin, key)[0] == 409
    refused = quality.post("/api/erasures/1/approve", STEP)
    assert (refused.status, refused.json()["code"]) == (403, "four_eyes")
    assert admin.post("/api/erasures/1/approve", {"password": "wrong"}).status == 401
    approved = admin.post("/api/erasures/1/approve", STEP).json()
    assert [each["actor_id"] for each in approved["acts"]] == ["quality", "admin"]  # type: ignore[attr-defined]
    listed = quality.get("/api/erasures").json()
    assert [each["state"] for each in listed["erasures"]] == ["approved"]  # type: ignore[attr-defined]
    assert admin.post("/api/erasures/1/withdraw", STEP).json()["state"] == "withdrawn"
    log = [action for action, _, _ in world.audited() if action.startswith("erasure.")]
    assert log == ["erasure.ask", "erasure.approve", "erasure.withdraw"]


def test_a_hold_is_in_the_way_until_the_other_role_lifts_it(world: World, door: Browser) -> None:
    key = world.add_study(state=StudyState.REJECTED)
    quality, admin = door.as_("quality"), door.as_("admin")
    body = {"study_key": key, "whole_patient": True, "reason": "litigation", "reference": "L 1/26", **STEP}
    hold = quality.post("/api/legal-holds", body).json()
    assert (hold["scope"], hold["number"]) == ("patient", 1)
    assert key not in str(hold["subject"])
    assert quality.post("/api/legal-holds", body).status == 409
    look = {"study_key": key, "whole_patient": False, "reason": "wrong_upload"}
    (found,) = admin.post("/api/erasures/look", look).json()["studies"]  # type: ignore[misc]
    assert [each["code"] for each in found["in_the_way"]] == ["legal_hold"]
    status, refused = ask(admin, key)
    assert (status, refused["code"]) == (409, "legal_hold")
    assert quality.post("/api/legal-holds/1/lift", STEP).status == 403
    assert admin.post("/api/legal-holds/1/lift", STEP).json()["lifted_by"] == "admin"
    assert ask(admin, key)[0] == 200


def test_what_nobody_knows_is_said(world: World, door: Browser) -> None:
    admin = door.as_("admin")
    assert ask(admin, "a" * 24)[0] == 404
    assert ask(admin, world.add_study(), reference="Jane Doe, born <1970>")[0] == 422
    for path in ("/api/erasures/7/approve", "/api/legal-holds/7/lift"):
        assert admin.post(path, STEP).status in (404, 409, 422)
    assert admin.post("/api/erasures/x/approve", STEP).status == 404
    assert ask(admin, world.add_study(), "retention_over")[0] == 400
