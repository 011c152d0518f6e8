"""A critical result reaches a person, whatever breaks on the way."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from paging_world import PATH, PEOPLE, Killed, World, roster_text

from wetread.domain.alarm import AlarmKind
from wetread.domain.critical import CriticalState
from wetread.domain.identity_access import Purpose, of_service
from wetread.domain.page import PageState
from wetread.domain.role import Actor, Role
from wetread.domain.roster import RosterOverride
from wetread.monitoring.alarms import Silence, acknowledge_alarm, raise_alarm
from wetread.testing.clock import FixedClock
from wetread.triage.critical_desk import CriticalDesk

RADIOLOGIST = Actor("dr.roe", Role.RADIOLOGIST, "Dr Roe")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def told(world: World) -> list[str]:
    """Who was told of a critical result, in order of time."""
    heard = [(message.sent_at, address) for address, _, message in world.heard() if message.study_key]
    return [address.partition("@")[0] for _, address in sorted(heard)]


def technical(world: World) -> list[str]:
    """Who was told of an alarm."""
    return [address.partition("@")[0] for address, _, message in world.heard() if not message.study_key]


def test_the_first_on_call_is_paged_within_seconds_by_their_first_channel(world: World) -> None:
    result = world.open()
    world.run(3)
    assert [(address, message.title) for address, _, message in world.heard()] == [
        ("ann@sms.example", "Critical result, stat, north")
    ]
    assert world.critical(result.critical_key).state is CriticalState.NOTIFIED


def test_unanswered_pages_climb_to_everyone_and_go_on(world: World) -> None:
    world.open()
    world.run(26 * 60, step_s=10)
    assert told(world)[:3] == ["ann", "ben", "cho"]
    assert sorted(told(world)[3:]) == sorted(["ann", "ben", "cho", "dev"] * 3)
    assert len({key for _, key, _ in world.heard()}) == len(world.heard())


def test_an_acknowledgement_stops_the_paging_until_nobody_was_told_in_time(world: World) -> None:
    result = world.open()
    world.run(60)
    desk = CriticalDesk(world.database, world.clock)
    held = world.critical(result.critical_key)
    desk.acknowledge(RADIOLOGIST, held.critical_key, held.etag, "right pneumothorax, calling the ward")
    world.run(58 * 60, step_s=10)
    assert told(world) == ["ann"]
    world.run(3 * 60, step_s=10)
    assert told(world) == ["ann", "ben"]
    assert "nobody has been told" in world.heard()[-1][2].body


def test_who_has_it_and_told_nobody_in_time_is_reminded_beside_the_next_step(world: World) -> None:
    result = world.open()
    world.run(60)
    held = world.critical(result.critical_key)
    ann = Actor("ann", Role.RADIOLOGIST, "Ann")
    CriticalDesk(world.database, world.clock).acknowledge(ann, held.critical_key, held.etag, "right pneumothorax")
    world.run(61 * 60, step_s=10)
    assert sorted(told(world)) == ["ann", "ann", "ben"]


def test_once_told_nothing_more_is_sent(world: World) -> None:
    result = world.open()
    world.run(2)
    desk = CriticalDesk(world.database, world.clock)
    held = world.critical(result.critical_key)
    held = desk.acknowledge(RADIOLOGIST, held.critical_key, held.etag, "right pneumothorax")
    desk.communicate(RADIOLOGIST, held.critical_key, held.etag, to_whom="ward 4", how="phone", read_back_confirmed=True)
    world.run(3 * 3600, step_s=30)
    assert told(world) == ["ann"]


def test_handing_a_result_back_pages_the_next_at_once(world: World) -> None:
    result = world.open()
    world.run(2)
    desk = CriticalDesk(world.database, world.clock)
    held = world.critical(result.critical_key)
    held = desk.acknowledge(RADIOLOGIST, held.critical_key, held.etag, "right pneumothorax")
    desk.release(RADIOLOGIST, held.critical_key, held.etag)
    world.run(2)
    assert told(world) == ["ann", "ben"]


def test_a_channel_that_is_down_fails_over_to_the_next_at_once(world: World) -> None:
    world.channels["sms"].down = 1000
    world.open()
    world.run(2)
    assert [address for address, _, _ in world.heard()] == ["ann@email.example"]


def test_when_all_channels_of_one_person_fail_the_next_person_is_paged_at_once_and_an_alarm_says_so(
    world: World,
) -> None:
    world.channels["sms"].refusals = 1
    world.channels["email"].down = 1
    world.open()
    world.run(4)
    assert told(world) == ["ben"]
    assert technical(world) == ["dev"]
    assert "page_undeliverable:ann" in world.alarms()
    world.run(15)
    assert told(world) == ["ben", "ann"]
    assert "page_undeliverable:ann" not in world.alarms()


def test_a_gap_in_the_roster_is_passed_over_at_once_and_said(world: World) -> None:
    world.write_roster(roster_text({duty: who for duty, who in PEOPLE.items() if duty != "primary"}))
    world.open()
    world.run(2)
    assert told(world) == ["ben"]
    assert "roster_gap:north:primary" in world.alarms()


def test_nobody_at_all_is_the_loudest_alarm_and_ends_when_the_roster_is_mended(world: World) -> None:
    (world.folder / "roster.yaml").unlink()
    world.open()
    world.run(2)
    assert "nobody_to_page:north" in world.alarms()
    world.write_roster(roster_text())
    world.run(6 * 60, step_s=5)
    assert told(world)
    assert "nobody_to_page:north" not in world.alarms()


def test_a_broken_roster_file_leaves_the_last_good_one_in_force(world: World) -> None:
    world.run(1)
    world.book.current()
    world.write_roster("people: [")
    world.open()
    world.run(2)
    assert told(world) == ["ann"]
    assert "last good roster" in world.book.current()[1]


def test_a_hand_over_counts_from_its_start(world: World) -> None:
    now = world.clock.now()
    swap = RosterOverride("o1", "north", "primary", "cho", now, now + timedelta(hours=8), "ann", "ill")
    with world.database.begin() as unit:
        unit.save_override(swap)
        unit.commit()
    world.open()
    world.run(2)
    assert told(world) == ["cho"]


def test_a_page_carries_no_identity_unless_the_channel_is_marked_for_it(world: World) -> None:
    world.open()
    world.channels["email"].carries_phi = True
    world.channels["sms"].down = 1
    world.run(2)
    world.run(6 * 60, step_s=5)
    by_channel = {name: each.sent for name, each in world.channels.items()}
    assert all(message.patient is not None for message, _, _ in by_channel["email"])
    assert by_channel["sms"]
    for message, _, _ in by_channel["sms"]:
        assert message.patient is None
        identity = (
            world.vault.on_behalf_of(of_service(Purpose.CONSOLE)).study(message.study_key).identity
            if message.study_key
            else None
        )
        assert identity is None or identity.patient_id not in f"{message.title}{message.body}{message.link}"


@pytest.mark.parametrize(
    "jump", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=3), timedelta(days=-3)], ids=str
)
@pytest.mark.parametrize("after_s", [0, 2, 200])
def test_a_clock_that_jumps_delays_no_step_beyond_its_wait(world: World, jump: timedelta, after_s: int) -> None:
    world.run(10)
    world.open()
    world.run(after_s)
    world.clock.advance(jump.total_seconds())
    world.run(2)
    assert "ann" in told(world)
    world.run(5 * 60 + 10, step_s=5)
    assert "ben" in told(world)
    if jump < timedelta(0):
        assert "clock_went_back" in world.alarms()
        world.run(26 * 3600, step_s=600)
        assert "clock_went_back" not in world.alarms()


@pytest.mark.parametrize("commit", range(1, 6))
def test_a_pager_that_dies_in_its_first_sweep_and_a_clock_that_goes_back_meanwhile_delay_nothing(
    world: World, commit: int
) -> None:
    """It had shown no sign of life yet, by which the next one could know that the clock went back."""
    world.open()
    world.mortal.dies_at = (commit, "after")
    with suppress(Killed):
        world.round()
    world.clock.advance(-3 * 86_400)
    world.restart()
    world.run(2)
    assert "ann" in told(world)
    world.run(5 * 60 + 10, step_s=5)
    assert "ben" in told(world)


def test_alarms_that_page_go_to_the_technical_duty_and_again_every_hour(world: World) -> None:
    with world.database.begin() as unit:
        raise_alarm(
            unit, Silence(AlarmKind.NOTHING_ARRIVES, "quiet", "north", "nothing arrives", True), world.clock.now()
        )
        unit.commit()
    world.run(2 * 3600 + 60, step_s=30)
    assert technical(world) == ["dev", "dev", "dev"]
    with world.database.begin() as unit:
        acknowledge_alarm(unit, "quiet", "dev", world.clock.now())
        unit.commit()
    world.run(2 * 3600, step_s=30)
    assert technical(world) == ["dev", "dev", "dev"]


def test_an_obsolete_page_is_put_away_unsent(world: World) -> None:
    result = world.open()
    world.sweep.run_once()
    world.clock.advance(1)
    desk = CriticalDesk(world.database, world.clock)
    held = world.critical(result.critical_key)
    desk.acknowledge(RADIOLOGIST, held.critical_key, held.etag, "seen on the list already")
    world.run(5)
    assert not world.heard()
    with world.database.begin(write=False) as unit:
        assert [page.state for page in unit.pages(result.critical_key)] == [PageState.OBSOLETE]


def test_one_result_that_cannot_be_moved_on_never_keeps_the_others_waiting(world: World) -> None:
    """A path without steps cannot come from a policy; if one ever did, the rest of the hospital must still be paged."""
    bad = world.open()
    with world.database.begin() as unit:
        unit.save_critical(replace(bad, path="broken"), expected_etag=bad.etag)
        unit.commit()
    broken = replace(PATH, name="broken", steps=())
    world.sweep = replace(world.sweep, paths={**world.sweep.paths, "broken": broken})
    world.clock.advance(1)
    good = world.open(study_key="f" * 64)
    world.run(3)
    assert world.critical(good.critical_key).state is CriticalState.NOTIFIED
    assert f"escalation_stopped:{bad.critical_key}" in world.alarms()
    world.sweep = replace(world.sweep, paths={"default": PATH})
    world.run(2)
    assert f"escalation_stopped:{bad.critical_key}" not in world.alarms()


@pytest.mark.parametrize("start", [datetime(2026, 3, 29, 0, 20, tzinfo=UTC), datetime(2026, 10, 25, 0, 20, tzinfo=UTC)])
def test_a_hand_over_in_the_hour_that_the_clocks_skip_or_repeat_leaves_nobody_unpaged(
    tmp_path: Path, start: datetime
) -> None:
    """Berlin changes at 01:00 UTC; the shift changes at 02:30 local time, which does not exist in spring and comes twice in autumn."""
    shifts = "layers: [{shifts: ['18:30-02:30'], people: [ann]}, {shifts: ['02:30-18:30'], people: [ben]}]"
    text = roster_text().replace("layers:\n          - people: [ann]", shifts, 1)
    world = World(tmp_path, text=text, clock=FixedClock(start))
    for letter in "abcdefgh":
        world.open(study_key=letter * 24)
        world.run(2)
        world.clock.advance(15 * 60 - 2)
    first = sorted((message.sent_at, address) for address, _, message in world.heard() if message.step == 0)
    people = [address.partition("@")[0] for _, address in first]
    assert len(people) == 8
    assert people == sorted(people)
    assert (people[0], people[-1]) == ("ann", "ben")
    assert not [key for key in world.alarms() if key.startswith("roster_gap")]
