"""Reports on storage commitment that we owe, on the administration page: how many, since when, why, and calling once more."""

from dataclasses import replace
from datetime import timedelta

from builders_web import Browser, World

from wetread.domain.commitment import OwedReport, OwedState


def owe(world: World) -> None:
    now = world.clock.now()
    due = OwedReport("r1", "CT1", "10.0.0.5", "l", 2, now, now, now + timedelta(days=7), problem="CT1 is busy")
    earlier = replace(due, request_key="r2", asked_at=now - timedelta(days=3))
    aside = replace(earlier, state=OwedState.ASIDE, due_at=None, ended_at=now, problem="CT1 does not answer")
    with world.services.database.begin() as unit:
        for each in (due, replace(aside, request_key="r3"), replace(aside, request_key="r4", ae_title="XA1")):
            unit.save_owed_report(each)
        unit.commit()


def test_it_says_how_many_reports_are_owed_and_aside_since_when_and_why(world: World, door: Browser) -> None:
    owe(world)
    now = world.clock.now()
    three_days_ago = (now - timedelta(days=3)).isoformat()
    aside = {"reports": 1, "since": three_days_ago, "problem": "CT1 does not answer"}
    assert door.as_("admin").get("/api/commitments").json()["commitments"] == [
        {
            "ae_title": "CT1",
            "owed": {"reports": 1, "since": now.isoformat(), "problem": "CT1 is busy"},
            "aside": aside,
        },
        {"ae_title": "XA1", "owed": None, "aside": aside},
    ]


def test_an_administrator_has_one_neighbour_called_once_more_and_the_log_says_who(world: World, door: Browser) -> None:
    owe(world)
    admin = door.as_("admin")
    assert admin.post("/api/commitments/again", {"ae_title": "CT1"}).json() == {"again": 1}
    assert admin.post("/api/commitments/again", {"ae_title": "CT1"}).json() == {"again": 0}
    assert admin.post("/api/commitments/again", {"ae_title": ""}).status == 400
    assert door.as_("quality").post("/api/commitments/again", {"ae_title": "XA1"}).status == 403
    rows = admin.get("/api/commitments").json()["commitments"]
    assert [(each["ae_title"], each["aside"] is None) for each in rows] == [("CT1", True), ("XA1", False)]  # type: ignore[attr-defined]
    assert rows[0]["owed"]["reports"] == 2  # type: ignore[index]
    (done,) = [
        each.event for each in world.services.database.audit_records() if each.event.action == "dimse.commit_again"
    ]
    assert (done.actor_id, dict(done.detail)) == ("admin", {"ae_titles": "CT1", "reports": "1", "address": "127.0.0.1"})
