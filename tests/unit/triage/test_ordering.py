"""The scheduling rule: what it promises holds for every list and every hour."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import Priority
from wetread.triage.ordering import SITE_TURN, Standing, Waiting, explain_place, limit_of, order, places, standing
from wetread.triage.policy import OrderRule

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RULE = OrderRule(timedelta(hours=8), timedelta(hours=2))


def a_waiting(key: str, minutes: float, priority: Priority = Priority.ROUTINE, **changes: object) -> Waiting:
    study = Waiting(StudyKey(key), "north", priority, NOW - timedelta(minutes=minutes))
    return replace(study, **changes)  # type: ignore[arg-type]


@st.composite
def lists(draw: st.DrawFn) -> list[Waiting]:
    facts = st.tuples(
        st.integers(0, 900), st.sampled_from(Priority), st.sampled_from("ab"), st.booleans(), st.sampled_from([0, 30])
    )
    drawn = draw(st.lists(facts, min_size=1, max_size=14))
    return [
        a_waiting(
            f"s{n:02}", minutes, priority, site=site, critical_open=critical and n % 4 == 0, read_within_min=target
        )
        for n, (minutes, priority, site, critical, target) in enumerate(drawn)
    ]


def keys(studies: tuple[Waiting, ...]) -> list[str]:
    return [each.study_key for each in studies]


def test_critical_then_overdue_then_priority_with_ageing() -> None:
    studies = [
        a_waiting("fresh stat", 1, Priority.STAT),
        a_waiting("old routine", 7 * 60),
        a_waiting("routine", 10),
        a_waiting("urgent", 10, Priority.URGENT),
        a_waiting("past the target", 31, Priority.ASAP, read_within_min=30),
        a_waiting("past the cap", 8 * 60 + 10),
        a_waiting("critical", 0, Priority.URGENT, critical_open=True),
    ]
    expected = ["critical", "past the cap", "past the target", "old routine", "fresh stat", "urgent", "routine"]
    assert keys(order(studies, NOW, RULE)) == expected


def test_the_place_of_a_study_is_explained() -> None:
    studies = [
        *(a_waiting(f"c{n}", n, Priority.STAT, critical_open=True) for n in range(3)),
        *(a_waiting(f"o{n}", 500 + n) for n in range(2)),
        a_waiting("stat", 5, Priority.STAT),
        seventh := a_waiting("seventh", 34, Priority.URGENT, read_within_min=75),
        a_waiting("last", 3),
    ]
    assert explain_place(seventh, studies, NOW, RULE) == (
        "place 7: after 3 critical and not acknowledged, 2 beyond the cap of 8 h, 1 stat; "
        "41 min until it passes the reading-time target of 1 h 15 min"
    )
    with pytest.raises(ValueError, match="not on this list"):
        explain_place(a_waiting("gone", 1), studies, NOW, RULE)


def test_the_first_is_after_nobody_and_says_how_late_it_is() -> None:
    study = a_waiting("a", 8 * 60 + 5)
    assert explain_place(study, [study], NOW, RULE) == "place 1: 5 min beyond the cap of 8 h"


@given(lists())
def test_every_study_has_one_place_and_all_before_it_are_told(studies: list[Waiting]) -> None:
    found = places(studies, NOW, RULE)
    assert [each.number for each in found] == list(range(1, len(studies) + 1))
    assert sorted(keys(tuple(each.study for each in found))) == sorted(keys(tuple(studies)))
    for each in found:
        ahead = each.why.partition(": ")[2].rpartition("; ")[0].removeprefix("after ")
        told = sum(int(part.split(" ")[0]) for part in ahead.split(", ") if part and part[0].isdigit())
        assert told == each.number - 1, each.why


@given(lists(), st.integers(1, 900))
def test_waiting_longer_never_puts_a_study_behind_a_later_arrival_of_its_class(
    studies: list[Waiting], later: int
) -> None:
    before = order(studies, NOW, RULE)
    after = keys(order(studies, NOW + timedelta(minutes=later), RULE))
    for number, ahead in enumerate(before):
        for behind in before[number + 1 :]:
            same = replace(ahead, study_key=behind.study_key, received_at=behind.received_at) == behind
            if same and ahead.received_at <= behind.received_at:
                assert after.index(ahead.study_key) < after.index(behind.study_key)


@given(lists())
def test_within_a_site_and_a_priority_the_oldest_is_first(studies: list[Waiting]) -> None:
    listed = order([replace(each, critical_open=False, read_within_min=0) for each in studies], NOW, RULE)
    for site in "ab":
        for priority in Priority:
            times = [each.received_at for each in listed if (each.site, each.priority) == (site, priority)]
            assert times == sorted(times)


def test_sites_take_turns_by_the_clock_each_oldest_first() -> None:
    flood = [a_waiting(f"a{n}", 20 - n, site="a") for n in range(3)]
    few = [a_waiting(f"b{n}", 12 - n, site="b") for n in range(2)]
    first, then = (keys(order([*flood, *few], NOW + turn * SITE_TURN / 2, RULE)) for turn in (0, 2))
    assert sorted([first, then]) == [["a0", "a1", "a2", "b0", "b1"], ["b0", "b1", "a0", "a1", "a2"]]


def test_a_turn_never_puts_a_fresh_study_before_one_of_an_earlier_half_hour() -> None:
    studies = [a_waiting("older", 61, site="a"), a_waiting("newer", 1, site="b")]
    assert {order(studies, NOW + n * SITE_TURN, RULE)[0].study_key for n in range(4)} == {"older"}


@pytest.mark.parametrize("pace_min", [5, 12, 28])
@pytest.mark.parametrize("sites", [("a", "b"), ("b", "a"), ("a", "m", "z")])
def test_the_flood_of_one_site_never_makes_another_wait_without_bound(sites: tuple[str, ...], pace_min: int) -> None:
    """The first site sends more than can be read, for two days; each other one a study every three hours."""
    flooder, *others = sites
    todo = [a_waiting(f"f{n:04}", -n, Priority.URGENT, site=flooder) for n in range(0, 2880, 2)]
    todo += [a_waiting(f"{site}{n:04}", -n, site=site) for site in others for n in range(0, 2880, 180)]
    now, beyond = NOW, dict.fromkeys(sites, timedelta(0))
    while now < NOW + timedelta(days=2):
        here = [each for each in todo if each.received_at <= now]
        read = order(here, now, RULE)[0]
        todo.remove(read)
        beyond[read.site] = max(beyond[read.site], now - read.received_at - RULE.waiting_cap)
        now += timedelta(minutes=pace_min)
    assert all(beyond[site] <= len(sites) * SITE_TURN for site in others), beyond
    assert beyond[flooder] > 4 * SITE_TURN


def test_of_the_critical_the_most_urgent_is_first_until_another_has_waited_far_longer() -> None:
    studies = [
        a_waiting("stat", 0, Priority.STAT, critical_open=True),
        a_waiting("urgent", 60, Priority.URGENT, critical_open=True),
        a_waiting("urgent, hours ago", 241, Priority.URGENT, critical_open=True),
    ]
    assert keys(order(studies, NOW, RULE)) == ["urgent, hours ago", "stat", "urgent"]


def test_who_passed_the_limit_first_is_first_and_no_target_is_beyond_the_cap() -> None:
    past_the_cap = a_waiting("cap", 9 * 60, read_within_min=2000)
    past_the_target = a_waiting("target", 3 * 60, Priority.ASAP, read_within_min=45)
    assert limit_of(past_the_cap, RULE) == RULE.waiting_cap
    assert keys(order([past_the_cap, past_the_target], NOW, RULE)) == ["target", "cap"]


arrivals = st.lists(
    st.tuples(st.integers(0, 1500), st.sampled_from(Priority), st.sampled_from("aaab"), st.sampled_from([0, 45])),
    min_size=5,
    max_size=60,
)


@given(arrivals, st.integers(5, 60))
def test_nobody_is_passed_over_beyond_the_limit(drawn: list[tuple[int, Priority, str, int]], pace_min: int) -> None:
    """A reader who always takes the first, too slow or fast enough: beyond the limit a study waits only for others beyond theirs, of its own site only for those before it."""
    todo = [
        a_waiting(f"s{n:03}", -minute, priority, site=site, read_within_min=target)
        for n, (minute, priority, site, target) in enumerate(drawn)
    ]
    now = NOW
    while todo:
        here = [each for each in todo if each.received_at <= now]
        if not here:
            now = min(each.received_at for each in todo)
            continue
        read = order(here, now, RULE)[0]
        for other in here:
            if other is not read and now - other.received_at > limit_of(other, RULE):
                assert standing(read, now, RULE) is Standing.OVERDUE
                passed = read.received_at + limit_of(read, RULE) <= other.received_at + limit_of(other, RULE)
                assert passed or read.site != other.site
        todo.remove(read)
        now += timedelta(minutes=pace_min)


def test_a_stream_of_urgent_work_cannot_keep_a_study_called_normal_waiting() -> None:
    """One stat study every ten minutes for a reader who needs ten minutes each: without the rule the routine one is never read."""
    waiting, now = [a_waiting("called normal", 0)], NOW
    for minute in range(0, 24 * 60, 10):
        now = NOW + timedelta(minutes=minute)
        waiting.append(a_waiting(f"stat{minute:04}", -minute, Priority.STAT))
        read = order(waiting, now, RULE)[0]
        waiting.remove(read)
        if read.study_key == "called normal":
            break
    assert now - NOW <= RULE.waiting_cap
    assert now - NOW >= 2 * RULE.age_step


def test_a_longer_list_is_explained_without_walking_it_for_each() -> None:
    studies = [a_waiting(f"s{n:05}", n / 3, list(Priority)[n % 4], site="abc"[n % 3]) for n in range(1000)]
    assert all(a.number + 1 == b.number for a, b in pairwise(places(studies, NOW, RULE)))
