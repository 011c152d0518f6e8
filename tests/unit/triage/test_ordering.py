"""The scheduling rule: what it promises holds for every list and every hour."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import Priority
from wetread.triage.ordering import SITE_TURN, Waiting, explain_place, limit_of, order, places
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
            same = (ahead.priority, ahead.read_within_min, ahead.critical_open) == (
                behind.priority,
                behind.read_within_min,
                behind.critical_open,
            )
            if same and ahead.received_at <= behind.received_at:
                assert after.index(ahead.study_key) < after.index(behind.study_key)


@given(lists())
def test_within_a_site_and_a_priority_the_oldest_is_first(studies: list[Waiting]) -> None:
    listed = order([replace(each, critical_open=False, read_within_min=0) for each in studies], NOW, RULE)
    for site in "ab":
        for priority in Priority:
            times = [each.received_at for each in listed if (each.site, each.priority) == (site, priority)]
            assert times == sorted(times)


def test_a_site_that_sends_many_at_once_does_not_push_anothers_few_to_the_end() -> None:
    flood = [a_waiting(f"a{n}", 20 - n, site="a") for n in range(5)]
    few = [a_waiting(f"b{n}", 12 - n, site="b") for n in range(2)]
    assert keys(order([*flood, *few], NOW, RULE)) == ["a0", "b0", "a1", "b1", "a2", "a3", "a4"]


@given(st.lists(st.tuples(st.integers(0, 45), st.sampled_from("aaabc")), max_size=20))
def test_sites_alternate_within_a_turn(drawn: list[tuple[int, str]]) -> None:
    """A study that is its site's n-th of the turn has at most n of any other site before it."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    seen: Counter[tuple[int, str]] = Counter()
    for study in order([a_waiting(f"s{n:02}", m, site=site) for n, (m, site) in enumerate(drawn)], NOW, RULE):
        turn = (study.received_at - epoch) // SITE_TURN
        seen[turn, study.site] += 1
        assert all(seen[turn, other] <= seen[turn, study.site] for other in "abc")


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
    """A reader who always takes the first, too slow or fast enough, with one site that floods the other."""
    todo = [
        a_waiting(f"s{n:03}", -minute, priority, site=site, read_within_min=target)
        for n, (minute, priority, site, target) in enumerate(drawn)
    ]
    now, overtaken = NOW, Counter[str]()
    while todo:
        here = [each for each in todo if each.received_at <= now]
        if not here:
            now = min(each.received_at for each in todo)
            continue
        read = order(here, now, RULE)[0]
        for other in here:
            if other is not read and now - other.received_at > limit_of(other, RULE):
                assert read.received_at + limit_of(read, RULE) <= other.received_at + limit_of(other, RULE)
                overtaken[other.study_key] += 1
        todo.remove(read)
        now += timedelta(minutes=pace_min)
    by_key = {f"s{n:03}": each for n, each in enumerate(drawn)}
    for key, times in overtaken.items():  # bounded: nobody who came after the limit passed is ever read before it
        limit = RULE.waiting_cap // timedelta(minutes=1)
        assert times <= sum(minute <= by_key[key][0] + limit for minute, *_ in drawn)


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
