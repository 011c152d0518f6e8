"""A neighbour that orders films or asks for reads and stands still is an alarm; one that answers, or failed a moment ago, is none."""

from datetime import timedelta

import pytest

from wetread.domain.alarm import AlarmKind
from wetread.monitoring.neighbours import Neighbour, neighbours_stand
from wetread.ports.neighbours import note_asked
from wetread.testing.builders import NOON
from wetread.testing.memory_database import MemoryDatabase

WITHIN = timedelta(minutes=15)
POLLED = Neighbour("fhir_requests", "orders do not come", "requests", timedelta(minutes=1))
ASKED_AS_FILMS_COME = Neighbour("worklist:RIS", "films are read without their orders")


def found(neighbour: Neighbour, *asked: tuple[int, bool]) -> list[tuple[AlarmKind, bool]]:
    """`asked`: minutes before noon, and whether it answered."""
    database = MemoryDatabase()
    for minutes, answered in asked:
        with database.begin() as unit:
            note_asked(unit, neighbour.name, NOON - timedelta(minutes=minutes), answered=answered)
            unit.commit()
    with database.begin(write=False) as unit:
        return [(each.kind, each.pages) for each in neighbours_stand(unit, [neighbour], NOON, within=WITHIN)]


STANDS = [(AlarmKind.NEIGHBOUR_STANDS, True)]


@pytest.mark.parametrize("neighbour", [POLLED, ASKED_AS_FILMS_COME])
def test_one_that_fails_for_long_is_an_alarm_that_pages(neighbour: Neighbour) -> None:
    assert found(neighbour, (60, True), (14, False), (1, False)) == []
    assert found(neighbour, (60, True), (16, False), (1, False)) == STANDS
    assert found(neighbour, (16, False)) == STANDS


@pytest.mark.parametrize("neighbour", [POLLED, ASKED_AS_FILMS_COME])
def test_an_answer_ends_it_and_the_next_failure_counts_anew(neighbour: Neighbour) -> None:
    assert found(neighbour, (60, False), (10, True)) == []
    assert found(neighbour, (60, False), (10, True), (5, False)) == []


def test_a_process_that_does_not_ask_is_an_alarm_after_its_own_pace() -> None:
    assert found(POLLED, (17, True)) == []
    assert found(POLLED, (18, True)) == STANDS


def test_one_that_nobody_ever_asked_is_said_and_wakes_nobody() -> None:
    assert found(POLLED) == [(AlarmKind.NEIGHBOUR_STANDS, False)]


def test_one_that_is_asked_as_films_come_may_be_left_alone_for_days() -> None:
    assert found(ASKED_AS_FILMS_COME) == found(ASKED_AS_FILMS_COME, (5000, True)) == []
