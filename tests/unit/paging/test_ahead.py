"""What would go wrong tonight is said by day."""

from dataclasses import replace
from pathlib import Path

import pytest
from paging_world import PATH, PEOPLE, World, roster_text

from wetread.paging.ahead import LookAhead


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def look(
    world: World, *, channels: tuple[str, ...] = ("sms", "email"), sites: tuple[str, ...] = ("north",)
) -> set[str]:
    ahead = LookAhead(world.database, world.book, {"default": PATH}, frozenset(channels), sites)
    ahead.run_once(world.clock.now())
    return world.alarms()


def test_a_whole_roster_raises_nothing(world: World) -> None:
    assert look(world) == set()


def test_a_gap_within_the_week_is_named_and_pages_only_when_it_is_near(world: World) -> None:
    """The clock stands on a Monday."""
    shift = "layers: [{shifts: ['Sun-Fri 00:00-24:00', 'Sat 00:00-20:00'], people: [ann]}]"
    text = roster_text().replace("layers:\n          - people: [ann]", shift)
    world.write_roster(text)
    assert look(world) == {"roster_gap:north:primary"}
    with world.database.begin(write=False) as unit:
        alarm = unit.alarm("roster_gap:north:primary")
    assert alarm is not None
    assert "no one covers Saturday 7 Mar 20:00-24:00 (Europe/Berlin)" in alarm.message
    assert not alarm.pages
    world.clock.advance(5 * 86400)
    look(world)
    with world.database.begin(write=False) as unit:
        alarm = unit.alarm("roster_gap:north:primary")
    assert alarm is not None
    assert alarm.pages


def test_a_mended_gap_is_cleared(world: World) -> None:
    world.write_roster(roster_text().replace("- people: [ann]", "- {shifts: ['Mon 08:00-09:00'], people: [ann]}"))
    assert look(world)
    world.write_roster(roster_text())
    assert look(world) == set()


def test_no_roster_no_channel_no_site_and_no_duty_are_each_named(world: World) -> None:
    assert look(world, channels=("sms",)) == {"configuration:channel:email"}
    assert look(world, sites=("north", "south")) == {"configuration:site:south"}
    world.write_roster(roster_text({duty: who for duty, who in PEOPLE.items() if duty != "team_lead"}))
    assert look(world) == {"configuration:duty:north:team_lead"}
    world.write_roster("nonsense")
    assert "configuration:roster_file" in look(world)


def pages(world: World, key: str) -> bool:
    with world.database.begin(write=False) as unit:
        alarm = unit.alarm(key)
    assert alarm is not None
    return alarm.pages


@pytest.mark.parametrize("text", ["", "people: [", None])
def test_a_roster_that_cannot_be_read_any_more_is_paged_by_the_last_good_one(world: World, text: str | None) -> None:
    world.book.current()
    if text is None:
        (world.folder / "roster.yaml").unlink()
    else:
        world.write_roster(text)
    look(world)
    assert pages(world, "configuration:roster_file")
    world.run(2)
    assert [address for _, address, _ in world.channels["sms"].sent] == ["dev@sms.example"]


def test_what_does_not_work_is_paged_by_what_does_until_it_is_mended(world: World) -> None:
    broken = [("channel:sms", "channel sms: secret file sms cannot be read (No such file or directory)")]
    names = frozenset({"sms", "email"})
    ahead = LookAhead(world.database, world.book, {"default": PATH}, names, ("north",), broken=lambda: broken)
    ahead.run_once(world.clock.now())
    assert pages(world, "configuration:channel:sms")
    broken.clear()
    ahead.run_once(world.clock.now())
    assert world.alarms() == set()


def test_a_site_without_a_roster_file_is_told_that_nothing_rings(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.book = type(world.book)(None)
    assert look(world) == {"configuration:roster_file"}


def test_somebody_who_left_the_roster_is_no_alarm_any_more(world: World) -> None:
    for channel in world.channels.values():
        channel.down = 10
    world.open()
    world.run(3)
    assert "page_undeliverable:ann" in look(world)
    world.write_roster(
        roster_text({**PEOPLE, "primary": "ben"}).replace("team: [ann,", "team: [").replace("  ann:", "  eve:")
    )
    assert "page_undeliverable:ann" not in look(world)
    assert "page_undeliverable:ben" in look(world)


def test_a_path_that_the_pager_has_not_read_is_named(world: World) -> None:
    result = world.open()
    with world.database.begin() as unit:
        unit.save_critical(replace(result, path="chest"), expected_etag=result.etag)
        unit.commit()
    assert "configuration:path:chest" in look(world)


def test_a_setting_that_could_not_be_used_is_named_while_escalation_goes_on(world: World) -> None:
    wrong = (("triage_policy", "line 3 is wrong"),)
    ahead = LookAhead(world.database, world.book, {"default": PATH}, frozenset({"sms", "email"}), ("north",), wrong)
    ahead.run_once(world.clock.now())
    assert world.alarms() == {"configuration:triage_policy"}
    assert pages(world, "configuration:triage_policy")
