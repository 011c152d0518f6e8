"""The worklist over HTTP: in the order of the scheduling rule, every place explained, nobody forgotten below the fold."""

from dataclasses import replace
from datetime import timedelta

from builders_web import Browser, World, a_world

from wetread.domain.audit import AuditEvent
from wetread.domain.critical import CriticalState
from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import Priority
from wetread.domain.study_state import StudyState
from wetread.testing.builders import a_decision, a_study
from wetread.testing.critical_builders import a_critical_result
from wetread.testing.memory_database import MemoryDatabase
from wetread.triage.policy import OrderRule
from wetread.web.worklist import VIEWS
from wetread.web.worklist_rows import RowMaker
from wetread.web.worklist_snapshot import Snapshot

Rows = list[dict[str, object]]


def _add(world: World, priority: Priority, hours: float, *, critical: bool = False, target_min: int = 0) -> StudyKey:
    decision = a_decision(priority=priority, critical=critical, read_within_min=target_min)
    return world.add_study(decision=decision, received_at=world.clock.now() - timedelta(hours=hours))


def _rows(door: Browser) -> Rows:
    return door.as_("radiologist").get("/api/worklist").json()["studies"]  # type: ignore[return-value]


def _place(door: Browser, key: str) -> dict[str, object]:
    return door.as_("technologist").get(f"/api/worklist/places/{key}").json()


def test_critical_then_overdue_then_urgent_and_each_says_why(world: World, door: Browser) -> None:
    routine = _add(world, Priority.ROUTINE, 0.1)
    forgotten = _add(world, Priority.ROUTINE, 13)
    late = _add(world, Priority.ASAP, 1, target_min=45)
    urgent = _add(world, Priority.URGENT, 0.2)
    critical = _add(world, Priority.STAT, 0, critical=True)
    rows = _rows(door)
    assert [each["study_key"] for each in rows] == [critical, forgotten, late, urgent, routine]
    assert [each["unanswered"] for each in rows] == [True, False, False, False, False]
    assert (rows[2]["limit_s"], rows[3]["limit_s"]) == (2700, 43200)
    assert [_place(door, str(each["study_key"]))["place"] for each in rows] == [1, 2, 3, 4, 5]
    assert {name: _place(door, forgotten)[name] for name in ("overdue", "over_cap")} == {
        "overdue": True,
        "over_cap": True,
    }
    assert _place(door, late) == {
        "place": 3,
        "of": 5,
        "waiting_s": 3600,
        "limit_s": 2700,
        "overdue": True,
        "over_cap": False,
        "unanswered": False,
        "why": "place 3: after 1 critical and not acknowledged, 1 beyond the cap of 12 h; "
        "15 min beyond the reading-time target of 45 min",
    }


def test_a_critical_study_that_a_person_took_makes_room_for_the_next(world: World, door: Browser) -> None:
    taken = _add(world, Priority.URGENT, 1, critical=True)
    stat = _add(world, Priority.STAT, 0.5)
    with world.services.database.begin() as unit:
        result = a_critical_result(study_key=taken, state=CriticalState.NOTIFIED)
        saved = unit.save_critical(result, expected_etag=None)
        unit.audit(AuditEvent("critical.open", "wetread", study_key=taken), world.clock.now())
        unit.commit()
    assert [each["study_key"] for each in _rows(door)] == [taken, stat]
    with world.services.database.begin() as unit:
        unit.save_critical(replace(saved, state=CriticalState.ACKNOWLEDGED), expected_etag=saved.etag)
        unit.audit(AuditEvent("critical.acknowledge", "wetread", study_key=taken), world.clock.now())
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


def test_the_longest_waiting_surface_on_a_list_longer_than_is_kept() -> None:
    world = a_world(MemoryDatabase())
    now = world.clock.now()
    old = a_study(
        study_key="old", state=StudyState.DRAFTED, priority=Priority.ROUTINE, received_at=now - timedelta(days=1)
    )
    with world.services.database.begin() as unit:
        unit.save_study(old)
        for number in range(60):
            unit.save_study(replace(old, study_key=f"s{number}", priority=Priority.STAT, received_at=now))  # type: ignore[arg-type]
        unit.commit()
    services = world.services
    maker = RowMaker(services.vault, OrderRule())
    view = Snapshot(services.database, maker, world.clock, VIEWS["open"], in_turn=True, most=50)
    view.refresh()
    assert (len(view.order), view.order[0]) == (50, "old")
    assert view.place(StudyKey("old")).over_cap  # type: ignore[union-attr]


def test_reported_studies_have_no_place_and_the_newest_is_first(world: World, door: Browser) -> None:
    earlier = world.add_study(StudyState.SIGNED, received_at=world.clock.now() - timedelta(hours=2))
    later = world.add_study(StudyState.DELIVERED)
    rows = door.as_("radiologist").get("/api/worklist?view=reported").json()["studies"]
    assert [each["study_key"] for each in rows] == [later, earlier]  # type: ignore[union-attr, index]
    assert door.as_("radiologist").get(f"/api/worklist/places/{later}").status == 404
