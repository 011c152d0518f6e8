"""The worklist over HTTP: in the order of the scheduling rule, every place explained, nobody forgotten below the fold."""

from dataclasses import replace
from datetime import timedelta

from builders_web import Browser, World, a_world

from wetread.domain.critical import CriticalState
from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import Priority
from wetread.domain.study_state import StudyState
from wetread.testing.builders import a_decision, a_study
from wetread.testing.critical_builders import a_critical_result
from wetread.testing.memory_database import MemoryDatabase
from wetread.triage.policy import OrderRule
from wetread.web.worklist import WorklistView

Rows = list[dict[str, object]]


def _add(world: World, priority: Priority, hours: float, *, critical: bool = False, target_min: int = 0) -> StudyKey:
    decision = a_decision(priority=priority, critical=critical, read_within_min=target_min)
    return world.add_study(decision=decision, received_at=world.clock.now() - timedelta(hours=hours))


def _rows(door: Browser) -> Rows:
    return door.as_("radiologist").get("/api/worklist").json()["studies"]  # type: ignore[return-value]


def test_critical_then_overdue_then_urgent_and_each_says_why(world: World, door: Browser) -> None:
    routine = _add(world, Priority.ROUTINE, 0.1)
    forgotten = _add(world, Priority.ROUTINE, 13)
    late = _add(world, Priority.ASAP, 1, target_min=45)
    urgent = _add(world, Priority.URGENT, 0.2)
    critical = _add(world, Priority.STAT, 0, critical=True)
    rows = _rows(door)
    assert [each["study_key"] for each in rows] == [critical, forgotten, late, urgent, routine]
    assert [each["place"] for each in rows] == [1, 2, 3, 4, 5]
    assert [(each["overdue"], each["over_cap"]) for each in rows[:3]] == [(False, False), (True, True), (True, False)]
    assert (rows[2]["waiting_s"], rows[2]["limit_s"]) == (3600, 2700)
    assert rows[2]["why_here"] == (
        "place 3: after 1 critical and not acknowledged, 1 beyond the cap of 12 h; "
        "15 min beyond the reading-time target of 45 min"
    )


def test_a_critical_study_that_a_person_took_makes_room_for_the_next(world: World, door: Browser) -> None:
    taken = _add(world, Priority.URGENT, 1, critical=True)
    stat = _add(world, Priority.STAT, 0.5)
    with world.services.database.begin() as unit:
        result = a_critical_result(study_key=taken, state=CriticalState.NOTIFIED)
        saved = unit.save_critical(result, expected_etag=None)
        unit.commit()
    assert [each["study_key"] for each in _rows(door)] == [taken, stat]
    with world.services.database.begin() as unit:
        unit.save_critical(replace(saved, state=CriticalState.ACKNOWLEDGED), expected_etag=saved.etag)
        unit.commit()
    assert [each["study_key"] for each in _rows(door)] == [stat, taken]


def test_the_order_follows_the_clock_and_is_the_same_answer_within_a_minute(world: World, door: Browser) -> None:
    routine = _add(world, Priority.ROUTINE, 11.98)
    stat = _add(world, Priority.STAT, 0)
    reader = door.as_("radiologist")
    first = reader.get("/api/worklist")
    assert [each["study_key"] for each in first.json()["studies"]] == [stat, routine]  # type: ignore[union-attr, index]
    world.clock.advance(59 - world.clock.now().second)
    assert reader.get("/api/worklist", {"If-None-Match": first.headers["etag"]}).status == 304
    world.clock.advance(180)
    later = reader.get("/api/worklist", {"If-None-Match": first.headers["etag"]}).json()["studies"]
    assert [each["study_key"] for each in later] == [routine, stat]  # type: ignore[union-attr, index]


def test_the_longest_waiting_surface_on_a_list_longer_than_is_shown() -> None:
    world = a_world(MemoryDatabase())
    now = world.clock.now()
    old = a_study(
        study_key="old", state=StudyState.DRAFTED, priority=Priority.ROUTINE, received_at=now - timedelta(days=1)
    )
    with world.services.database.begin() as unit:
        unit.save_study(old)
        for number in range(600):
            unit.save_study(replace(old, study_key=f"s{number}", priority=Priority.STAT, received_at=now))  # type: ignore[arg-type]
        unit.commit()
    view = WorklistView(world.services.database, world.services.vault, world.clock, OrderRule())
    rows = view.rows("open", with_identity=False)
    assert (len(rows), rows[0]["study_key"], rows[0]["over_cap"]) == (500, "old", True)


def test_reported_studies_have_no_place(world: World, door: Browser) -> None:
    world.add_study(StudyState.SIGNED)
    (row,) = door.as_("radiologist").get("/api/worklist?view=reported").json()["studies"]  # type: ignore[misc]
    assert "place" not in row
