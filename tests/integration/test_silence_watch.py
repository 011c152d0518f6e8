"""The watch over a real database with nine weeks of arrivals: one alarm for one silence, its end, and the next episode."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from arrival_data import Traffic
from migrated import data_folder, migrated

from wetread.domain.alarm import Alarm, AlarmKind
from wetread.domain.commitment import OwedReport, OwedState
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.study import Sex, StudyTraits
from wetread.domain.study_state import StudyState
from wetread.monitoring.watch import Watch, WatchedPolicy
from wetread.storage.database import SqlDatabase
from wetread.testing.builders import a_study, an_instance

BROKEN_AT = datetime(2026, 3, 3, 9, tzinfo=UTC)
"""A Tuesday morning in the ninth week of `Traffic`."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqlDatabase]:
    database = SqlDatabase(migrated(tmp_path / "work.db", "work"))
    yield database
    database.close()


def arrive(database: SqlDatabase, times: list[datetime], first: int = 0) -> None:
    with database.begin() as unit:
        for number, at in enumerate(times, first):
            key = f"{number:024d}"
            traits = StudyTraits(patient_age_years=50, patient_sex=Sex.FEMALE, site="main")
            unit.save_study(a_study(study_key=StudyKey(key), received_at=at, traits=traits, state=StudyState.DRAFTED))
            unit.admit_instance(an_instance(instance_key=InstanceKey(key), study_key=StudyKey(key), received_at=at))
        unit.commit()


def alarms(database: SqlDatabase) -> list[Alarm]:
    with database.begin(write=False) as unit:
        return [each for each in unit.alarms() if each.kind is AlarmKind.NOTHING_ARRIVES]


def test_one_silence_is_one_alarm_that_ends_with_it_and_comes_back_as_the_next_episode(database: SqlDatabase) -> None:
    traffic = Traffic(600)
    times = [time for time in traffic.times(63, 4) if time < BROKEN_AT]
    arrive(database, times)
    watch = Watch(database, lambda _: traffic.zone, lambda: WatchedPolicy("p1", ()))
    watch.run_once(BROKEN_AT + timedelta(minutes=1))
    assert alarms(database) == []
    for minute in range(2, 8 * 60, 10):
        watch.run_once(BROKEN_AT + timedelta(minutes=minute))
    found = alarms(database)
    assert {each.site for each in found} == {"main"}
    assert {(each.episode, each.pages) for each in found} == {(1, True)}
    assert all(each.seen > 1 for each in found)
    back = BROKEN_AT + timedelta(hours=8)
    arrive(database, [back + timedelta(minutes=each) for each in range(20)], first=len(times))
    watch.run_once(back + timedelta(minutes=21))
    assert alarms(database) == []
    watch.run_once(back + timedelta(hours=28))
    assert {each.episode for each in alarms(database)} == {2}


def test_a_young_site_is_said_to_be_unwatched_and_rings_nobody(database: SqlDatabase) -> None:
    arrive(database, [BROKEN_AT - timedelta(minutes=10 * each) for each in range(30)])
    watch = Watch(database, lambda _: UTC, lambda: WatchedPolicy("p1", ()))
    found = watch.run_once(BROKEN_AT + timedelta(days=2))
    assert alarms(database) == []
    assert any("not yet judged" in note for note in found.notes)


def test_who_could_not_be_told_of_commitment_is_an_alarm_until_nothing_is_aside(database: SqlDatabase) -> None:
    now = BROKEN_AT
    aside = OwedReport("r1", "CT1", "", "", 2, now, None, now, state=OwedState.ASIDE, ended_at=now, problem="away")
    watch = Watch(database, lambda _: UTC, lambda: WatchedPolicy("p1", ()))
    said = []
    for report in (aside, replace(aside, state=OwedState.OWED, due_at=now, ended_at=None)):
        with database.begin() as unit:
            unit.save_owed_report(report)
            unit.commit()
        watch.run_once(now)
        with database.begin(write=False) as unit:
            said.append([(each.kind, each.pages) for each in unit.alarms()])
    assert said == [[(AlarmKind.COMMITMENT_UNTOLD, False)], []]


def test_the_commands_on_the_page_run(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "silence-watch.md").read_text("utf-8")
    commands = re.findall(r"^\$ wetread (.+)$", page, flags=re.M)
    assert len(commands) == 2
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "wetread", *command.split(), "--data-dir", str(data_folder(tmp_path))],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "alarm" in done.stdout
