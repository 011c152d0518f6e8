"""Alarms, hand-overs and signs of life in the database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from wetread.domain.alarm import AlarmKind
from wetread.domain.errors import PermanentError
from wetread.ports.database import Database, UnitOfWork
from wetread.testing.builders import NOON
from wetread.testing.critical_builders import an_alarm, an_override

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def write(uow: UnitOfWork) -> None:
    uow.save_alarm(an_alarm())
    uow.save_override(an_override())
    uow.beat("escalation", NOON)


def test_an_alarm_comes_back_as_it_was_last_saved(database: Database) -> None:
    again = an_alarm(
        kind=AlarmKind.NOTHING_READ,
        pages=False,
        next_page_at=None,
        episode=2,
        seen=7,
        acknowledged_by="dr.roe",
        acknowledged_at=NOON + HOUR,
    )
    with database.begin() as uow:
        uow.save_alarm(an_alarm())
        assert uow.alarm(again.alarm_key) == an_alarm()
        uow.save_alarm(again)
        uow.commit()
    with database.begin(write=False) as uow:
        assert uow.alarm(again.alarm_key) == again
        assert uow.alarm("other") is None
        assert uow.alarms() == (again,)


def test_alarms_come_newest_first_and_those_that_are_over_apart(database: Database) -> None:
    made = {
        key: an_alarm(alarm_key=key, raised_at=NOON + seconds * SECOND, cleared_at=cleared_at)
        for key, seconds, cleared_at in (
            ("a", 0, None),
            ("B", 1, None),
            ("c", 1, None),
            ("d", 0, NOON + HOUR),
            ("e", 2, NOON + SECOND),
        )
    }
    with database.begin() as uow:
        for alarm in made.values():
            uow.save_alarm(alarm)
        uow.commit()
    with database.begin() as uow:
        assert uow.alarms() == (made["c"], made["B"], made["a"])
        assert uow.alarms(limit=1) == (made["c"],)
        assert uow.alarms(cleared=True) == (made["e"], made["d"])
        assert uow.alarms(cleared=True, limit=1) == (made["e"],)
        uow.save_alarm(replace(made["c"], cleared_at=NOON + HOUR))
        back = replace(made["e"], cleared_at=None, episode=2)
        uow.save_alarm(back)
        assert uow.alarms() == (back, made["B"], made["a"])


def test_hand_overs_last_until_they_end(database: Database) -> None:
    late = an_override(override_id="late", starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR)
    early = an_override(override_id="early", ends_at=NOON + HOUR)
    with database.begin() as uow:
        for override in (late, early, replace(late, reason="ill")):
            uow.save_override(override)
        uow.commit()
    late = replace(late, reason="ill")
    with database.begin(write=False) as uow:
        assert uow.overrides(ends_after=NOON) == (early, late)
        assert uow.overrides(ends_after=NOON + HOUR - SECOND) == (early, late)
        assert uow.overrides(ends_after=NOON + HOUR) == (late,)
        assert uow.overrides(ends_after=NOON + 2 * HOUR) == ()


def test_a_hand_over_is_removed_once(database: Database) -> None:
    with database.begin() as uow:
        uow.save_override(an_override())
        assert not uow.remove_override("other")
        assert uow.remove_override(an_override().override_id)
        assert not uow.remove_override(an_override().override_id)
        assert uow.overrides(ends_after=NOON) == ()


def test_the_last_sign_of_life_counts_even_when_the_clock_went_back(database: Database) -> None:
    with database.begin() as uow:
        assert uow.last_beat("escalation") is None
        for at in (NOON, NOON + HOUR, NOON + SECOND):
            uow.beat("escalation", at)
        uow.beat("pages", NOON)
        uow.commit()
    with database.begin(write=False) as uow:
        assert (uow.last_beat("escalation"), uow.last_beat("pages")) == (NOON + SECOND, NOON)


def test_what_was_not_committed_never_was(database: Database) -> None:
    with database.begin() as uow:
        write(uow)
    with database.begin(write=False) as uow:
        assert uow.alarms() == ()
        assert uow.overrides(ends_after=NOON) == ()
        assert uow.last_beat("escalation") is None


def test_a_reading_unit_refuses_to_write(database: Database) -> None:
    acts = (
        lambda uow: uow.save_alarm(an_alarm()),
        lambda uow: uow.save_override(an_override()),
        lambda uow: uow.remove_override("any"),
        lambda uow: uow.beat("escalation", NOON),
        lambda uow: uow.pull_forward(NOON, beyond=NOON),
    )
    with database.begin(write=False) as uow:
        for act in acts:
            with pytest.raises(PermanentError) as refusal:
                act(uow)
            assert refusal.value.code == "read_only"
