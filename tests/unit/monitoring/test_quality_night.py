"""The nightly round: once a night, by one process, after its hour; kept and rung; one that does not end is an alarm, and a mended cause ends its own."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from quality_data import MADE_AT, Feed, rows_of

from wetread.domain.alarm import AlarmKind
from wetread.domain.report import ReportStatus
from wetread.monitoring.cells import QualityLimits
from wetread.monitoring.night import begin_night, unfinished_night
from wetread.monitoring.prediction_log import PredictionRow
from wetread.monitoring.quality import QualityWatch
from wetread.monitoring.watch import Watch, WatchedPolicy
from wetread.testing.builders import a_report, a_signature, a_study
from wetread.testing.memory_database import MemoryDatabase

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)  # half past three in Berlin


@dataclass
class Log:
    """Stands where `PredictionLog` does, with rows made up."""

    made: list[PredictionRow]
    left_out: dict[str, int]

    def rows(self, since: datetime) -> Iterator[PredictionRow]:
        return (each for each in self.made if each.date >= since.date().isoformat())


def a_watch(database: MemoryDatabase, feed: Feed) -> QualityWatch:
    log = Log(rows_of(feed), {"no model had read it when it was signed": 2})
    return QualityWatch(database, lambda: log, QualityLimits(reference_studies=300), 1.0)  # type: ignore[arg-type, return-value]


def with_a_signed_study() -> MemoryDatabase:
    database = MemoryDatabase()
    with database.begin() as unit:
        unit.save_study(a_study())
        unit.save_report(a_report(status=ReportStatus.FINAL, signature=a_signature()), expected_etag=None)
        unit.commit()
    return database


def open_kinds(database: MemoryDatabase) -> list[AlarmKind]:
    with database.begin(write=False) as unit:
        return [each.kind for each in unit.alarms()]


def test_a_round_is_kept_rings_once_and_ends_what_is_mended() -> None:
    database = MemoryDatabase()
    feed = Feed(per_day=14, days=60)
    calm = a_watch(database, feed).run_once(MADE_AT)
    with database.begin(write=False) as unit:
        assert unit.quality() == calm
        counted = unit.reliability()
        assert counted is not None
        assert sum(each.n for each in counted.shares if each.site == "north") == 14 * 60
        frozen = unit.quality_reference()
    assert calm.left_out == (("no model had read it when it was signed", 2),)
    assert len(frozen.cells) == 1
    assert open_kinds(database) == []
    ill = a_watch(database, replace(feed, missed=0.9))
    ill.run_once(MADE_AT)
    ill.run_once(MADE_AT + timedelta(minutes=1))
    assert AlarmKind.SENSITIVITY_FELL in open_kinds(database)
    assert len(open_kinds(database)) == len(set(open_kinds(database)))
    with database.begin(write=False) as unit:
        assert unit.quality_reference() == frozen
        assert {each.seen for each in unit.alarms()} == {2}
        assert not any(each.pages for each in unit.alarms())
    a_watch(database, feed).run_once(MADE_AT + timedelta(days=1))
    assert open_kinds(database) == []
    raised = [each.event.action for each in database.audit_records()]
    assert raised.count("alarm.raise") == raised.count("alarm.clear") > 0


def test_to_freeze_anew_is_asked_for() -> None:
    database = MemoryDatabase()
    a_watch(database, Feed(per_day=14, days=60)).run_once(MADE_AT)
    with database.begin(write=False) as unit:
        before = unit.quality_reference()
    moved = a_watch(database, Feed(per_day=14, days=60, score_shift=1.5, since=84))
    moved.run_once(MADE_AT, refreeze=True)
    with database.begin(write=False) as unit:
        assert unit.quality_reference() != before
    assert AlarmKind.SCORES_DRIFTED not in open_kinds(database)


def test_one_process_makes_the_night_and_only_after_its_hour() -> None:
    database = with_a_signed_study()
    assert not begin_night(database, NIGHT - timedelta(hours=1), BERLIN, 3)
    assert not begin_night(database, NIGHT + timedelta(hours=20), BERLIN, 24)
    assert begin_night(database, NIGHT, BERLIN, 3)
    assert not begin_night(database, NIGHT + timedelta(minutes=10), BERLIN, 3)


def test_a_night_that_was_made_is_not_made_again_before_the_next() -> None:
    database = with_a_signed_study()
    assert begin_night(database, NIGHT, BERLIN, 3)
    a_watch(database, Feed(days=2)).run_once(NIGHT + timedelta(minutes=1))
    assert not begin_night(database, NIGHT + timedelta(hours=12), BERLIN, 3)
    assert begin_night(database, NIGHT + timedelta(days=1), BERLIN, 3)


def test_a_night_that_did_not_end_is_tried_again_after_six_hours() -> None:
    database = with_a_signed_study()
    assert begin_night(database, NIGHT, BERLIN, 3)
    assert not begin_night(database, NIGHT + timedelta(hours=5), BERLIN, 3)
    assert begin_night(database, NIGHT + timedelta(hours=7), BERLIN, 3)


def test_where_nothing_was_ever_signed_no_night_begins() -> None:
    assert not begin_night(MemoryDatabase(), NIGHT, BERLIN, 3)


@pytest.mark.parametrize(("hours", "ends", "rings"), [(1, False, 0), (3, False, 1), (3, True, 0)])
def test_a_round_that_does_not_end_is_an_alarm_of_the_silence_watch(hours: int, ends: bool, rings: int) -> None:
    database = with_a_signed_study()
    assert begin_night(database, NIGHT, BERLIN, 3)
    if ends:
        a_watch(database, Feed(days=2)).run_once(NIGHT + timedelta(minutes=1))
    now = NIGHT + timedelta(hours=hours)
    with database.begin(write=False) as unit:
        assert len(unfinished_night(unit, now)) == rings
    watch = Watch(database, lambda _: UTC, lambda: WatchedPolicy("p1", ()))
    found = [each.alarm_key for each in watch.run_once(now).silences]
    assert found.count("watch_failed/quality") == rings


def test_asking_whether_it_is_night_loads_no_number_library() -> None:
    probe = "import sys, wetread.monitoring.watch, wetread.monitoring.night; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
