"""A live worklist: what changed is sent, nothing else, and it leads to the very list that a new page gets."""

import random
from dataclasses import replace
from datetime import timedelta

from builders_web import Browser, World, a_world, open_door

from wetread.domain.audit import AuditEvent
from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import Priority
from wetread.domain.study_state import StudyState
from wetread.testing.builders import a_decision
from wetread.testing.memory_database import MemoryDatabase
from wetread.web.services import WebSettings

Answer = dict[str, object]


def _add(world: World, priority: Priority, minutes: float) -> StudyKey:
    decision = a_decision(priority=priority, critical=False)
    return world.add_study(decision=decision, received_at=world.clock.now() - timedelta(minutes=minutes))


def _change(world: World, key: StudyKey, **changes: object) -> None:
    with world.services.database.begin() as unit:
        unit.save_study(replace(unit.study(key), **changes))  # type: ignore[arg-type]
        unit.audit(AuditEvent("study.change", "wetread", study_key=key), world.clock.now())
        unit.commit()


class Screen:
    """A page that keeps its list by what the server says changed, as ui/ does."""

    def __init__(self, browser: Browser) -> None:
        self.browser, self.rows, self.order, self.cursor = browser, {}, [], ""  # type: ignore[var-annotated]

    def refresh(self) -> Answer:
        answer = self.browser.get(f"/api/worklist?since={self.cursor}").json()
        rows = {each["study_key"]: each for each in answer["studies"]}  # type: ignore[attr-defined]
        if answer["complete"]:
            self.rows, self.order = rows, list(rows)
        else:
            self.rows |= rows
            self.order = [key for key in self.order if key not in answer["taken_out"]]  # type: ignore[operator]
            for at, key in answer["put_in"]:  # type: ignore[attr-defined]
                self.order.insert(at, key)
        self.cursor = str(answer["cursor"])
        return answer

    @property
    def shown(self) -> list[object]:
        return [self.rows[key] for key in self.order]


def test_an_arrival_is_sent_alone(world: World, door: Browser) -> None:
    old = [_add(world, Priority.ROUTINE, minutes) for minutes in (50, 40, 30)]
    screen = Screen(door.as_("radiologist"))
    assert screen.refresh()["complete"] is True
    new = _add(world, Priority.STAT, 0)
    answer = screen.refresh()
    assert (answer["complete"], answer["put_in"], len(answer["studies"])) == (False, [[0, new]], 1)  # type: ignore[arg-type]
    assert screen.order == [new, *old]
    nothing = screen.refresh()
    assert (nothing["studies"], nothing["put_in"], nothing["cursor"]) == ([], [], answer["cursor"])


def test_a_study_that_is_signed_leaves_and_one_that_is_opened_says_so(world: World, door: Browser) -> None:
    first, second = _add(world, Priority.STAT, 5), _add(world, Priority.ROUTINE, 5)
    screen = Screen(door.as_("radiologist"))
    screen.refresh()
    _change(world, first, state=StudyState.SIGNED)
    _change(world, second, state=StudyState.IN_READING)
    answer = screen.refresh()
    assert (answer["gone"], screen.order) == ([first], [second])
    assert screen.rows[second]["state"] == "in_reading"
    assert answer["counts"] == {"open": 1, "reported": 1, "rejected": 0}


def test_whatever_happens_the_screen_shows_what_a_new_page_would_get() -> None:
    world = a_world(settings=WebSettings(idle_s=1e6, absolute_s=1e6))
    with open_door(world) as door:
        assert _whole_and_partial_answers_agree(world, door.as_("radiologist")) > 50


