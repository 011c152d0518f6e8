"""What each rule promises about who waits, study by study."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_rooms import FIFO, PRIORITY, a_finding, a_room

from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import Priority
from wetread.simulation.demand import Demand, draw_demand
from wetread.simulation.reading_room import read_all
from wetread.simulation.scenario import Rule, Run
from wetread.simulation.worklist import Worklist
from wetread.triage.ordering import Waiting, order
from wetread.triage.policy import OrderRule

SEEDS = st.integers(0, 2**32 - 1)
FINDINGS = (a_finding(right=0.8), a_finding("effusion", urgency=1, critical=False, prevalence=0.3, right=0.8))
RULES = (
    FIFO,
    PRIORITY,
    Run("cap", Rule.CAP, cap_min=45),
    Run("product", Rule.CAP, cap_min=90, minutes_per_urgency=20),
    Run("cap above all", Rule.CAP_ABOVE_ALL, cap_min=45),
    Run("ageing", Rule.AGEING, minutes_per_urgency=30),
)


@pytest.mark.parametrize("run", RULES, ids=lambda run: run.name)
@pytest.mark.parametrize("readers", [1, 3])
def test_every_study_is_read_exactly_once_and_after_it_arrived(run: Run, readers: int) -> None:
    scenario = a_room(*FINDINGS, readers=readers, per_hour=9 * readers)
    demand = draw_demand(scenario, 14, np.random.default_rng(3))
    begun_min, signed_min = read_all(scenario, demand, run)
    assert np.isfinite(signed_min).all()
    assert (begun_min >= demand.arrival_min - 1e-5).all()
    assert np.allclose(signed_min - begun_min, demand.reading_min)
    if readers == 1:
        in_turn = np.argsort(begun_min)
        assert all(begun_min[later] >= signed_min[sooner] - 1e-9 for sooner, later in pairwise(in_turn))


def test_first_in_first_out_keeps_the_order_of_arrival() -> None:
    scenario = a_room(*FINDINGS, readers=2, per_hour=18)
    demand = draw_demand(scenario, 14, np.random.default_rng(4))
    assert (np.diff(read_all(scenario, demand, FIFO)[0]) >= 0).all()


def test_priority_takes_the_most_urgent_and_of_those_the_oldest() -> None:
    asked = (Priority.ROUTINE, Priority.ASAP, Priority.URGENT, Priority.STAT, Priority.ASAP)
    worklist = Worklist(_demand(list(enumerate(asked))), PRIORITY)
    assert [worklist.take(10) for _ in range(6)] == [3, 1, 4, 2, 0, None]


@pytest.mark.parametrize("run", RULES[1:], ids=lambda run: run.name)
def test_no_order_makes_work_or_loses_it(run: Run) -> None:
    """Kleinrock's conservation law, exact on every sample path: reading time times wait adds up to the same whatever the order."""
    scenario = a_room(*FINDINGS)
    demand = draw_demand(scenario, 28, np.random.default_rng(5))
    weighted = [
        (demand.reading_min * (read_all(scenario, demand, each)[0] - demand.arrival_min)).sum() for each in (FIFO, run)
    ]
    assert weighted[1] == pytest.approx(weighted[0], rel=1e-6)
    assert not np.allclose(read_all(scenario, demand, FIFO)[0], read_all(scenario, demand, run)[0])


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_priority_never_lengthens_the_wait_of_the_top_class(seed: int) -> None:
    """One reader: under priority a top study waits for a part of the work that FIFO makes it wait for."""
    scenario = a_room(*FINDINGS, days=7)
    demand = draw_demand(scenario, 7, np.random.default_rng(seed))
    fifo, priority = (read_all(scenario, demand, run)[0] for run in (FIFO, PRIORITY))
    assert (priority <= fifo + 1e-4)[demand.critical].all()


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, cap_min=st.sampled_from([0.0, 20.0, 60.0]))
def test_a_cap_above_all_bounds_every_wait(seed: int, cap_min: float) -> None:
    """One reader: once past the cap only older studies and the one being read go first, so wait <= cap + FIFO wait + longest reading."""
    scenario = a_room(*FINDINGS, days=7)
    demand = draw_demand(scenario, 7, np.random.default_rng(seed))
    fifo, capped = (
        read_all(scenario, demand, run)[0] for run in (FIFO, Run("cap", Rule.CAP_ABOVE_ALL, cap_min=cap_min))
    )
    assert (capped - demand.arrival_min <= cap_min + fifo - demand.arrival_min + demand.reading_min.max() + 1e-4).all()


