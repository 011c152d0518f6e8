"""Critical results, alarms and the roster over HTTP: acts in order, one winner, no words or addresses for those who may not have them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders_web import Browser, World, a_world
from paging_world import PATH, roster_text

from wetread.domain.identifiers import StudyKey
from wetread.testing.builders import a_decision
from wetread.triage.escalation import open_critical
from wetread.triage.roster_book import RosterBook

WORDS = {"etag": 1, "read_back": "large right pneumothorax"}
TOLD = {"to_whom": "Dr Ng, ward 4", "how": "phone", "read_back_confirmed": True}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = a_world()
    (tmp_path / "roster.yaml").write_text(roster_text())
    world.services = replace(world.services, book=RosterBook(tmp_path / "roster.yaml"))
    return world


@pytest.fixture
def path(world: World) -> str:
    """An open critical result, two minutes old."""
    key = world.add_study(patient_name="Secret^Person", patient_id="SECRET-1")
    with world.services.database.begin() as unit:
        result = open_critical(unit.study(StudyKey(key)), a_decision(), PATH, world.clock.now() - timedelta(minutes=2))
        unit.save_critical(result, expected_etag=None)
        unit.commit()
    return f"/api/criticals/{result.critical_key}"


def hand_over(**changes: str) -> dict[str, str]:
    body = {"site": "north", "duty": "primary", "person_id": "ben", "reason": "ill"}
    return {**body, "starts_at": "2026-03-02T09:00:00+01:00", "ends_at": "2026-03-02T19:00:00+01:00", **changes}


def test_the_acts_follow_each_other_and_each_returns_the_next_tag(door: Browser, path: str) -> None:
    reader = door.as_("radiologist")
    row = reader.post(f"{path}/acknowledge", WORDS).json()
    assert (row["state"], row["etag"]) == ("acknowledged", 2)
    row = reader.post(f"{path}/communicate", {"etag": 2, **TOLD}).json()
    assert row["state"] == "communicated"
    row = reader.post(f"{path}/close", {"etag": 3, "reason": "communicated", "note": ""}).json()
    assert row["state"] == "closed"
    assert reader.get("/api/criticals").json()["criticals"] == []
    assert len(reader.get("/api/criticals?view=closed").json()["criticals"]) == 1  # type: ignore[arg-type]


def test_the_second_of_two_gets_412_or_409_and_changes_nothing(door: Browser, path: str) -> None:
    assert door.as_("radiologist").post(f"{path}/acknowledge", WORDS).status == 200
    assert door.as_("resident").post(f"{path}/acknowledge", WORDS).status in (409, 412)
    taken = door.as_("radiologist").get(path).json()["acknowledgement"]
    assert taken["actor_id"] == "radiologist"  # type: ignore[index, call-overload]


@pytest.mark.parametrize(
    ("act", "body", "status"),
    [
        ("acknowledge", {"etag": 1}, 400),
        ("acknowledge", {"etag": 1, "read_back": "ok"}, 422),
        ("acknowledge", {"etag": "1", "read_back": "right pneumothorax"}, 400),
        ("communicate", {"etag": 1, **TOLD}, 409),
        ("communicate", {"etag": 1, **TOLD, "how": "pigeon"}, 400),
        ("close", {"etag": 1, "reason": "not_confirmed", "note": "skin fold"}, 409),
        ("close", {"etag": 1, "reason": "boredom", "note": "x"}, 400),
        ("release", {"etag": 1}, 409),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(
    door: Browser, path: str, act: str, body: object, status: int
) -> None:
    reader = door.as_("radiologist")
    answer = reader.post(f"{path}/{act}", body)
    assert answer.status == status
    assert answer.json()["detail"]
    assert reader.get(path).json()["state"] == "open"


@pytest.mark.parametrize("key", ["nothing", "a" * 24 + ":1", "b" * 25 + ":1", "A" * 24 + ":1"])
def test_an_unknown_result_is_404(door: Browser, key: str) -> None:
    assert door.as_("radiologist").get(f"/api/criticals/{key}").status == 404


def test_a_technologist_gets_neither_identity_nor_words(door: Browser, path: str) -> None:
    reader = door.as_("radiologist")
    reader.post(f"{path}/acknowledge", WORDS)
    assert b"SECRET-1" in reader.get("/api/criticals").body
    seen = door.as_("technologist").get("/api/criticals").body + door.as_("technologist").get(path).body
    assert b"SECRET-1" not in seen
    assert b"Secret" not in seen
    assert b"pneumothorax, large" not in seen
    assert WORDS["read_back"].encode() not in seen  # type: ignore[union-attr]


def test_free_text_stays_out_of_the_audit_log(world: World, door: Browser, path: str) -> None:
    reader = door.as_("radiologist")
    reader.post(f"{path}/acknowledge", {"etag": 1, "read_back": "CANARY words"})
    assert "critical.acknowledge" in [action for action, _, _ in world.audited()]
    assert "CANARY" not in str(list(world.services.database.audit_records()))


def test_the_roster_names_people_and_never_their_addresses(door: Browser) -> None:
    body = door.as_("technologist").get("/api/roster").body.decode()
    assert "Ann" in body
    assert "example" not in body
    assert "sms" not in body


def test_a_hand_over_counts_at_once_and_is_taken_back(door: Browser) -> None:
    reader = door.as_("radiologist")
    made = reader.post("/api/roster/hand-overs", hand_over(starts_at="2026-03-02T08:00:00+00:00")).json()
    on_call = reader.get("/api/roster").json()["sites"][0]["on_call"]  # type: ignore[index, call-overload]
    assert {each["duty"]: each["people"][0]["person_id"] for each in on_call}["primary"] == "ben"
    assert reader.send("DELETE", f"/api/roster/hand-overs/{made['override_id']}").status == 204
    assert reader.send("DELETE", f"/api/roster/hand-overs/{made['override_id']}").status == 422


@pytest.mark.parametrize(
    "changes",
    [
        {"person_id": "nobody"},
        {"duty": "barista"},
        {"site": "moon"},
        {"ends_at": "2026-03-02T09:00:00+01:00"},
        {"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2026-01-02T00:00:00Z"},
        {"ends_at": "2026-06-02T19:00:00+01:00"},
        {"starts_at": "2026-03-02T09:00:00"},
        {"starts_at": "next tuesday"},
    ],
    ids=str,
)
def test_a_hand_over_that_cannot_be_is_refused(door: Browser, changes: dict[str, str]) -> None:
    answer = door.as_("radiologist").post("/api/roster/hand-overs", hand_over(**changes))
    assert answer.status in (400, 422)
    assert door.as_("radiologist").get("/api/roster").json()["hand_overs"] == []
