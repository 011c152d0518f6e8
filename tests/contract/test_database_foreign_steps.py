"""Workitems elsewhere that wetread performs are kept by every database alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from wetread.domain.foreign_step import ForeignStep, Hold
from wetread.ports.database import Database
from wetread.testing.builders import STUDY_KEY

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
STEP = ForeignStep("f1", STUDY_KEY, "2.25.1", NOW)


def test_they_come_back_and_those_whose_end_is_not_known_there_are_listed(database: Database) -> None:
    claimed = replace(STEP, step_key="f2", hold=Hold.CLAIMED, intended_at=NOW - timedelta(hours=1), told_percent=50)
    with database.begin() as unit:
        for each in (
            STEP,
            claimed,
            replace(STEP, step_key="f3").ended("lost", Hold.LOST),
            replace(STEP, step_key="f4"),
        ):
            unit.save_foreign_step(each)
        unit.save_foreign_step(replace(STEP, step_key="f4").ended("COMPLETED"))
        unit.commit()
    with database.begin(write=False) as unit:
        assert unit.open_foreign_steps() == (claimed, STEP)
        assert unit.open_foreign_steps(limit=1) == (claimed,)
        ended = unit.foreign_step("f4")
        assert ended is not None
        assert (ended.hold, ended.outcome, unit.foreign_step("f9")) == (Hold.ENDED, "COMPLETED", None)