def test_without_a_cap_that_bound_is_broken() -> None:
    scenario = a_room(*FINDINGS)
    demand = draw_demand(scenario, 28, np.random.default_rng(6))
    fifo, priority = (read_all(scenario, demand, run)[0] for run in (FIFO, PRIORITY))
    assert (priority > fifo + 20 + demand.reading_min.max()).any()


def test_the_products_cap_lets_nothing_but_critical_studies_pass_one_that_waited_too_long() -> None:
    cap_min = 45.0
    scenario = a_room(*FINDINGS)
    demand = draw_demand(scenario, 28, np.random.default_rng(7))
    begun_min, _ = read_all(scenario, demand, Run("cap", Rule.CAP, cap_min=cap_min))
    chosen = np.argsort(begun_min)
    overtaken = 0
    for place, study in enumerate(chosen):
        waiting = chosen[place + 1 :][demand.arrival_min[chosen[place + 1 :]] < demand.arrival_min[study]]
        late = begun_min[study] - demand.arrival_min[waiting] > cap_min + 1e-3
        overtaken += int(late.sum())
        assert demand.critical[study] or not late.any()
    assert overtaken > 0


@settings(max_examples=40, deadline=None)
@given(
    studies=st.lists(
        st.tuples(st.integers(0, 600), st.sampled_from(Priority)), min_size=1, max_size=25, unique_by=lambda s: s[0]
    ),
    cap_min=st.integers(1, 400),
    step_min=st.integers(1, 200),
)
def test_the_simulated_order_is_the_products(studies: list[tuple[int, Priority]], cap_min: int, step_min: int) -> None:
    """Written twice because stages do not import each other; stat is critical here, one site, no reading-time targets."""
    studies = sorted(studies)
    now_min = 600.5
    start = datetime(2026, 1, 5, tzinfo=UTC)
    waiting = [
        Waiting(StudyKey(f"{n:03d}"), "north", p, start + timedelta(minutes=at), p is Priority.STAT)
        for n, (at, p) in enumerate(studies)
    ]
    rule = OrderRule(timedelta(minutes=cap_min), timedelta(minutes=step_min))
    expected = [int(each.study_key) for each in order(waiting, start + timedelta(minutes=now_min), rule)]
    worklist = Worklist(_demand(studies), Run("product", Rule.CAP, cap_min=cap_min, minutes_per_urgency=step_min))
    taken = [worklist.take(now_min) for _ in studies]
    assert [_tied(studies, n, now_min, cap_min, step_min) for n in taken if n is not None] == [
        _tied(studies, n, now_min, cap_min, step_min) for n in expected
    ]


def _tied(
    studies: list[tuple[int, Priority]], n: int, now_min: float, cap_min: int, step_min: int
) -> tuple[bool, float]:
    """What two studies have in common that may go in either order."""
    at, priority = studies[n]
    critical = priority is Priority.STAT
    return critical, at if not critical and now_min - at > cap_min else at - priority.rank * step_min


def _demand(studies: list[tuple[int, Priority]]) -> Demand:
    n = len(studies)
    nothing = np.zeros((n, 0), dtype=np.bool_)
    critical = np.array([priority is Priority.STAT for _, priority in studies])
    urgency = np.array([priority.rank for _, priority in studies], dtype=np.int64)
    arrival_min = np.array([float(at) for at, _ in studies])
    return Demand(arrival_min, np.ones(n), nothing, nothing, urgency, critical, np.ones(n, dtype=np.bool_))
