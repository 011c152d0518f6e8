"""An archive that stands still is an alarm; one that answers, or rests for a moment, is none."""

from dataclasses import replace
from datetime import timedelta

from wetread.domain.alarm import AlarmKind
from wetread.domain.archive_feed import FeedState
from wetread.monitoring.archives import archives_stand
from wetread.ports.archive_store import ARCHIVE_BEAT
from wetread.testing.builders import NOON
from wetread.testing.memory_database import MemoryDatabase

WITHIN = timedelta(minutes=15)
STATE = FeedState("pacs", answered_at=NOON)


def found(state: FeedState | None, beat: timedelta | None = timedelta(0)) -> list[tuple[AlarmKind, bool]]:
    database = MemoryDatabase()
    with database.begin() as unit:
        if state:
            unit.save_feed(state)
        if beat is not None:
            unit.beat(f"{ARCHIVE_BEAT}pacs", NOON - beat)
        unit.commit()
    with database.begin(write=False) as unit:
        return [(each.kind, each.pages) for each in archives_stand(unit, ["pacs"], NOON, within=WITHIN)]


def test_one_that_answers_or_was_never_asked_is_no_alarm() -> None:
    assert found(STATE) == []
    assert found(None, None) == []


def test_one_that_does_not_answer_is_an_alarm_after_a_while_that_pages() -> None:
    failing = replace(STATE, failing_since=NOON - timedelta(minutes=14), failure="receiver_unreachable")
    assert found(failing) == []
    assert found(replace(failing, failing_since=NOON - timedelta(minutes=16))) == [(AlarmKind.ARCHIVE_STANDS, True)]


def test_a_process_that_does_not_ask_is_an_alarm() -> None:
    assert found(STATE, timedelta(minutes=6)) == [(AlarmKind.ARCHIVE_STANDS, True)]


def test_what_only_the_sweep_found_is_said_and_wakes_nobody() -> None:
    assert found(replace(STATE, missed=2)) == [(AlarmKind.ARCHIVE_MISSED, False)]


def test_an_archive_that_left_the_settings_is_no_alarm() -> None:
    failing = replace(STATE, archive="old", failing_since=NOON - timedelta(days=1))
    assert found(failing) == []
