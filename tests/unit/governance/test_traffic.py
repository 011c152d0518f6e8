"""What a site recorded before a rollout, counted as its gates will count what comes after."""

from datetime import datetime, timedelta

import pytest
from signed_studies import NEW, add_study

from wetread.domain.finding import FindingName
from wetread.domain.role import Actor, Role
from wetread.domain.rollout import GateName, Rollout
from wetread.governance.desk import RolloutDesk
from wetread.governance.expected import History, with_history
from wetread.governance.gates import false_positive_gate
from wetread.governance.gather import gather
from wetread.governance.nightly import RolloutWatch
from wetread.governance.traffic import recorded
from wetread.labelling.labeller import RuleLabeller
from wetread.testing.builders import NOON
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase
from wetread.testing.memory_vault import MemoryVault
from wetread.testing.rollout_builders import a_gate_plan, a_model_version, a_rollout

DAY = timedelta(days=1)
PNEUMOTHORAX, EFFUSION = FindingName.PNEUMOTHORAX, FindingName.EFFUSION
ENGINEER = Actor("m.engineer", Role.ML_ENGINEER)


class House:
    def __init__(self) -> None:
        self.database, self.vault, self.clock = MemoryDatabase(), MemoryVault(), FixedClock(NOON)

    def add(self, key: str, at: datetime, **facts: object) -> None:
        add_study(self.database, self.vault, key, at, **facts)  # type: ignore[arg-type]

    def recorded(self, days: int = 60, site: str = "north", seen: list[int] | None = None) -> History:
        names = [PNEUMOTHORAX, EFFUSION]
        hear = (seen if seen is not None else []).append
        return recorded(self.database, self.vault, RuleLabeller(), site, names, self.clock.now(), days, hear)


@pytest.fixture
def house() -> House:
    return House()


def test_a_site_without_studies_has_no_days(house: House) -> None:
    found = house.recorded()
    assert (found.days, found.studies, found.patients) == (0, 0, 0)
    assert found.known == {PNEUMOTHORAX: [], EFFUSION: []}


def test_each_patient_counts_once_by_the_first_report_that_denies_the_finding(house: House) -> None:
    house.add("one", NOON - 30 * DAY, patient="A", text="Left pneumothorax.")
    house.add("two", NOON - 20 * DAY, patient="A", text="No pneumothorax. Possible effusion.")
    house.add("three", NOON - 10 * DAY, patient="A")
    house.add("four", NOON - 5 * DAY, patient="B")
    found = house.recorded()
    assert (found.studies, found.patients) == (4, 2)
    hour = timedelta(hours=1)
    assert found.known[PNEUMOTHORAX] == [NOON - 20 * DAY + hour, NOON - 5 * DAY + hour]
    assert found.known[EFFUSION] == [NOON - 30 * DAY + hour, NOON - 5 * DAY + hour]


def test_what_is_unsigned_elsewhere_too_old_or_too_new_is_no_history(house: House) -> None:
    house.add("unsigned", NOON - 8 * DAY, signed=None)
    house.add("signed_after", NOON - DAY, signed=timedelta(days=2))
    house.add("elsewhere", NOON - 8 * DAY, site="south")
    house.add("old", NOON - 61 * DAY)
    house.add("future", NOON + DAY)
    house.add("counts", NOON - 3 * DAY)
    found = house.recorded()
    assert (found.studies, found.patients) == (1, 1)
    assert found.days == 60  # it was at work before


def test_a_site_is_as_old_as_its_first_study_and_no_more_than_ninety_days_are_looked_at(house: House) -> None:
    house.add("other", NOON - 70 * DAY, site="south")
    house.add("first", NOON - 9 * DAY, signed=None)
    assert house.recorded().days == 9
    house.add("older", NOON - 200 * DAY)
    assert house.recorded(days=365).days == 90


def test_many_pages_are_all_seen(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wetread.monitoring.study_pages._PAGE", 3)
    for at in range(8):
        house.add(f"s{at}", NOON - (at + 1) * DAY)
    seen: list[int] = []
    assert house.recorded(seen=seen).studies == 8
    assert seen == [3, 6, 8]


def test_history_is_counted_as_the_gate_counts(house: House) -> None:
    """The same studies, once as history and once as the rollout's own: so many negatives as the gate would have weighed."""
    for at in range(40):
        words = "Left pneumothorax." if at % 7 == 0 else "No acute finding."
        house.add(f"s{at}", NOON - (at % 20) * DAY - DAY, patient=f"p{at % 23}", text=words, shadow=0.2)
    began = NOON - 25 * DAY
    cases = gather(house.database, house.vault, RuleLabeller(), a_rollout(since=began)).site.cases
    plan = a_gate_plan()
    weighed = false_positive_gate([each for each in cases if each.finding is PNEUMOTHORAX], plan.limits[0], plan)
    assert weighed.n == len(house.recorded(days=25).known[PNEUMOTHORAX]) > 15


def test_what_is_expected_is_fixed_before_the_first_study_of_the_rollout_and_never_read_again(house: House) -> None:
    for at in range(240):
        house.add(f"h{at}", NOON - (at % 60) * DAY - timedelta(hours=1 + at // 60))
    plan = with_history(a_gate_plan(PNEUMOTHORAX, EFFUSION, stake=0.8), house.recorded())
    most = plan.limits[0].most
    assert 240 < most < 280
    desk = RolloutDesk(house.database, house.clock)
    desk.register(ENGINEER, a_model_version(model=NEW))
    started = desk.start(ENGINEER, "phantom-net@2.0.0", "north", plan, "as the protocol says")
    watch = RolloutWatch(house.database, house.vault, RuleLabeller(), house.clock, timedelta(hours=20))
    for day in range(1, 4):
        for at in range(50):
            house.add(f"r{day}-{at}", NOON + day * DAY - timedelta(hours=12), shadow=0.01)
        house.clock.advance(86_400)
        (look,) = watch.evaluate()
        (said,) = [e for e in look.evidence if e.gate is GateName.FALSE_POSITIVES and e.finding is PNEUMOTHORAX]
        assert f"or the first {most:,}" in said.statistic
        assert said.n == 50 * day
        assert kept(house).plan == started.plan == plan


def kept(house: House) -> Rollout:
    with house.database.begin(write=False) as unit:
        found = unit.rollout("phantom-net@2.0.0", "north")
    assert found is not None
    return found
