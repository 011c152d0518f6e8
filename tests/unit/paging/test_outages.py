"""Long nights: every channel dead, the database away, the vault away, a roster that somebody broke at three in the morning. Nobody stays silent, and nobody is buried in pages."""

import errno
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from paging_world import PATH, PEOPLE, World, roster_text

from wetread.domain.alarm import AlarmKind
from wetread.domain.critical import CriticalState
from wetread.domain.errors import TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.page import PageMessage, PageState
from wetread.domain.role import Actor, Role
from wetread.monitoring.alarms import Silence, raise_alarm
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.vault import VaultStudy
from wetread.testing.memory_vault import MemoryVault
from wetread.testing.notifiers import MemoryNotifier
from wetread.triage.critical_desk import CriticalDesk
from wetread.triage.roster_book import RosterBook

RADIOLOGIST = Actor("dr.roe", Role.RADIOLOGIST, "Dr Roe")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def cut(world: World, *, down: int = 10**9) -> None:
    for channel in world.channels.values():
        channel.down = down


def told(world: World) -> list[str]:
    heard = [(message.sent_at, address) for address, _, message in world.heard() if message.study_key]
    return [address.partition("@")[0] for _, address in sorted(heard)]


def rung(world: World) -> Counter[str]:
    """Pages about alarms, by person."""
    return Counter(address.partition("@")[0] for address, _, message in world.heard() if not message.study_key)


def acknowledge(world: World, key: str) -> None:
    held = world.critical(key)
    CriticalDesk(world.database, world.clock).acknowledge(RADIOLOGIST, key, held.etag, "right pneumothorax")


def test_dead_channels_run_through_the_path_once_and_then_keep_its_pace(world: World) -> None:
    cut(world)
    result = world.open()
    world.run(30)
    assert world.critical(result.critical_key).step == len(PATH.steps)
    world.run(2 * 3600, step_s=20)
    with world.database.begin(write=False) as unit:
        steps = {page.step for page in unit.pages(result.critical_key)}
    assert len(steps) == len(PATH.steps) + 2 * 60 // 5
    assert not told(world)


def test_after_a_long_outage_each_person_hears_one_page_and_not_a_hundred(world: World) -> None:
    cut(world)
    result = world.open()
    world.run(2 * 3600, step_s=20)
    cut(world, down=0)
    world.run(150, step_s=2)
    assert set(told(world)) == {"ann", "ben", "cho", "dev"}
    assert max(Counter(told(world)).values()) <= 2  # the one that waited, and the next repeat
    with world.database.begin(write=False) as unit:
        left = [page for page in unit.pages(result.critical_key) if page.state is PageState.QUEUED]
    assert not left


def test_one_dead_telephone_does_not_ring_the_technical_duty_all_night(world: World) -> None:
    """Dev, who is technical duty and is paged with everyone, cannot be reached; Eve is technical duty too."""
    text = roster_text().replace("- people: [dev]", "- people: [dev, eve]")
    world.write_roster(
        text.replace(
            "  dev:\n", "  eve:\n    name: Eve\n    contacts: [{channel: pager, address: eve@pager}]\n  dev:\n"
        )
    )
    world.channels["pager"] = MemoryNotifier("pager")
    world.restart()
    cut(world, down=0)
    world.channels["sms"].down = world.channels["email"].down = 10**9
    world.open()
    world.run(2 * 3600 + 60, step_s=20)
    unreachable = [key for key in world.alarms() if key.startswith("page_undeliverable")]
    assert len(unreachable) == len(PEOPLE)
    assert 2 * len(unreachable) <= rung(world)["eve"] <= 3 * len(unreachable)  # at once, and hourly


def test_a_page_that_fails_after_somebody_took_the_result_wakes_nobody_else(world: World) -> None:
    result = world.open()
    world.sweep.run_once()
    page = world.sender.claim()
    assert page is not None
    acknowledge(world, result.critical_key)
    cut(world, down=2)
    failing = replace(world.sender, database=_Stale(world.database, world.critical(result.critical_key).critical_key))
    failing.send(page)
    world.run(10)
    assert not told(world)
    assert world.critical(result.critical_key).step == 1


class _Stale:
    """The sender read the result before it was acknowledged, and notes what came of its page after."""

    def __init__(self, inner: Database, key: str) -> None:
        self._inner, self._key, self._first = inner, key, True

    @contextmanager
    def begin(self, *, write: bool = True) -> Iterator[UnitOfWork]:
        with self._inner.begin(write=write) as unit:
            first, self._first = self._first, False
            yield _BeforeIt(unit) if first else unit  # type: ignore[misc]


class _BeforeIt:
    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    def __getattr__(self, name: str) -> object:
        return getattr(self._unit, name)

    def critical(self, key: str) -> object:
        found = self._unit.critical(key)
        return found and replace(found, state=CriticalState.OPEN, acknowledgement=None)


@pytest.mark.parametrize("back_s", [3600, 3 * 86_400])
def test_a_clock_set_back_after_somebody_took_it_still_asks_whether_anybody_was_told(world: World, back_s: int) -> None:
    result = world.open()
    world.run(60)
    acknowledge(world, result.critical_key)
    world.run(10)
    world.clock.advance(-back_s)
    world.run(61 * 60, step_s=10)
    assert sorted(told(world)) == ["ann", "ben"]
    assert any("nobody has been told" in message.body for _, _, message in world.heard())


