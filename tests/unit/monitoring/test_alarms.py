"""What becomes of an alarm: raised, seen again, acknowledged, over, back again."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.alarm import Alarm, AlarmKind
from wetread.monitoring.alarms import PAGE_EVERY, Silence, acknowledged, cleared, paged, seen_again
from wetread.testing.builders import NOON

SILENCE = Silence(AlarmKind.NOTHING_ARRIVES, "nothing_arrives/main/DX", "main", "nothing arrives", True)
MINUTE = timedelta(minutes=1)


def test_a_new_alarm_pages_at_once_then_hourly() -> None:
    alarm = seen_again(None, SILENCE, NOON)
    assert (alarm.next_page_at, alarm.raised_at, alarm.seen, alarm.episode) == (NOON, NOON, 1, 1)
    again = seen_again(paged(alarm, NOON), SILENCE, NOON + MINUTE)
    assert (again.next_page_at, again.raised_at, again.seen) == (NOON + PAGE_EVERY, NOON, 2)


def test_an_acknowledged_alarm_is_quiet_and_stays_open() -> None:
    alarm = acknowledged(seen_again(None, SILENCE, NOON), "dr-lee", NOON + MINUTE)
    later = seen_again(alarm, SILENCE, NOON + 5 * PAGE_EVERY)
    assert (later.next_page_at, later.is_open, later.acknowledged_by) == (None, True, "dr-lee")
    assert acknowledged(later, "dr-kim", NOON + 6 * PAGE_EVERY) == later


def test_a_cleared_alarm_that_comes_back_is_a_new_episode_nobody_has_acknowledged() -> None:
    over = cleared(acknowledged(seen_again(None, SILENCE, NOON), "dr-lee", NOON), NOON + MINUTE)
    back = seen_again(over, SILENCE, NOON + PAGE_EVERY)
    assert (over.is_open, over.next_page_at, over.cleared_at) == (False, None, NOON + MINUTE)
    assert back == replace(seen_again(None, SILENCE, NOON + PAGE_EVERY), episode=2)


def test_clearing_what_is_over_keeps_when_it_ended() -> None:
    over = cleared(seen_again(None, SILENCE, NOON), NOON)
    assert cleared(over, NOON + MINUTE) == over


def test_a_note_that_becomes_worth_a_page_pages_though_the_note_was_acknowledged() -> None:
    note = acknowledged(seen_again(None, replace(SILENCE, pages=False), NOON), "dr-lee", NOON)
    worse = seen_again(note, SILENCE, NOON + MINUTE)
    assert (note.next_page_at, worse.next_page_at, worse.acknowledged_at) == (None, NOON + MINUTE, None)
    assert seen_again(worse, replace(SILENCE, pages=False), NOON + MINUTE).next_page_at is None


@given(st.lists(st.sampled_from(["seen", "note", "ack", "clear", "page"]), max_size=30))
def test_an_alarm_is_due_for_a_page_exactly_when_it_is_open_pages_and_nobody_has_acknowledged(acts: list[str]) -> None:
    alarm: Alarm | None = None
    for minute, act in enumerate(acts):
        now = NOON + minute * MINUTE
        if act in ("seen", "note"):
            alarm = seen_again(alarm, replace(SILENCE, pages=act == "seen"), now)
        elif alarm is not None:
            due = alarm.next_page_at is not None
            step = {
                "ack": lambda a, n: acknowledged(a, "dr-lee", n),
                "clear": cleared,
                "page": paged if due else cleared,
            }
            alarm = step[act](alarm, now)
        if alarm is not None:
            assert (alarm.next_page_at is not None) == (alarm.is_open and alarm.pages and alarm.acknowledged_at is None)
