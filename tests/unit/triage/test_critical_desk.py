"""What people may do to a critical result, in which order, and what is kept of it."""

from dataclasses import replace
from itertools import product

import pytest

from wetread.domain.critical import (
    CRITICAL_TRANSITIONS,
    ClosureReason,
    CriticalEvent,
    CriticalResult,
    CriticalState,
    next_critical_state,
)
from wetread.domain.errors import IllegalTransition, NotPermitted, PermanentError, StaleVersion
from wetread.domain.role import Actor, Role
from wetread.testing.builders import a_study
from wetread.testing.clock import FixedClock
from wetread.testing.critical_builders import a_critical_result
from wetread.testing.memory_database import MemoryDatabase
from wetread.triage.critical_desk import HOW, CriticalDesk

ROE = Actor("dr.roe", Role.RADIOLOGIST, "Dr Roe")
READ_BACK = "large right pneumothorax"


@pytest.fixture
def desk() -> CriticalDesk:
    database = MemoryDatabase()
    with database.begin() as unit:
        unit.save_study(a_study())
        unit.save_critical(a_critical_result(), expected_etag=None)
        unit.commit()
    return CriticalDesk(database, FixedClock())


def key_of(desk: CriticalDesk) -> str:
    return held(desk).critical_key


def held(desk: CriticalDesk) -> CriticalResult:
    with desk.database.begin(write=False) as unit:
        return unit.criticals()[0]


def details(desk: CriticalDesk) -> str:
    return "".join(str(record.event) for record in desk.database.audit_records())


def test_the_whole_way_is_kept_with_names_and_times(desk: CriticalDesk) -> None:
    key, now = key_of(desk), desk.clock.now()
    result = desk.acknowledge(ROE, key, 1, READ_BACK)
    assert result.acknowledgement is not None
    assert (result.acknowledgement.actor_id, result.acknowledgement.acknowledged_at) == ("dr.roe", now)
    assert result.next_due_at == result.communicate_by
    result = desk.communicate(ROE, key, result.etag, to_whom="Dr Ng, ward 4", how="phone", read_back_confirmed=True)
    assert result.next_due_at is None
    result = desk.close(ROE, key, result.etag, ClosureReason.COMMUNICATED)
    assert result.state is CriticalState.CLOSED


def test_free_text_never_reaches_the_audit_log(desk: CriticalDesk) -> None:
    key = key_of(desk)
    result = desk.acknowledge(ROE, key, 1, "CANARY in the read-back")
    desk.communicate(ROE, key, result.etag, to_whom="CANARY on the ward", how="phone", read_back_confirmed=False)
    assert "CANARY" not in details(desk)
    assert "critical.communicate" in details(desk)


@pytest.mark.parametrize("text", ["", "  ", "ok", "\n\t "])
def test_an_acknowledgement_needs_words(desk: CriticalDesk, text: str) -> None:
    with pytest.raises(PermanentError, match="read back"):
        desk.acknowledge(ROE, key_of(desk), 1, text)
    assert held(desk).state is CriticalState.OPEN


def test_who_names_no_version_takes_it_as_the_pager_left_it_and_nobody_elses(desk: CriticalDesk) -> None:
    key, before = key_of(desk), held(desk)
    with desk.database.begin() as unit:
        unit.save_critical(replace(before, step=before.step + 1), expected_etag=before.etag)
        unit.commit()
    with pytest.raises(StaleVersion):
        desk.acknowledge(ROE, key, before.etag, READ_BACK)
    assert desk.acknowledge(ROE, key, None, READ_BACK).state is CriticalState.ACKNOWLEDGED
    with pytest.raises(IllegalTransition):
        desk.acknowledge(Actor("dr.late", Role.RADIOLOGIST), key, None, READ_BACK)


def test_the_second_of_two_who_acknowledge_is_told_so(desk: CriticalDesk) -> None:
    key = key_of(desk)
    desk.acknowledge(ROE, key, 1, READ_BACK)
    with pytest.raises((StaleVersion, IllegalTransition)):
        desk.acknowledge(Actor("dr.late", Role.RADIOLOGIST), key, 1, READ_BACK)
    acknowledgement = held(desk).acknowledgement
    assert acknowledgement is not None
    assert acknowledgement.actor_id == "dr.roe"


def test_closing_without_telling_anybody_needs_the_reason_why(desk: CriticalDesk) -> None:
    key = key_of(desk)
    result = desk.acknowledge(ROE, key, 1, READ_BACK)
    with pytest.raises(PermanentError, match="was anybody told"):
        desk.close(ROE, key, result.etag, ClosureReason.COMMUNICATED)
    with pytest.raises(PermanentError, match="say why"):
        desk.close(ROE, key, result.etag, ClosureReason.NOT_CONFIRMED)
    done = desk.close(ROE, key, result.etag, ClosureReason.NOT_CONFIRMED, "skin fold, no pneumothorax")
    assert done.state is CriticalState.CLOSED


def test_nobody_closes_what_nobody_acknowledged(desk: CriticalDesk) -> None:
    with pytest.raises(IllegalTransition):
        desk.close(ROE, key_of(desk), 1, ClosureReason.NOT_CRITICAL, "not critical at all")


def test_an_unknown_way_of_telling_is_refused(desk: CriticalDesk) -> None:
    key = key_of(desk)
    result = desk.acknowledge(ROE, key, 1, READ_BACK)
    with pytest.raises(PermanentError, match=HOW[0]):
        desk.communicate(ROE, key, result.etag, to_whom="Dr Ng", how="pigeon", read_back_confirmed=True)


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.RADIOLOGIST, Role.RESIDENT)])
def test_only_readers_may_acknowledge(desk: CriticalDesk, role: Role) -> None:
    with pytest.raises(NotPermitted):
        desk.acknowledge(Actor("somebody", role), key_of(desk), 1, READ_BACK)


def test_every_pair_of_state_and_event_is_decided() -> None:
    for state, event in product(CriticalState, CriticalEvent):
        if (state, event) in CRITICAL_TRANSITIONS:
            assert next_critical_state(state, event) is CRITICAL_TRANSITIONS[state, event]
        else:
            with pytest.raises(IllegalTransition):
                next_critical_state(state, event)


def test_a_receipt_never_moves_a_result_back() -> None:
    order = list(CriticalState)
    for state in CriticalState:
        assert order.index(next_critical_state(state, CriticalEvent.NOTIFY)) >= order.index(state)
