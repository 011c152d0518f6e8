"""Who may do what to a rollout, and what each act leaves behind: one transaction with its audit record, or nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from wetread.domain.alarm import Alarm, AlarmKind
from wetread.domain.errors import IllegalTransition, NotPermitted, PermanentError, StaleVersion
from wetread.domain.model_version import VersionState
from wetread.domain.role import SERVICE, Actor, Role
from wetread.domain.rollout import GateName, GateResult, Rollout, RolloutDecision, Verdict
from wetread.governance.desk import RolloutDesk
from wetread.testing.builders import NOON
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.rollout_builders import a_decision_of_gates, a_gate_plan, a_model_version, evidence

ENGINEER = Actor("m.engineer", Role.ML_ENGINEER)
QUALITY, OTHER_QUALITY = Actor("q.lee", Role.QUALITY), Actor("q.roe", Role.QUALITY)
ADMIN = Actor("a.kim", Role.ADMIN)
KEY, SITE, WHY = "phantom-net@2.0.0", "north", "as the protocol says"
S = VersionState
DAY_S = 86400.0


class House:
    """A registered version, its shadow at the northern site, and the machine's looks at it."""

    def __init__(self) -> None:
        self.database, self.clock = MemoryDatabase(), FixedClock(NOON)
        self.desk = RolloutDesk(self.database, self.clock)
        self.desk.register(ENGINEER, a_model_version())

    def start(self, key: str = KEY) -> Rollout:
        return self.desk.start(ENGINEER, key, SITE, a_gate_plan(), WHY)

    def rollout(self, key: str = KEY) -> Rollout:
        with self.database.begin(write=False) as unit:
            found = unit.rollout(key, SITE)
        assert found is not None
        return found

    def look(self, verdict: Verdict, *said: object, key: str = KEY) -> Rollout:
        self.clock.advance(DAY_S)
        with self.database.begin(write=False) as unit:
            last = unit.decisions(key, SITE, limit=1)
        rollout = self.rollout(key)
        decision = a_decision_of_gates(
            model_key=key, look=last[0].look + 1 if last else 1, decided_at=self.clock.now(), verdict=verdict,
            reason=f"the gates say {verdict.value}", evidence=said or (evidence(),), state=rollout.state,
        )  # fmt: skip
        return self.desk.record(decision, rollout.etag)

    def promote(self, key: str = KEY) -> Rollout:
        self.look(Verdict.PROMOTE, key=key)
        self.desk.ask(ENGINEER, key, SITE)
        self.desk.approve(QUALITY, key, SITE, WHY)
        return self.desk.approve(ADMIN, key, SITE, WHY)

    def in_use(self, key: str = KEY) -> Rollout:
        self.start(key)
        for _ in range(3):
            self.promote(key)
        return self.rollout(key)

    @property
    def acts(self) -> list[tuple[str, str]]:
        return [(each.event.action, each.event.actor_id) for each in self.database.audit_records()]


@pytest.fixture
def house() -> House:
    return House()


def test_the_whole_way_takes_two_people_at_each_stage(house: House) -> None:
    assert house.start().state is S.SHADOW
    stages = [house.promote() for _ in range(3)]
    assert [(each.state, each.percent) for each in stages] == [(S.CANARY, 5), (S.CANARY, 25), (S.ACTIVE, 100)]
    assert stages[-1].since == house.clock.now()
    assert house.acts.count(("rollout.approve", "q.lee")) == 3
    widened = [dict(r.event.detail) for r in house.database.audit_records() if r.event.action == "rollout.activate"]
    assert widened == [{"model": KEY, "site": SITE, "state": "active", "percent": "100", "approved_by": "q.lee+a.kim"}]


@pytest.mark.parametrize(
    "second",
    [QUALITY, OTHER_QUALITY, ENGINEER, SERVICE, Actor("r.fox", Role.RADIOLOGIST), Actor("q.lee", Role.ADMIN)],
    ids=["the same person", "the same role", "the engineer", "a service", "a radiologist", "one name in two roles"],
)
def test_one_person_is_not_two(house: House, second: Actor) -> None:
    house.start()
    house.look(Verdict.PROMOTE)
    house.desk.ask(ENGINEER, KEY, SITE)
    house.desk.approve(QUALITY, KEY, SITE, WHY)
    with pytest.raises(NotPermitted):
        house.desk.approve(second, KEY, SITE, WHY)
    assert house.rollout().state is S.SHADOW


