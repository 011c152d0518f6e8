"""Who is told next, and when after that."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paging_world import PATH, PEOPLE, wait_of
from tests.unit.triage import roster_strategies as some

from wetread.domain.alarm import AlarmKind
from wetread.domain.critical import Acknowledgement, CriticalState
from wetread.domain.priority import Priority
from wetread.domain.roster import Contact, Responder, RosterOverride
from wetread.paging.responders import Responders
from wetread.testing.builders import NOON, a_decision, a_study
from wetread.testing.critical_builders import a_critical_result, a_page
from wetread.triage.escalation import EVERYONE, escalate, is_obsolete, open_critical, rearm
from wetread.triage.roster_plan import Roster

ANN = Responder("ann", "Ann", (Contact("sms", "1"),))
duties = st.sets(st.sampled_from(["primary", "secondary", "team_lead", EVERYONE]))


def covered_by(held: set[str]) -> dict[str, tuple[Responder, ...]]:
    return dict.fromkeys(held, (ANN,))


def test_a_new_result_is_due_at_once_and_has_both_limits() -> None:
    result = open_critical(a_study(), a_decision(priority=Priority.STAT), PATH, NOON)
    assert result.next_due_at == NOON
    assert result.acknowledge_by == NOON + timedelta(minutes=30)
    assert result.communicate_by == NOON + timedelta(minutes=60)
    assert result.state is CriticalState.OPEN


@given(held=duties, step=st.integers(0, 9), priority=st.sampled_from(Priority))
def test_somebody_is_always_paged_or_an_alarm_says_that_nobody_is(
    held: set[str], step: int, priority: Priority
) -> None:
    before = a_critical_result(step=step, priority=priority)
    done = escalate(before, PATH, lambda duty: covered_by(held).get(duty, ()), NOON)
    kinds = {trouble.kind for trouble in done.troubles}
    assert bool(done.pages) != (AlarmKind.NOBODY_TO_PAGE in kinds)
    assert (done.result.step > before.step) == bool(done.pages)
    assert done.result.next_due_at == NOON + (wait_of(before) if done.pages else timedelta(minutes=1))


@given(held=duties.filter(bool), step=st.integers(0, 9))
def test_every_duty_that_was_passed_over_is_named(held: set[str], step: int) -> None:
    done = escalate(a_critical_result(step=step), PATH, lambda duty: covered_by(held).get(duty, ()), NOON)
    passed = {trouble.duty for trouble in done.troubles if trouble.kind is AlarmKind.ROSTER_GAP}
    wanted = [PATH.steps[min(number, 3)].duty for number in range(step, step + 4)]
    found = [number for number, duty in enumerate(wanted) if duty in held]
    assert passed == set(wanted[: found[0]] if found else wanted)


def test_the_steps_follow_the_path_and_the_last_one_repeats_with_new_pages() -> None:
    people = {duty: (replace(ANN, person_id=person),) for duty, person in PEOPLE.items()}
    people[EVERYONE] = (ANN,)
    result, told, keys = a_critical_result(), [], set()
    for _ in range(6):
        done = escalate(result, PATH, lambda duty: people[duty], NOON)
        result = done.result
        told.append(done.pages[0].person_id)
        keys |= {page.page_key for page in done.pages}
    assert told == ["ann", "ben", "cho", "ann", "ann", "ann"]
    assert len(keys) == 6


@pytest.mark.parametrize("clock", [timedelta(0), timedelta(days=3), timedelta(days=-3)], ids=str)
def test_a_page_of_a_step_before_somebody_took_the_result_is_not_sent_any_more(clock: timedelta) -> None:
    taken = Acknowledgement("dr.roe", NOON, "pneumothorax, right", step=1)
    acknowledged = a_critical_result(state=CriticalState.ACKNOWLEDGED, acknowledgement=taken)
    assert is_obsolete(a_page(step=0, queued_at=NOON + clock), acknowledged)
    assert not is_obsolete(a_page(step=1, queued_at=NOON + clock), acknowledged)
    assert is_obsolete(a_page(), a_critical_result(state=CriticalState.CLOSED, next_due_at=None))
    assert not is_obsolete(a_page(), a_critical_result())


@given(back=st.timedeltas(timedelta(seconds=61), timedelta(days=400)))
def test_after_the_clock_went_back_nothing_waits_longer_than_it_would_have(back: timedelta) -> None:
    result = a_critical_result(next_due_at=NOON + timedelta(minutes=5))
    now = NOON - back
    again = rearm(result, PATH, now)
    assert again.next_due_at is not None
    assert again.next_due_at <= now + timedelta(minutes=5)
    assert again.acknowledge_by <= now + timedelta(minutes=30)
    assert again.communicate_by <= now + timedelta(minutes=60)


@given(roster=some.rosters(), at=some.instants, step=st.integers(0, 6), held=st.lists(some.overrides(), max_size=2))
def test_whatever_the_roster_and_the_hour_somebody_is_found_or_an_alarm_is_raised(
    roster: Roster, at: datetime, step: int, held: list[RosterOverride]
) -> None:
    responders = Responders(roster, tuple(held), "")
    result = a_critical_result(site=roster.sites[0].name, step=step, next_due_at=at)
    done = escalate(result, PATH, responders.at(result.site, at), at)
    found = {page.person_id for page in done.pages}
    assert found <= {person.person_id for person in roster.people}
    assert found or AlarmKind.NOBODY_TO_PAGE in {trouble.kind for trouble in done.troubles}
    assert bool(found) == bool(roster.people)
    assert done.result.next_due_at == at + (wait_of(result) if found else timedelta(minutes=1))
