"""A request for a read waits for its films, follows the study, ends in exactly one way, and brings the study forward, never back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import cast

import pytest
from tests.unit.triage.test_policy_file import a_policy

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.job import JobKind, JobState
from wetread.domain.priority import Priority
from wetread.domain.read_request import (
    READ_WITHIN,
    WAIT_FOR_INPUT,
    Failure,
    ReadRequest,
    RequestOrigin,
    RequestState,
    asked_priority,
    is_read,
    looked_at,
)
from wetread.domain.study import Study
from wetread.domain.study_state import StudyState
from wetread.orders.read_requests import RequestDesk
from wetread.pipeline import Pipeline
from wetread.ports.database import UnitOfWork
from wetread.queueing.bell import Bell
from wetread.testing.builders import STUDY_KEY, a_decision, a_draft, a_study, an_instance
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase
from wetread.triage.context import VaultFacts, context_of
from wetread.worker import Worker

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
FILM = InstanceKey("i" * 24)
REQUEST = ReadRequest("r1", RequestOrigin.WORKITEM, STUDY_KEY, Priority.STAT, "ris", NOW, NOW + WAIT_FOR_INPUT)
_S, _R = StudyState, RequestState


class Room:
    def __init__(self) -> None:
        self.database, self.clock = MemoryDatabase(), FixedClock(NOW)
        self.told: list[ReadRequest] = []
        self.desk = RequestDesk(self.database, self.clock, {RequestOrigin.WORKITEM: self._follow})

    def _follow(self, unit: UnitOfWork, before: ReadRequest, after: ReadRequest, now: datetime) -> ReadRequest:
        self.told.append(after)
        return after

    def ask(self, request: ReadRequest = REQUEST) -> None:
        with self.database.begin() as unit:
            self.desk.ask(unit, request, self.clock.now())
            unit.commit()

    def put(self, study: Study, *, draft: bool = False) -> None:
        with self.database.begin() as unit:
            unit.save_study(study)
            if draft:
                unit.save_draft(study.study_key, study.revision, a_draft())
            unit.commit()

    def request(self) -> ReadRequest:
        with self.database.begin(write=False) as unit:
            found = unit.request("r1")
        assert found is not None
        return found

    def study(self) -> Study:
        with self.database.begin(write=False) as unit:
            return unit.study(STUDY_KEY)

    def answers(self) -> list[str]:
        return [job.detail for job, _ in self.database.jobs(JobState.READY) if job.kind is JobKind.ANSWER]


@pytest.mark.parametrize("state", StudyState)
def test_it_begins_with_its_study_in_every_state_but_those_without_a_film(state: StudyState) -> None:
    after = looked_at(REQUEST, a_study(state=state), frozenset(), NOW)
    begins = state not in (_S.RECEIVED, _S.REJECTED, _S.FETCHED)
    assert after.state is (_R.READING if begins else _R.WAITING)
    assert after.until == (NOW + READ_WITHIN if begins else REQUEST.until)


def test_it_waits_for_every_object_that_it_names() -> None:
    asked = replace(REQUEST, wanted=(FILM, InstanceKey("other")))
    study = a_study(state=_S.DRAFTED)
    assert looked_at(asked, study, frozenset({FILM}), NOW) == asked
    assert looked_at(asked, study, frozenset(asked.wanted), NOW).state is _R.READING


@pytest.mark.parametrize(
    ("study", "here", "failure"),
    [
        (None, frozenset(), Failure.NEVER_CAME),
        (a_study(state=_S.DRAFTED), frozenset(), Failure.INCOMPLETE),
        (a_study(state=_S.RECEIVED), frozenset(), Failure.INCOMPLETE),
    ],
)
def test_what_never_comes_fails_when_its_time_is_over_and_not_before(
    study: Study | None, here: frozenset[InstanceKey], failure: Failure
) -> None:
    asked = replace(REQUEST, wanted=(FILM,))
    assert looked_at(asked, study, here, asked.until - timedelta(seconds=1)) == asked
    after = looked_at(asked, study, here, asked.until)
    assert (after.state, after.failure) == (_R.FAILED, failure)
    assert after.reason


def test_a_study_without_a_film_fails_it_soon_and_says_why() -> None:
    rejected = a_study(state=_S.REJECTED, reason="no chest film", received_at=NOW)
    assert looked_at(REQUEST, rejected, frozenset(), NOW + timedelta(minutes=9)) == REQUEST
    after = looked_at(REQUEST, rejected, frozenset(), NOW + timedelta(minutes=10))
    assert (after.failure, after.reason) == (Failure.UNSUITABLE, "no chest film")


def test_a_read_that_does_not_end_fails() -> None:
    reading = looked_at(REQUEST, a_study(state=_S.ADMITTED), frozenset(), NOW)
    assert (
        looked_at(reading, a_study(state=_S.ADMITTED), frozenset(), NOW + READ_WITHIN).failure is Failure.NOT_FINISHED
    )


def test_progress_never_goes_back() -> None:
    seen = [looked_at(REQUEST, a_study(state=_S.TRIAGED), frozenset(), NOW)]
    for state in (_S.ADMITTED, _S.ANALYSED, _S.DRAFTED):
        seen.append(looked_at(seen[-1], a_study(state=state), frozenset(), NOW))
    assert [each.progress for each in seen] == [75, 75, 75, 90]


def test_read_means_that_a_draft_stands() -> None:
    assert is_read(a_study(state=_S.DRAFTED), has_draft=False)
    assert [is_read(a_study(state=_S.IN_READING), has_draft=each) for each in (False, True)] == [False, True]
    assert not is_read(a_study(state=_S.TRIAGED), has_draft=True)  # of the revision before


def test_the_most_urgent_request_counts_unless_it_was_withdrawn() -> None:
    withdrawn = replace(REQUEST, state=_R.WITHDRAWN)
    assert asked_priority(()) is Priority.ROUTINE
    assert asked_priority((withdrawn, replace(REQUEST, priority=Priority.URGENT))) is Priority.URGENT
    assert asked_priority((REQUEST, withdrawn)) is Priority.STAT


def test_a_waiting_study_is_brought_forward_at_once_and_says_why() -> None:
    room = Room()
    room.put(a_study(state=_S.DRAFTED, priority=Priority.URGENT))
    with room.database.begin() as unit:
        unit.save_decision(STUDY_KEY, 1, a_decision(priority=Priority.URGENT, reason="effusion"))
        unit.commit()
    room.ask()
    assert room.study().priority is Priority.STAT
    with room.database.begin(write=False) as unit:
        decision = unit.decision(STUDY_KEY)
    assert decision is not None
    assert (decision.priority, decision.reason) == (Priority.STAT, "effusion; read asked for as stat")


@pytest.mark.parametrize("state", [_S.IN_READING, _S.SIGNED])
def test_what_a_person_reads_or_has_read_stays_where_it_is(state: StudyState) -> None:
    room = Room()
    room.put(a_study(state=state, priority=Priority.ROUTINE))
    room.ask()
    assert room.study().priority is Priority.ROUTINE


def test_a_less_urgent_request_never_puts_a_study_back() -> None:
    room = Room()
    room.put(a_study(state=_S.DRAFTED, priority=Priority.STAT))
    room.ask(replace(REQUEST, priority=Priority.ROUTINE))
    assert room.study().priority is Priority.STAT


def test_a_request_goes_from_waiting_to_one_answer() -> None:
    room = Room()
    room.ask()
    assert room.desk.sweep() == 0
    room.put(a_study(state=_S.ADMITTED))
    assert (room.desk.sweep(), room.desk.sweep()) == (1, 0)
    room.put(a_study(state=_S.DRAFTED), draft=True)
    assert room.desk.sweep() == 1
    assert (room.desk.sweep(), room.answers()) == (0, ["r1"])
    for outputs in ((FILM,), (InstanceKey("other"),)):
        with room.database.begin() as unit:
            room.desk.answer(unit, "r1", outputs, NOW)
            unit.commit()
    assert (room.request().state, room.request().outputs, room.request().progress) == (_R.ANSWERED, (FILM,), 100)
    assert [each.state for each in room.told] == [_R.READING, _R.READING, _R.ANSWERED]


def test_a_study_read_already_is_answered_from_what_stands() -> None:
    room = Room()
    room.put(a_study(state=_S.DELIVERED), draft=True)
    room.ask()
    room.desk.sweep()
    assert room.answers() == ["r1"]


def test_a_study_that_the_ai_could_not_read_fails_the_request_with_its_reason() -> None:
    room = Room()
    room.put(a_study(state=_S.DRAFTED, reason="lateral view only"), draft=True)
    room.ask()
    room.desk.sweep()
    with room.database.begin() as unit:
        room.desk.answer(unit, "r1", (), NOW)
        unit.commit()
    assert (room.request().failure, room.request().reason) == (Failure.AI_UNAVAILABLE, "lateral view only")


def test_a_withdrawn_request_is_neither_followed_nor_answered_nor_asked_again() -> None:
    room = Room()
    room.put(a_study(state=_S.DRAFTED), draft=True)
    room.ask()
    with room.database.begin() as unit:
        assert room.desk.withdraw(unit, "r1", "ris", NOW)
        assert not room.desk.withdraw(unit, "r1", "ris", NOW)
        unit.commit()
    room.ask()
    with room.database.begin() as unit:
        room.desk.answer(unit, "r1", (FILM,), NOW)
        unit.commit()
    assert (room.desk.sweep(), room.request().state, room.told) == (0, _R.WITHDRAWN, [])


def test_every_step_is_audited_without_words_of_the_film() -> None:
    room = Room()
    room.ask()
    room.put(a_study(state=_S.REJECTED, reason="no chest film", received_at=NOW))
    room.clock.advance(660)
    room.desk.sweep()
    records = list(room.database.audit_records())
    assert [(each.event.action, each.event.outcome) for each in records] == [
        ("read.ask", "success"),
        ("read.follow", "failed"),
    ]
    assert "chest" not in str(records[-1].event.detail)


def test_named_objects_are_looked_for_among_the_studys_instances() -> None:
    room = Room()
    room.ask(replace(REQUEST, wanted=(an_instance().instance_key,)))
    room.put(a_study(state=_S.ADMITTED))
    assert room.desk.sweep() == 0
    with room.database.begin() as unit:
        unit.admit_instance(an_instance())
        unit.commit()
    assert room.desk.sweep() == 1


@pytest.mark.parametrize(("ordered", "expected"), [(Priority.ROUTINE, Priority.STAT), (Priority.STAT, Priority.STAT)])
def test_triage_takes_the_more_urgent_of_order_and_request(ordered: Priority, expected: Priority) -> None:
    room = Room()
    room.ask()
    facts = VaultFacts(ordered=ordered)
    with room.database.begin(write=False) as unit:
        assert context_of(a_study(), facts, unit, a_policy("  []")).ordered is expected


def test_one_request_that_cannot_go_on_holds_up_no_other() -> None:
    room = Room()

    def refuse(unit: UnitOfWork, before: ReadRequest, after: ReadRequest, now: datetime) -> ReadRequest:
        raise PermanentError("no such workitem", code="no_workitem")

    room.desk = replace(room.desk, followers={RequestOrigin.FHIR: refuse})
    room.put(a_study(state=_S.ADMITTED))
    room.ask(replace(REQUEST, request_key="r0", origin=RequestOrigin.FHIR))
    room.ask()
    assert (room.desk.sweep(), room.request().state) == (1, _R.READING)


def test_a_thousand_that_wait_for_films_hide_no_other() -> None:
    room = Room()
    for number in range(1001):
        room.ask(replace(REQUEST, request_key=f"w{number}", study_key=StudyKey("not here"), asked_at=NOW))
    room.put(a_study(state=_S.ADMITTED))
    room.ask(replace(REQUEST, asked_at=NOW + timedelta(hours=1)))
    assert (room.desk.sweep(), room.request().state) == (1, _R.READING)


def test_a_sweep_that_fails_stops_no_reading() -> None:
    rounds: list[str] = []
    stop = Event()

    class Reads(Worker):
        def run_one(self) -> bool:
            rounds.append("read")
            stop.set()
            return False

    def broken() -> None:
        rounds.append("sweep")
        raise RuntimeError("a bug")

    pipeline = cast(Pipeline, None)
    Reads(MemoryDatabase(), pipeline, FixedClock(NOW), 60, 3, 3, Bell(), sweep=broken).run(stop)
    assert rounds == ["sweep", "read"]