def test_who_asked_does_not_approve(house: House) -> None:
    house.start()
    house.look(Verdict.PROMOTE)
    house.desk.ask(Actor("a.kim", Role.ML_ENGINEER), KEY, SITE)
    with pytest.raises(NotPermitted, match="two people"):
        house.desk.approve(ADMIN, KEY, SITE, WHY)


_HELD = evidence(gate=GateName.DRIFT, result=GateResult.HOLDS)
_STAYED = evidence(gate=GateName.DWELL, finding=None, result=GateResult.HOLDS)


@pytest.mark.parametrize(
    ("verdict", "said", "lets"),
    [
        (Verdict.PROMOTE, (), True),
        (Verdict.CONTINUE, (), False),
        (Verdict.HOLD, (_STAYED,), True),
        (Verdict.HOLD, (_HELD, _STAYED), False),
    ],
)
def test_people_may_let_it_go_on_when_the_gates_do(
    house: House, verdict: Verdict, said: tuple[object, ...], lets: bool
) -> None:
    house.start()
    house.look(verdict, *said)
    if lets:
        assert house.desk.ask(ENGINEER, KEY, SITE).ask is not None
        return
    with pytest.raises(PermanentError):
        house.desk.ask(ENGINEER, KEY, SITE)


def test_nothing_goes_on_before_the_gates_looked_at_this_stage(house: House) -> None:
    house.start()
    with pytest.raises(PermanentError) as refusal:
        house.desk.ask(ENGINEER, KEY, SITE)
    assert refusal.value.code == "not_evaluated"
    house.promote()
    with pytest.raises(PermanentError) as refusal:
        house.desk.ask(ENGINEER, KEY, SITE)  # the recommendation was for the stage before
    assert refusal.value.code == "not_evaluated"


def test_a_worse_look_after_the_asking_stops_the_approval(house: House) -> None:
    house.start()
    house.look(Verdict.PROMOTE)
    house.desk.ask(ENGINEER, KEY, SITE)
    house.look(Verdict.CONTINUE)
    with pytest.raises(PermanentError) as refusal:
        house.desk.approve(QUALITY, KEY, SITE, WHY)
    assert refusal.value.code == "gates_do_not_let_it_go_on"
    house.look(Verdict.PROMOTE)
    assert house.desk.approve(QUALITY, KEY, SITE, WHY).ask is not None


def test_the_machine_takes_back_at_once_and_says_why(house: House) -> None:
    house.start()
    house.promote()
    back = house.look(Verdict.ROLL_BACK, evidence(result=GateResult.FAILS))
    assert (back.state, back.percent, back.reason) == (S.RETIRED, 0, "the gates say rollback")
    evaluated, taken, _ = list(house.database.audit_records())[-3:]
    assert (evaluated.event.action, taken.event.action) == ("rollout.evaluate", "rollout.roll_back")
    assert dict(evaluated.event.detail)["failed"] == "false_positives:pneumothorax"
    assert taken.event.actor_id == "wetread"
    with pytest.raises(PermanentError):
        house.desk.ask(ENGINEER, KEY, SITE)


def test_the_machine_holds_and_people_resume(house: House) -> None:
    house.start()
    held = house.look(Verdict.HOLD, _HELD)
    assert held.held == "the gates say hold"
    house.look(Verdict.PROMOTE)
    with pytest.raises(PermanentError) as refusal:
        house.desk.ask(ENGINEER, KEY, SITE)
    assert refusal.value.code == "rollout_held"
    with pytest.raises(NotPermitted):
        house.desk.resume(ENGINEER, KEY, SITE, WHY)
    resumed = house.desk.resume(QUALITY, KEY, SITE, "the case-mix changed, the films were read again")
    assert (resumed.held, resumed.baseline_since) == ("", house.clock.now())
    with pytest.raises(PermanentError) as refusal:
        house.desk.resume(QUALITY, KEY, SITE, WHY)
    assert refusal.value.code == "not_held"


