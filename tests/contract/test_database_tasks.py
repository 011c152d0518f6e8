"""Tasks that ask for a read, and how far a server's news was read, are kept by every database alike."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from wetread.domain.asked_task import AskedTask, TaskStatus
from wetread.domain.priority import Priority
from wetread.ports.database import Database
from wetread.testing.builders import STUDY_KEY

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
TASK = AskedTask("t1", "Task/1", "o1", Priority.STAT, "fhir", NOW, NOW + timedelta(days=1))
COMPLETED = replace(TASK, study_key=STUDY_KEY, status=TaskStatus.COMPLETED)


def keep(database: Database, *tasks: AskedTask) -> None:
    with database.begin() as unit:
        for each in tasks:
            unit.save_task(each)
        unit.commit()


def test_a_task_is_replaced_under_its_key_and_open_until_its_end_was_told(database: Database) -> None:
    for task, is_open in ((TASK, True), (COMPLETED, True), (replace(COMPLETED, told=TaskStatus.COMPLETED), False)):
        keep(database, task)
        with database.begin(write=False) as unit:
            assert (unit.asked_task("t1"), unit.asked_task("t2")) == (task, None)
            assert unit.open_tasks() == ((task,) if is_open else ())


def test_open_ones_are_listed_oldest_first(database: Database) -> None:
    keep(database, TASK, *(replace(TASK, task_key=f"t{n}", asked_at=NOW - timedelta(hours=n)) for n in (2, 3)))
    with database.begin(write=False) as unit:
        assert [each.task_key for each in unit.open_tasks()] == ["t3", "t2", "t1"]
        assert [each.task_key for each in unit.open_tasks(limit=1)] == ["t3"]
        assert [each.task_key for each in unit.open_tasks(limit=1, after=unit.open_tasks()[0])] == ["t2"]
        assert [each.task_key for each in unit.open_tasks(after=unit.open_tasks()[1])] == ["t1"]


def test_a_cursor_is_where_it_was_left(database: Database) -> None:
    with database.begin() as unit:
        assert unit.news_cursor("Task") is None
        unit.save_news_cursor("Task", NOW)
        unit.save_news_cursor("Task", NOW + timedelta(seconds=1))
        unit.save_news_cursor("ServiceRequest", NOW)
        unit.commit()
    with database.begin(write=False) as unit:
        assert (unit.news_cursor("Task"), unit.news_cursor("ServiceRequest")) == (NOW + timedelta(seconds=1), NOW)
