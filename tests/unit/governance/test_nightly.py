"""From signed studies to a recorded decision: which rows the gates see, and that each look is taken once, with its audit record."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from signed_studies import NEW, OLD, add_study

from wetread.domain.errors import TransientError
from wetread.domain.model_version import VersionState
from wetread.domain.role import Actor, Role
from wetread.domain.rollout import GateName, GateResult, Rollout, ShadowRead, Verdict
from wetread.governance.desk import RolloutDesk
from wetread.governance.gather import Gathered, gather
from wetread.governance.nightly import RolloutWatch
from wetread.labelling.labeller import RuleLabeller
from wetread.monitoring.alarms import acknowledge_alarm
from wetread.testing.builders import NOON
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.memory_vault import MemoryVault
from wetread.testing.rollout_builders import a_gate_plan, a_model_version, a_rollout

ENGINEER = Actor("m.engineer", Role.ML_ENGINEER)
KEY = "phantom-net@2.0.0"
HOUR = timedelta(hours=1)


class House:
    def __init__(self) -> None:
        self.database, self.vault, self.clock = MemoryDatabase(), MemoryVault(), FixedClock(NOON)
        self.desk = RolloutDesk(self.database, self.clock)
        self.desk.register(ENGINEER, a_model_version(model=NEW))
        self.watch = RolloutWatch(self.database, self.vault, RuleLabeller(), self.clock, timedelta(hours=20))

    def start(self, site: str = "north") -> Rollout:
        return self.desk.start(ENGINEER, KEY, site, a_gate_plan(), "as the protocol says")

    def add(self, key: str, hours: float = 1.0, **facts: object) -> None:
        add_study(self.database, self.vault, key, NOON + hours * HOUR, **facts)  # type: ignore[arg-type]

    def gather(self, rollout: Rollout) -> Gathered:
        return gather(self.database, self.vault, RuleLabeller(), rollout)


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.parametrize(
    ("marked", "text", "truth"),
    [
        (True, "Left pneumothorax.", True),
        (False, "No acute finding.", False),
        (None, "There is a left pneumothorax.", True),
        (None, "No pneumothorax.", False),
        (None, "The heart is normal.", False),  # not mentioned
        (None, "Possible pneumothorax.", None),
        (True, "No pneumothorax.", None),  # marked one way, written another
    ],
)
def test_truth_is_what_was_signed(house: House, marked: bool | None, text: str, truth: bool | None) -> None:
    house.add("one", shadow=0.9, marked=marked, text=text)
    (case,) = house.gather(a_rollout()).site.cases
    assert (case.truth, case.probability, case.called) == (truth, 0.9, True)
    assert case.known_at == NOON + 2 * HOUR


def test_a_shadow_is_judged_by_its_own_reads_and_what_is_missing_is_counted(house: House) -> None:
    house.add("seen", shadow=0.9)
    house.add("unsigned", shadow=0.2, signed=None)
    house.add("before", hours=-5, shadow=0.9)
    house.add("elsewhere", shadow=0.9, site="south")
    house.add("unread")
    house.add("crashed", shadow=ShadowRead(NEW, NOON, problem="RuntimeError"))
    house.add("lateral", shadow=ShadowRead(NEW, NOON, problem="not_frontal_chest", unsuitable=True))
    house.add("another", shadow=ShadowRead(replace(NEW, version="3.0.0"), NOON))
    found = house.gather(a_rollout())
    assert {each.study: each.truth for each in found.site.cases} == {"seen": False, "unsigned": None}
    assert (found.signed, found.site.reads, found.site.failed) == (1, 4, 2)
    assert dict(found.left_out) == {
        "it refused a film that the model in use reads: not_frontal_chest": 1, "it failed: RuntimeError": 1, "not read by it": 2, "not signed yet": 1,
    }  # fmt: skip


def test_failures_that_people_have_looked_at_hold_no_more(house: House) -> None:
    for number in range(4):
        house.add(f"s{number}", shadow=ShadowRead(NEW, NOON + number * HOUR, problem="RuntimeError"))
    house.add("later", hours=5, shadow=0.2)
    counts = [
        (found.site.reads, found.site.failed)
        for since in (None, NOON + 2 * HOUR, NOON + 4 * HOUR)
        for found in [house.gather(a_rollout(baseline_since=since))]
    ]
    assert counts == [(5, 4), (3, 2), (1, 0)]


def test_a_canary_is_judged_by_the_reads_that_counted(house: House) -> None:
    house.add("mine", main=0.8, model=NEW)
    house.add("not-mine", main=0.8, model=OLD, shadow=0.9)
    house.add("too-late", main=0.8, model=NEW, signed=timedelta(seconds=30))
    house.add("fell-back", main=0.8, model=OLD, shadow=ShadowRead(NEW, NOON, problem="bad_bundle"))
    found = house.gather(a_rollout(state=VersionState.CANARY, percent=5))
    assert [each.study for each in found.site.cases] == ["mine"]
    assert (found.site.reads, found.site.failed) == (2, 1)
    assert dict(found.left_out) == {"not read by it": 1, "signed before it read": 1, "it failed: bad_bundle": 1}


def test_studies_of_one_patient_have_one_patient(house: House) -> None:
    for key, patient in (("a", "P1"), ("b", "P2"), ("c", "P1")):
        house.add(key, shadow=0.2, patient=patient)
    patients = {each.study: each.patient for each in house.gather(a_rollout()).site.cases}
    assert patients["a"] == patients["c"] != patients["b"]
    assert "P1" not in patients.values()


def test_many_pages_of_studies_are_all_seen(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wetread.monitoring.study_pages._PAGE", 3)
    for number in range(10):
        house.add(f"s{number}", hours=number, shadow=0.2, site="south" if number in (3, 4, 5) else "north")
    assert house.gather(a_rollout()).signed == 7


def test_a_look_is_written_whatever_it_says(house: House) -> None:
    house.start()
    house.clock.advance(3600)
    (decision,) = house.watch.evaluate()
    assert (decision.verdict, decision.look, decision.studies) == (Verdict.CONTINUE, 1, 0)
    assert "read nothing yet" in decision.reason
    with house.database.begin(write=False) as unit:
        assert unit.decisions(KEY, "north") == (decision,)
    last = list(house.database.audit_records())[-1].event
    assert (last.action, last.actor_id) == ("rollout.evaluate", "wetread")
    assert dict(last.detail) | {"look": "1", "verdict": "continue", "studies": "0"} == dict(last.detail)


def test_looks_are_counted_over_the_rollout_and_over_the_stage(house: House) -> None:
    rollout = house.start()
    for _ in range(2):
        house.clock.advance(3600)
        house.watch.evaluate()
    with house.database.begin() as unit:
        unit.save_rollout(
            replace(rollout, state=VersionState.CANARY, percent=5, since=house.clock.now()), expected_etag=1
        )
        unit.commit()
    house.clock.advance(3600)
    (decision,) = house.watch.evaluate()
    assert (decision.look, decision.looks_in_stage, decision.percent) == (3, 1, 5)


def test_a_version_that_cries_wolf_is_taken_back_by_the_machine_alone_there(house: House) -> None:
    house.start(), house.start("south")
    for number in range(80):
        house.add(f"n{number:02}", hours=number / 10, shadow=0.9 if number % 3 else 0.1)
        house.add(f"s{number:02}", hours=number / 10, shadow=0.02, site="south")
    house.clock.advance(24 * 3600)
    north, south = house.watch.evaluate()
    assert (north.verdict, south.verdict) == (Verdict.ROLL_BACK, Verdict.CONTINUE)
    failed = [each for each in north.evidence if each.result is GateResult.FAILS]
    assert GateName.FALSE_POSITIVES in {each.gate for each in failed}
    assert all(
        each.value is not None and each.threshold is not None and each.value >= each.threshold for each in failed
    )
    with house.database.begin(write=False) as unit:
        states = {each.site: each.state for each in unit.rollouts()}
    assert states == {"north": VersionState.RETIRED, "south": VersionState.SHADOW}
    assert [each.site for each in house.watch.evaluate()] == ["south"]
    with house.database.begin() as unit:
        (alarm,) = unit.alarms()
        acknowledge_alarm(unit, alarm.alarm_key, "q.lee", house.clock.now())
        unit.commit()
    house.watch.evaluate()
    with house.database.begin(write=False) as unit:
        assert unit.alarms() == ()


def test_the_nightly_look_waits_until_one_is_due(house: House) -> None:
    house.start()
    house.clock.advance(60)
    assert len(house.watch.evaluate(only_due=True)) == 1
    house.clock.advance(19 * 3600)
    assert house.watch.evaluate(only_due=True) == ()
    assert len(house.watch.evaluate()) == 1  # asked for by a person
    house.clock.advance(20 * 3600)
    assert len(house.watch.evaluate(only_due=True)) == 1


def test_two_processes_take_one_look(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.start()
    house.clock.advance(60)
    record, raced = RolloutDesk.record, []

    def race(desk: RolloutDesk, decision: object, etag: int) -> object:
        if not raced:
            raced.append(True)
            house.watch.evaluate()
        return record(desk, decision, etag)  # type: ignore[arg-type]

    monkeypatch.setattr(RolloutDesk, "record", race)
    assert house.watch.evaluate() == ()
    with house.database.begin(write=False) as unit:
        assert [each.look for each in unit.decisions(KEY, "north")] == [1]


def test_one_version_is_looked_at_alone_when_asked_for(house: House) -> None:
    house.start()
    house.clock.advance(60)
    assert house.watch.evaluate(of_model="nobody@1.0.0") == ()
    assert len(house.watch.evaluate(of_model=KEY)) == 1


def test_a_database_that_is_down_stops_no_worker(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, tried = threading.Event(), []

    def down(*_: object, **__: object) -> object:
        tried.append(True)
        if len(tried) == 3:
            stop.set()
        raise TransientError("down", code="database_down") if len(tried) < 3 else ValueError("a bug")

    monkeypatch.setattr(RolloutWatch, "evaluate", down)
    house.watch.run(stop, pause_s=0)
    assert len(tried) == 3