def test_what_the_machine_stopped_is_an_alarm_until_a_person_acts(house: House) -> None:
    house.start()
    house.look(Verdict.HOLD, _HELD)
    (alarm,) = alarms(house)
    assert (alarm.kind, alarm.site, alarm.pages) == (AlarmKind.ROLLOUT_STOPPED, SITE, False)
    assert "is held at north (the gates say hold): wetread rollout explain" in alarm.message
    house.desk.resume(QUALITY, KEY, SITE, WHY)
    assert alarms(house) == ()
    house.look(Verdict.ROLL_BACK, evidence(result=GateResult.FAILS))
    assert "was taken back" in alarms(house)[0].message
    house.start()
    assert alarms(house) == ()


def test_what_people_stopped_is_no_alarm(house: House) -> None:
    house.start()
    house.desk.hold(ADMIN, KEY, SITE, WHY)
    house.desk.roll_back(ADMIN, KEY, SITE, WHY)
    assert alarms(house) == ()


def alarms(house: House) -> tuple[Alarm, ...]:
    with house.database.begin(write=False) as unit:
        return unit.alarms()


def test_a_stay_that_is_over_holds_nothing_back_from_people(house: House) -> None:
    house.start()
    assert house.look(Verdict.HOLD, _STAYED).held == ""


def test_a_hold_drops_what_was_asked_for(house: House) -> None:
    house.start()
    house.look(Verdict.PROMOTE)
    house.desk.ask(ENGINEER, KEY, SITE)
    house.desk.approve(QUALITY, KEY, SITE, WHY)
    house.desk.hold(SERVICE, KEY, SITE, "the archive sends twice")
    house.desk.resume(ADMIN, KEY, SITE, WHY)
    with pytest.raises(PermanentError) as refusal:
        house.desk.approve(ADMIN, KEY, SITE, WHY)
    assert refusal.value.code == "nothing_asked"


def test_a_version_in_use_gives_the_site_back_to_the_one_before(house: House) -> None:
    house.in_use()
    house.desk.register(ENGINEER, a_model_version(model=replace(a_model_version().model, version="3.0.0")))
    newer = house.in_use("phantom-net@3.0.0")
    assert (newer.state, newer.replaces, house.rollout().state) == (S.ACTIVE, KEY, S.RETIRED)
    house.desk.roll_back(QUALITY, "phantom-net@3.0.0", SITE, "three missed pneumothoraces")
    assert (house.rollout().state, house.rollout().percent) == (S.ACTIVE, 100)
    assert house.rollout("phantom-net@3.0.0").state is S.RETIRED
    assert [action for action, _ in house.acts[-2:]] == ["rollout.roll_back", "rollout.restore"]


def test_a_predecessor_that_was_begun_anew_is_left_where_it_is(house: House) -> None:
    house.in_use()
    house.desk.register(ENGINEER, a_model_version(model=replace(a_model_version().model, version="3.0.0")))
    house.in_use("phantom-net@3.0.0")
    house.start()
    house.desk.roll_back(ENGINEER, "phantom-net@3.0.0", SITE, WHY)
    assert house.rollout().state is S.SHADOW


def test_words_that_people_typed_stay_with_the_rollout(house: House) -> None:
    house.start()
    house.promote()
    house.desk.hold(ADMIN, KEY, SITE, "Mrs Doe in room 4 was missed")
    acts = [(each.action, each.actor_id, each.percent) for each in house.rollout().history]
    assert acts == [
        ("start", "m.engineer", 0), ("ask", "m.engineer", 5), ("approve", "q.lee", 5), ("approve", "a.kim", 5),
        ("widen", "wetread", 5), ("hold", "a.kim", 5),
    ]  # fmt: skip
    assert house.rollout().history[-1].reason == "Mrs Doe in room 4 was missed"
    assert "Doe" not in repr(list(house.database.audit_records()))
    house.desk.roll_back(ADMIN, KEY, SITE, WHY)
    assert [each.action for each in house.start().history][-2:] == ["roll_back", "start"]


