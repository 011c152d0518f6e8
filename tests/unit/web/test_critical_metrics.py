"""What monitoring systems see of critical results and alarms."""

from dataclasses import replace
from datetime import timedelta

from builders_web import Browser, World

from wetread.domain.critical import CriticalState
from wetread.testing.critical_builders import a_critical_result, an_alarm
from wetread.web.critical_metrics import alarm_metrics


def test_metrics_count_critical_results_and_alarms_without_naming(world: World, door: Browser) -> None:
    now = world.clock.now()
    keys = [world.add_study(patient_id=f"P{n}") for n in (1, 2, 3)]
    hour = timedelta(hours=1)
    late = a_critical_result(study_key=keys[0], opened_at=now - hour, acknowledge_by=now - hour / 2)
    taken = replace(
        late, critical_key="taken", study_key=keys[1], state=CriticalState.ACKNOWLEDGED, communicate_by=now + hour
    )
    fresh = a_critical_result(study_key=keys[2], opened_at=now, acknowledge_by=now + hour)
    with world.services.database.begin() as unit:
        for result in (late, taken, fresh):
            unit.save_critical(result, expected_etag=None)
        unit.save_alarm(an_alarm())
        unit.save_alarm(an_alarm(alarm_key="over", cleared_at=now))
        unit.commit()
    said = door.get("/metrics").body.decode().splitlines()
    assert 'wetread_critical_results{state="open"} 2' in said
    assert 'wetread_critical_results{state="acknowledged"} 1' in said
    assert "wetread_critical_overdue 1" in said
    assert "wetread_critical_oldest_seconds 3600" in said
    assert 'wetread_alarms{kind="nothing_arrives",site="north"} 1' in said
    assert said[-1] == "# EOF"
    assert not any(key in line for key in keys for line in said)


def test_a_site_with_odd_letters_stays_one_label() -> None:
    assert alarm_metrics([an_alarm(site='a"b\\c')])[-1] == 'wetread_alarms{kind="nothing_arrives",site="a\\"b\\\\c"} 1'