def _whole_and_partial_answers_agree(world: World, reader: Browser) -> int:
    """How many of 60 random steps were answered in part."""
    chance = random.Random(20261129)
    keys = [_add(world, chance.choice(list(Priority)), chance.randrange(900)) for _ in range(30)]
    screen = Screen(reader)
    states = [StudyState.DRAFTED, StudyState.IN_READING, StudyState.SIGNED, StudyState.TRIAGED, StudyState.REJECTED]
    partly = 0
    for _ in range(60):
        for key in chance.sample(keys, chance.randrange(3)):
            traits = replace(_study(world, key).traits, site=chance.choice(("north", "south")))
            _change(world, key, state=chance.choice(states), priority=chance.choice(list(Priority)), traits=traits)
        if chance.random() < 0.3:
            keys.append(_add(world, chance.choice(list(Priority)), chance.randrange(60)))
        if chance.random() < 0.2:
            world.clock.advance(chance.choice((20, 90, 1900)))
        partly += not screen.refresh()["complete"]
        assert screen.shown == reader.get("/api/worklist").json()["studies"]
    return partly


def _study(world: World, key: StudyKey):  # type: ignore[no-untyped-def]
    with world.services.database.begin(write=False) as unit:
        return unit.study(key)


def test_a_cursor_of_another_server_or_of_long_ago_gets_the_whole_list(world: World, door: Browser) -> None:
    _add(world, Priority.ROUTINE, 5)
    reader = door.as_("radiologist")
    for cursor in ("00000000.1", "nonsense", "x" * 40):
        answer = reader.get(f"/api/worklist?since={cursor}").json()
        assert (answer["complete"], len(answer["studies"])) == (True, 1)  # type: ignore[arg-type]
    assert reader.get(f"/api/worklist?since={'x' * 41}").status == 400


class Counting(MemoryDatabase):
    whole = 0

    def begin(self, *, write: bool = True):  # type: ignore[no-untyped-def, override]
        counting = self

        class Unit:
            def __init__(self, inner) -> None:  # type: ignore[no-untyped-def]
                self._inner = inner

            def __enter__(self):  # type: ignore[no-untyped-def]
                unit = self._inner.__enter__()
                held = unit.worklist

                def worklist(**asked):  # type: ignore[no-untyped-def]
                    counting.whole += 1
                    return held(**asked)

                unit.worklist = worklist
                return unit

            def __exit__(self, *error):  # type: ignore[no-untyped-def]
                return self._inner.__exit__(*error)

        return Unit(super().begin(write=write))


def test_all_studies_are_read_once_a_minute_whatever_changes() -> None:
    database = Counting()
    world = a_world(database)
    with open_door(world) as door:
        screen = Screen(door.as_("radiologist"))
        screen.refresh()
        for _ in range(5):
            _add(world, Priority.ROUTINE, 1)
            screen.refresh()
        assert (database.whole, len(screen.order)) == (1, 5)
        world.clock.advance(61)
        screen.refresh()
        assert database.whole == 2


def test_what_was_changed_without_a_record_is_seen_within_a_minute(world: World, door: Browser) -> None:
    """No part of the system does that; a person with a database shell may."""
    key = _add(world, Priority.ROUTINE, 1)
    screen = Screen(door.as_("radiologist"))
    screen.refresh()
    with world.services.database.begin() as unit:
        unit.save_study(replace(unit.study(key), priority=Priority.STAT))
        unit.commit()
    world.clock.advance(60)
    screen.refresh()
    assert screen.rows[key]["priority"] == "stat"


def test_the_next_study_is_the_first_that_nobody_reads(world: World, door: Browser) -> None:
    first, second, third = (_add(world, Priority.ROUTINE, minutes) for minutes in (50, 40, 30))
    reader = door.as_("resident")
    assert reader.get("/api/worklist/next").json() == {"study_key": first}
    assert reader.get(f"/api/worklist/next?after={first}").json() == {"study_key": second}
    _change(world, second, state=StudyState.IN_READING)
    assert reader.get(f"/api/worklist/next?after={first}").json() == {"study_key": third}
    _change(world, first, state=StudyState.SIGNED)
    _change(world, third, state=StudyState.SIGNED)
    assert reader.get("/api/worklist/next").json() == {"study_key": None}


def test_a_row_says_modality_and_view(world: World, door: Browser) -> None:
    _add(world, Priority.ROUTINE, 1)
    (row,) = door.as_("technologist").get("/api/worklist").json()["studies"]  # type: ignore[misc]
    assert row["views"] == ["DX PA"]