def test_a_site_has_one_canary(house: House) -> None:
    house.desk.register(ENGINEER, a_model_version(model=replace(a_model_version().model, version="3.0.0")))
    house.start()
    house.promote()
    house.start("phantom-net@3.0.0")
    with pytest.raises(PermanentError) as refusal:
        house.promote("phantom-net@3.0.0")
    assert refusal.value.code == "another_canary"
    assert house.rollout("phantom-net@3.0.0").state is S.SHADOW


def test_what_is_not_registered_does_not_start_and_what_runs_does_not_start_again(house: House) -> None:
    with pytest.raises(PermanentError) as refusal:
        house.start("nobody@1.0.0")
    assert refusal.value.code == "no_version"
    house.start()
    with pytest.raises(IllegalTransition):
        house.start()
    house.desk.roll_back(ENGINEER, KEY, SITE, WHY)
    house.start()
    assert house.rollout().state is S.SHADOW


def test_registering_twice_is_registering_once(house: House) -> None:
    assert not house.desk.register(ENGINEER, a_model_version())
    assert house.acts == [("model.register", "m.engineer")]


_ACTS: dict[str, tuple[Callable[[RolloutDesk, Actor], object], set[Role]]] = {
    "register": (lambda desk, actor: desk.register(actor, a_model_version()), {Role.ML_ENGINEER}),
    "start": (lambda desk, actor: desk.start(actor, KEY, SITE, a_gate_plan(), WHY), {Role.ML_ENGINEER}),
    "ask": (lambda desk, actor: desk.ask(actor, KEY, SITE), {Role.ML_ENGINEER}),
    "approve": (lambda desk, actor: desk.approve(actor, KEY, SITE, WHY), {Role.QUALITY, Role.ADMIN}),
    "resume": (lambda desk, actor: desk.resume(actor, KEY, SITE, WHY), {Role.QUALITY, Role.ADMIN}),
    "hold": (
        lambda desk, actor: desk.hold(actor, KEY, SITE, WHY),
        {Role.ML_ENGINEER, Role.QUALITY, Role.ADMIN, Role.SERVICE},
    ),
    "roll_back": (
        lambda desk, actor: desk.roll_back(actor, KEY, SITE, WHY),
        {Role.ML_ENGINEER, Role.QUALITY, Role.ADMIN, Role.SERVICE},
    ),
}


@pytest.mark.parametrize("act", _ACTS)
@pytest.mark.parametrize("role", Role)
def test_every_act_by_every_role(house: House, act: str, role: Role) -> None:
    do, allowed = _ACTS[act]
    actor = Actor("somebody", role)
    before = house.acts
    try:
        do(house.desk, actor)
    except NotPermitted:
        assert role not in allowed
        assert house.acts == before
    except PermanentError:
        assert role in allowed  # permitted, though nothing is under way here
    else:
        assert role in allowed


def test_a_look_that_came_late_writes_nothing(house: House) -> None:
    house.start()
    old = house.rollout()
    house.desk.hold(QUALITY, KEY, SITE, WHY)
    decision = a_decision_of_gates(decided_at=house.clock.now(), verdict=Verdict.ROLL_BACK)
    with pytest.raises(StaleVersion):
        house.desk.record(decision, old.etag)
    assert _decisions(house) == ()
    house.desk.record(decision, house.rollout().etag)
    with pytest.raises(StaleVersion):
        house.desk.record(decision, house.rollout().etag)
    assert _decisions(house) == (decision,)


def _decisions(house: House) -> tuple[RolloutDecision, ...]:
    with house.database.begin(write=False) as unit:
        return unit.decisions(KEY, SITE)


@pytest.mark.parametrize("reason", ["", "  ", "ok", "x" * 501])
def test_an_act_says_why(house: House, reason: str) -> None:
    house.start()
    with pytest.raises(PermanentError) as refusal:
        house.desk.roll_back(ENGINEER, KEY, SITE, reason)
    assert refusal.value.code == "reason_missing"
    assert house.rollout().state is S.SHADOW
