"""Does a later image tell people something new?"""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paging_world import PATH

from wetread.domain.critical import Acknowledgement, Communication, CriticalResult, CriticalState
from wetread.domain.finding import FindingName, SidedFinding
from wetread.domain.priority import Priority, TriageDecision
from wetread.domain.roster import Contact, Responder
from wetread.testing.builders import NOON, a_decision
from wetread.testing.critical_builders import a_critical_result
from wetread.triage.escalation import escalate
from wetread.triage.renewal import renewed

LATER = NOON + timedelta(minutes=40)
LEFT = SidedFinding(FindingName.PNEUMOTHORAX, "left")
RIGHT = SidedFinding(FindingName.PNEUMOTHORAX, "right")
BOTH = SidedFinding(FindingName.PNEUMOTHORAX, "bilateral")
SOMEWHERE = SidedFinding(FindingName.PNEUMOTHORAX, "")
EFFUSION = SidedFinding(FindingName.EFFUSION, "left")
findings = st.lists(st.sampled_from([LEFT, RIGHT, BOTH, SOMEWHERE, EFFUSION]), max_size=3, unique=True).map(tuple)
states = st.sampled_from([state for state in CriticalState if state is not CriticalState.CLOSED])


def result_in(state: CriticalState, *told: SidedFinding, **changes: object) -> CriticalResult:
    """As the desk leaves it in that state, forty minutes before LATER."""
    took = state in (CriticalState.ACKNOWLEDGED, CriticalState.COMMUNICATED)
    taken = Acknowledgement("dr.roe", NOON, "left pneumothorax", 1) if took else None
    said = Communication("dr.roe", NOON, "ward 4", "phone", True) if state is CriticalState.COMMUNICATED else None
    due = None if said else NOON + timedelta(minutes=60)
    facts = {"state": state, "findings": told, "step": 1, "next_due_at": due} | changes
    return a_critical_result(acknowledgement=taken, communication=said, **facts)


def decision(*called: SidedFinding, priority: Priority = Priority.STAT) -> TriageDecision:
    return a_decision(priority=priority, critical=True, message="Suspected pneumothorax", critical_findings=called)


@pytest.mark.parametrize(
    ("told", "called", "new"),
    [
        ([LEFT], [LEFT], False),
        ([LEFT], [RIGHT], True),
        ([LEFT], [BOTH], True),
        ([BOTH], [LEFT], False),
        ([BOTH], [RIGHT], False),
        ([LEFT], [SOMEWHERE], False),
        ([SOMEWHERE], [LEFT], True),
        ([SOMEWHERE], [SOMEWHERE], False),
        ([LEFT], [LEFT, EFFUSION], True),
        ([LEFT, EFFUSION], [EFFUSION], False),
        ([], [LEFT], True),
    ],
)
@pytest.mark.parametrize("state", [state for state in CriticalState if state is not CriticalState.CLOSED])
def test_what_is_new(state: CriticalState, told: list[SidedFinding], called: list[SidedFinding], new: bool) -> None:
    assert (renewed(result_in(state, *told), decision(*called), PATH, LATER) is not None) is new


@given(state=states, told=findings, called=findings, priority=st.sampled_from(Priority))
def test_a_renewed_result_is_due_at_once_forgets_nothing_and_says_what_is_new(
    state: CriticalState, told: tuple[SidedFinding, ...], called: tuple[SidedFinding, ...], priority: Priority
) -> None:
    before = result_in(state, *told, priority=Priority.URGENT)
    after = renewed(before, decision(*called, priority=priority), PATH, LATER)
    if after is None:
        return
    assert after.due(LATER)
    assert after.state in (CriticalState.OPEN, CriticalState.NOTIFIED)
    assert after.priority.rank >= before.priority.rank
    assert set(told) <= set(after.findings)
    assert (after.opened_at, after.critical_key, after.step) == (before.opened_at, before.critical_key, before.step)
    assert bool(after.earlier) == (before.acknowledgement is not None)
    assert after.acknowledge_by <= LATER + PATH.acknowledge_within
    if before.acknowledgement is None:
        assert after.acknowledge_by <= before.acknowledge_by
        assert after.communicate_by <= before.communicate_by
    assert renewed(after, decision(*called, priority=priority), PATH, LATER) is None


def test_who_is_on_call_first_is_told_first_again_by_a_page_of_its_own() -> None:
    """The page of step 0 has gone out with its key: a second one of the same key would be a page that nobody gets."""
    people = {duty: (Responder(duty, duty, (Contact("sms", "1"),)),) for duty in ("primary", "secondary", "team_lead")}

    def find(duty: str) -> tuple[Responder, ...]:
        return people.get(duty, ())

    before = escalate(a_critical_result(findings=(LEFT,)), PATH, find, NOON)
    again = renewed(before.result, decision(RIGHT), PATH, LATER)
    assert again is not None
    after = escalate(again, PATH, find, LATER)
    assert [page.person_id for page in (*before.pages, *after.pages)] == ["primary", "primary"]
    assert before.pages[0].page_key != after.pages[0].page_key
    third = escalate(replace(after.result, next_due_at=LATER), PATH, find, LATER)
    assert [page.person_id for page in third.pages] == ["secondary"]


def test_a_higher_priority_is_news_only_while_nobody_has_taken_it() -> None:
    for state, news in ((CriticalState.NOTIFIED, True), (CriticalState.ACKNOWLEDGED, False)):
        before = result_in(state, LEFT, priority=Priority.URGENT)
        after = renewed(before, decision(LEFT, priority=Priority.STAT), PATH, LATER)
        assert (after is not None) is news
    lower = renewed(result_in(CriticalState.NOTIFIED, LEFT), decision(LEFT, priority=Priority.URGENT), PATH, LATER)
    assert lower is None