def test_a_database_that_was_away_for_ten_minutes_finds_its_pager_at_work(world: World) -> None:
    world.run(5)
    first = world.open()
    world.mortal.away = True
    for _ in range(600):
        with pytest.raises(TransientError):
            world.sweep.run_once()
        with pytest.raises(TransientError):
            world.sender.claim()
        world.clock.advance(1)
    world.mortal.away = False
    second = world.open(study_key="f" * 24)
    world.run(2)
    assert told(world) == ["ann", "ann"]
    assert {world.critical(each.critical_key).state for each in (first, second)} == {CriticalState.NOTIFIED}


def test_a_database_that_goes_away_while_a_page_is_sent_has_it_sent_again_with_the_same_key(world: World) -> None:
    world.open()
    world.sweep.run_once()
    page = world.sender.claim()
    assert page is not None
    world.sender = replace(world.sender, notifiers={**world.channels, "sms": _TakesTheDatabaseAlong(world)})
    world.sender.send(page)
    world.mortal.away = False
    world.restart()
    world.run(40)
    assert told(world) == ["ann", "ann"]
    assert len({key for _, key, _ in world.heard()}) == 1


@dataclass
class _TakesTheDatabaseAlong:
    world: World
    name: str = "sms"
    carries_phi: bool = False

    def send(self, message: PageMessage, address: str, key: str) -> str:
        receipt = self.world.channels["sms"].send(message, address, key)
        self.world.mortal.away = True
        return receipt


def test_a_roster_broken_at_three_in_the_morning_is_no_silence_even_after_a_restart(world: World) -> None:
    world.book.current()
    for broken in ("people: [", "[" * 600, "roster_version: '2'\npeople: {}\nsites: {}\n", "\x00"):
        world.write_roster(broken)
        world.book = RosterBook(world.folder / "roster.yaml", world.folder / "roster.last-good.yaml")
        world.restart()
        world.open(study_key="abcd"[len(told(world))] * 24)
        world.run(2)
        assert "the last good roster (1) stays in force" in world.book.current()[1]
    assert told(world) == ["ann"] * 4
    assert (world.folder / "roster.last-good.yaml").stat().st_mode & 0o077 == 0


def test_a_roster_that_can_be_read_again_counts_at_once(world: World) -> None:
    world.run(1)
    (world.folder / "roster.yaml").rename(world.folder / "away.yaml")
    assert "cannot be read" in world.book.current()[1]
    (world.folder / "away.yaml").rename(world.folder / "roster.yaml")
    assert world.book.current()[1] == ""


def test_a_whole_roster_that_could_not_be_opened_counts_when_it_can(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.book.current()
    world.write_roster(roster_text().replace("roster_version: '1'", "roster_version: '2'"))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", _too_many_open_files)
        assert "the last good roster (1) stays in force" in world.book.current()[1]
    roster, problem = world.book.current()
    assert roster is not None
    assert (roster.roster_version, problem) == ("2", "")


def _too_many_open_files(*_: object) -> None:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_a_result_that_finds_nobody_is_paged_within_a_minute_of_the_mending_whatever_its_step(world: World) -> None:
    world.write_roster(
        "roster_version: '1'\npeople: {ann: {name: Ann, contacts: [{channel: sms, address: ann@sms}]}}\nsites: {}\n"
    )
    (world.folder / "roster.yaml").unlink()
    (world.folder / "roster.last-good.yaml").unlink(missing_ok=True)
    world.book = RosterBook(world.folder / "roster.yaml", world.folder / "roster.last-good.yaml")
    world.restart()
    result = world.open()
    world.run(45 * 60, step_s=10)
    assert "nobody_to_page:north" in world.alarms()
    world.write_roster(roster_text())
    world.run(62)
    assert told(world) == ["ann"]
    assert world.critical(result.critical_key).step == 1


def test_a_duty_that_may_be_empty_is_passed_over_without_waking_the_technical_duty(world: World) -> None:
    text = roster_text({duty: who for duty, who in PEOPLE.items() if duty != "primary"})
    world.write_roster(
        text
        + "      primary:\n        required: false\n        layers:\n          - {people: [ann], shifts: ['Mon 00:00-00:01']}\n"
    )
    world.open()
    world.run(5)
    assert world.book.current()[1] == ""
    assert told(world) == ["ben"]
    assert not rung(world)


class LostVault(MemoryVault):
    def study(self, study_key: StudyKey) -> VaultStudy:
        raise TransientError("the vault is away", code="vault_down")


def test_a_vault_that_is_away_keeps_no_page_back(world: World) -> None:
    for channel in world.channels.values():
        channel.carries_phi = True
    world.vault = LostVault()
    world.restart()
    world.open()
    world.run(2)
    assert [message.patient for _, _, message in world.heard()] == [None]


def test_an_alarm_that_could_not_be_rung_for_days_rings_once(world: World) -> None:
    cut(world)
    with world.database.begin() as unit:
        raise_alarm(unit, Silence(AlarmKind.NOTHING_ARRIVES, "quiet", "north", "nothing", True), world.clock.now())
        unit.commit()
    world.run(86_400, step_s=300)
    cut(world, down=0)
    world.run(180)
    assert rung(world)["dev"] <= 3  # this one, and that dev could not be reached
