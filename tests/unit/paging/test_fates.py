"""Whatever dies, jumps or goes down, and in whatever order: somebody is paged in time or an alarm is up, and nobody is rung twice for one step by one channel."""

import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paging_world import PATH, PEOPLE, Killed, World, roster_text

from wetread.domain.errors import TransientError
from wetread.domain.page import PageMessage
from wetread.triage.roster_book import RosterBook

_RUN_S = 420
"""Longer than a lease, a pause after failure and the wait of a stat step together."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens after `after_s` more seconds of quiet running."""

    after_s: int
    kind: str
    amount: int


fates = st.builds(
    Fate,
    st.integers(0, 400),
    st.sampled_from(
        [
            "die_before",
            "die_after",
            "die_sending",
            "jump",
            "sms_down",
            "both_down",
            "gap",
            "mended",
            "broken",
            "away",
            "restart",
        ]
    ),
    st.integers(1, 6),
)
_JUMPS_S = (3600, -3600, 259_200, -259_200, 120, -90)


class DeadlyNotifier:
    """Takes the page, rings, and then our process dies before it hears the receipt."""

    def __init__(self, world: World, name: str) -> None:
        self.inner, self.name, self.carries_phi, self.deadly = world.channels[name], name, False, False

    def send(self, message: PageMessage, address: str, key: str) -> str:
        receipt = self.inner.send(message, address, key)
        if self.deadly:
            self.deadly = False
            raise Killed
        return receipt


def live(world: World, seconds: float) -> None:
    """The pager runs; when it dies, it is started again a second later."""
    passed = 0.0
    while passed < seconds:
        try:
            world.round()
        except Killed:
            world.restart()
        except TransientError:
            assert world.mortal.away
        world.clock.advance(1)
        passed += 1


def suffer(world: World, fate: Fate) -> None:
    if fate.kind in ("die_before", "die_after"):
        world.mortal.dies_at = (world.mortal.commits + fate.amount, fate.kind.removeprefix("die_"))
    elif fate.kind == "die_sending":
        deadly = DeadlyNotifier(world, "sms")
        deadly.deadly = True
        world.sender = replace(world.sender, notifiers={**world.channels, "sms": deadly})
    elif fate.kind == "jump":
        world.clock.advance(_JUMPS_S[fate.amount % len(_JUMPS_S)])
    elif fate.kind in ("sms_down", "both_down"):
        world.channels["sms"].down = fate.amount
        world.channels["email"].down = fate.amount if fate.kind == "both_down" else 0
    elif fate.kind in ("gap", "mended"):
        held = {
            duty: who for at, (duty, who) in enumerate(PEOPLE.items()) if fate.kind == "mended" or at != fate.amount % 3
        }
        world.write_roster(roster_text(held))
        world.book.current()
    elif fate.kind == "broken":
        world.write_roster("people: [")
        world.book = RosterBook(world.folder / "roster.yaml", world.folder / "roster.last-good.yaml")
        world.restart()
    elif fate.kind == "away":
        world.mortal.away = True
        live(world, 100 * fate.amount)
        world.mortal.away = False
    else:
        world.restart()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=st.lists(fates, max_size=4), after=st.lists(fates, max_size=5))
def test_no_critical_result_stays_silent(before: list[Fate], after: list[Fate]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.book.current()
        for fate in before:
            live(world, min(fate.after_s, 30))
            suffer(world, fate)
        result = world.open()
        for fate in after:
            live(world, fate.after_s)
            suffer(world, fate)
        live(world, _RUN_S)
        heard = [(address, key) for address, key, message in world.heard() if message.study_key]
        assert heard
        assert any(not address.startswith("dev") for address, _ in heard)
        deaths = sum(fate.kind.startswith("die") for fate in [*before, *after])
        repeats = sum(times - 1 for times in Counter(key for _, key in heard).values())
        assert repeats <= deaths
        lived_s = _RUN_S + sum(fate.after_s + 600 for fate in after)
        assert world.critical(result.critical_key).step <= len(PATH.steps) + len(after) + lived_s // 300 + 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(missing=st.sets(st.sampled_from(list(PEOPLE))), down=st.sets(st.sampled_from(["sms", "email"])))
def test_every_combination_of_gaps_and_dead_channels_ends_in_a_page_or_an_alarm(
    missing: set[str], down: set[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.write_roster(
            roster_text({duty: who for duty, who in PEOPLE.items() if duty not in missing} or {"system": "dev"})
        )
        for name in down:
            world.channels[name].down = 10**6
        world.open()
        live(world, 60)
        heard = [key for _, key, message in world.heard() if message.study_key]
        assert heard if len(down) < 2 else any(key.startswith("page_undeliverable") for key in world.alarms())
        if "primary" in missing:
            assert "roster_gap:north:primary" in world.alarms()
