"""The state table of a Unified Procedure Step: every pair of state and act, with each kind of Transaction UID (PS3.4 table CC.1.1-2)."""

import pytest

from wetread.domain.priority import Priority
from wetread.domain.workitem import (
    Grip,
    StepState,
    priority_of,
    rule_on_cancel_request,
    rule_on_change,
    rule_on_update,
    ups_priority,
)

_S = StepState
STATES = (_S.SCHEDULED, _S.IN_PROGRESS, _S.COMPLETED, _S.CANCELED)
TABLE = {
    # wanted: what the standard says in each state, the Transaction UID being right
    _S.SCHEDULED: ("C303", "C303", "C303", "C303"),
    _S.IN_PROGRESS: ("0000", "C302", "C300", "C300"),
    _S.COMPLETED: ("C310", "0000", "B306", "C300"),
    _S.CANCELED: ("C310", "0000", "C300", "B304"),
}


@pytest.mark.parametrize("grip", Grip)
@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize("wanted", STATES)
@pytest.mark.parametrize("state", STATES)
def test_every_change_is_ruled_on(state: StepState, wanted: StepState, grip: Grip, complete: bool) -> None:
    ruling = rule_on_change(state, wanted, grip, complete=complete)
    expected = TABLE[wanted][STATES.index(state)]
    if wanted is not _S.SCHEDULED and grip is not Grip.RIGHT:
        expected = "C301"
    elif expected == "0000" and wanted.is_final and not complete:
        expected = "C304"
    assert ruling.status == expected
    assert ruling.to is (wanted if expected == "0000" else None)
    assert ruling.allowed is not expected.startswith("C")


@pytest.mark.parametrize("grip", Grip)
@pytest.mark.parametrize("state", STATES)
def test_every_update_is_ruled_on(state: StepState, grip: Grip) -> None:
    if state.is_final:
        expected = "C300"
    else:
        right = Grip.MISSING if state is _S.SCHEDULED else Grip.RIGHT
        expected = "0000" if grip is right else "C301"
    assert rule_on_update(state, grip).status == expected


def test_every_request_for_an_end_is_ruled_on() -> None:
    rulings = [rule_on_cancel_request(each) for each in STATES]
    assert [each.status for each in rulings] == ["0000", "0000", "C311", "B304"]
    assert [each.to for each in rulings] == [_S.CANCELED, None, None, None]


@pytest.mark.parametrize("scheduled", ["HIGH", "MEDIUM", "LOW"])
def test_a_priority_comes_back_from_ours_as_it_was(scheduled: str) -> None:
    assert ups_priority(priority_of(scheduled)) == scheduled


@pytest.mark.parametrize("priority", Priority)
def test_a_priority_of_ours_never_comes_back_less_urgent(priority: Priority) -> None:
    assert priority_of(ups_priority(priority)).rank >= priority.rank


def test_what_is_no_priority_is_none() -> None:
    with pytest.raises(KeyError):
        priority_of("ROUTINE")
