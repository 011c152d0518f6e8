"""The state table, pair by pair: what it must hold and what it must refuse."""

import pytest

from wetread.domain.errors import IllegalTransition
from wetread.domain.study_state import READABLE, TRANSITIONS, StudyEvent, StudyState, next_state

REPORTED_STATES = {StudyState.SIGNED, StudyState.DELIVERED, StudyState.AMENDED, StudyState.NEW_IMAGES}
# One row per state, one column per event; "." is refused. Written out by hand, apart from the code that builds the dict.
EVENTS = (
    "admit reject analyse fail_analysis triage draft open sign amend append deliver renew fetch late_image no_change"
)
TABLE = """
received       | admitted | rejected | .        | .              | .       | .       | .          | .      | .       | .       | .         | . | fetched | . | .
rejected       | .        | .        | .        | .              | .       | .       | .          | .      | .       | .       | .         | received | . | . | .
admitted       | .        | .        | analysed | ai_unavailable | .       | .       | in_reading | signed | .       | .       | .         | admitted | . | . | .
analysed       | .        | .        | .        | .              | triaged | .       | in_reading | signed | .       | .       | .         | admitted | . | . | .
ai_unavailable | .        | .        | .        | .              | triaged | .       | in_reading | signed | .       | .       | .         | admitted | . | . | .
triaged        | .        | .        | .        | .              | .       | drafted | in_reading | signed | .       | .       | .         | admitted | . | . | .
drafted        | .        | .        | .        | .              | .       | .       | in_reading | signed | .       | .       | .         | admitted | . | . | .
in_reading     | .        | .        | in_reading | in_reading   | in_reading | in_reading | in_reading | signed | .   | .   | .         | in_reading | . | . | .
signed         | .        | .        | signed   | signed         | signed  | signed  | .          | .      | amended | amended | delivered | signed | . | new_images | .
delivered      | .        | .        | delivered | delivered     | delivered | delivered | .      | .      | amended | amended | delivered | delivered | . | new_images | .
amended        | .        | .        | amended  | amended        | amended | amended | .          | .      | amended | amended | delivered | amended | . | new_images | .
new_images     | .        | .        | new_images | new_images   | new_images | new_images | .      | .      | amended | amended | new_images | new_images | . | new_images | signed
fetched        | .        | .        | .        | .              | .       | .       | .          | .      | .       | .       | .         | received | . | . | .
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]
PAIRS = [(row[0], event, after) for row in ROWS for event, after in zip(EVENTS.split(), row[1:], strict=True)]


def test_the_table_names_every_state_and_event() -> None:
    assert {state for state, _, _ in PAIRS} == {state.value for state in StudyState}
    assert set(EVENTS.split()) == {event.value for event in StudyEvent}
    assert len(PAIRS) == len(StudyState) * len(StudyEvent)


@pytest.mark.parametrize(("state", "event", "after"), PAIRS)
def test_every_pair_does_what_the_table_says(state: str, event: str, after: str) -> None:
    if after == ".":
        with pytest.raises(IllegalTransition):
            next_state(StudyState(state), StudyEvent(event))
    else:
        assert next_state(StudyState(state), StudyEvent(event)) is StudyState(after)


def test_a_person_can_open_and_sign_whatever_the_machine_does() -> None:
    """Law 1: from ADMITTED on no failure and no delay of the model keeps a study from being read."""
    never_sent = {StudyState.RECEIVED, StudyState.REJECTED, StudyState.FETCHED}
    assert set(StudyState) - never_sent - REPORTED_STATES == READABLE
    for state in READABLE:
        assert next_state(state, StudyEvent.OPEN) is StudyState.IN_READING
        assert next_state(state, StudyEvent.SIGN) is StudyState.SIGNED


def test_only_a_signature_leads_to_a_reported_state() -> None:
    reported = REPORTED_STATES
    entering = {event for (before, event), after in TRANSITIONS.items() if before not in reported and after in reported}
    assert entering == {StudyEvent.SIGN}


def test_nothing_takes_a_reported_study_back() -> None:
    reported = REPORTED_STATES
    assert {after for (before, _), after in TRANSITIONS.items() if before in reported} == reported


def test_every_state_can_be_reached() -> None:
    reached = {StudyState.RECEIVED}
    for _ in StudyState:
        reached |= {after for (before, _), after in TRANSITIONS.items() if before in reached}
    assert reached == set(StudyState)
