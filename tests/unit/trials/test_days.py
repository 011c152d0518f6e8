"""The temporal operators against their meaning: every choice of days that an uncertain date allows, tried one by one."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.record import DayRange
from wetread.trials.days import follows, happened_within, held_within
from wetread.trials.truth import Truth, all_of, any_of, opposite

DAY = date(2026, 3, 2)
SPAN = 8


def day(number: int) -> date:
    return DAY + timedelta(days=number)


@st.composite
def ranges(draw: st.DrawFn) -> DayRange:
    first = draw(st.integers(-SPAN, SPAN))
    return DayRange(day(first), day(draw(st.integers(first, min(first + 4, SPAN)))))


def days_in(when: DayRange) -> Iterator[int]:
    assert when.first is not None
    assert when.last is not None
    yield from range((when.first - DAY).days, (when.last - DAY).days + 1)


def meant(answers: list[bool]) -> Truth:
    return Truth.YES if all(answers) else Truth.UNKNOWN if any(answers) else Truth.NO


windows = st.tuples(st.integers(-SPAN, SPAN), st.integers(0, SPAN)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(ranges(), windows)
def test_happened_within(when: DayRange, window: tuple[int, int]) -> None:
    first, last = window
    answers = [first <= each <= last for each in days_in(when)]
    assert happened_within(when, day(first), day(last)) is meant(answers)


@given(ranges(), ranges(), windows)
def test_held_within(began: DayRange, ended: DayRange, window: tuple[int, int]) -> None:
    first, last = window
    choices = [(b, e) for b, e in product(days_in(began), days_in(ended)) if b <= e]
    answers = [b <= last and e >= first for b, e in choices]
    expected = meant(answers) if choices else Truth.UNKNOWN
    assert held_within(began, ended, day(first), day(last)) is expected


@given(ranges(), windows)
def test_what_has_no_end_is_held_from_its_beginning_on(began: DayRange, window: tuple[int, int]) -> None:
    first, last = window
    answers = [each <= last for each in days_in(began)]
    assert held_within(began, None, day(first), day(last)) is meant(answers)


@given(ranges(), ranges(), windows)
def test_follows(later: DayRange, earlier: DayRange, window: tuple[int, int]) -> None:
    least, most = window
    answers = [least <= a - b <= most for a, b in product(days_in(later), days_in(earlier))]
    assert follows(later, earlier, least, most) is meant(answers)


@given(ranges(), ranges(), windows)
def test_following_and_being_followed_are_mirror_images(
    one: DayRange, other: DayRange, window: tuple[int, int]
) -> None:
    least, most = window
    assert follows(one, other, least, most) is follows(other, one, -most, -least)


@given(ranges(), windows)
def test_a_wider_window_never_takes_a_yes_away(when: DayRange, window: tuple[int, int]) -> None:
    first, last = window
    if happened_within(when, day(first), day(last)) is Truth.YES:
        assert happened_within(when, day(first - 1), day(last + 1)) is Truth.YES


def narrowed(when: DayRange) -> Iterator[DayRange]:
    for each in days_in(when):
        yield DayRange(day(each), day(each))


@given(ranges(), ranges(), windows)
def test_knowing_more_never_turns_an_answer_round(later: DayRange, earlier: DayRange, window: tuple[int, int]) -> None:
    """What was decided with uncertain dates stays so when a date becomes known."""
    decided = follows(later, earlier, *window)
    if decided is not Truth.UNKNOWN:
        assert all(follows(each, earlier, *window) is decided for each in narrowed(later))


UNSAID = [None, DayRange(None, None)]


@pytest.mark.parametrize("when", UNSAID)
def test_what_is_not_dated_is_unknown(when: DayRange | None) -> None:
    assert happened_within(when, day(-5), day(0)) is Truth.UNKNOWN
    assert follows(when, DayRange(DAY, DAY), 0, 5) is Truth.UNKNOWN
    assert follows(DayRange(DAY, DAY), when, 0, 5) is Truth.UNKNOWN
    assert held_within(when, None, day(-5), day(0)) is Truth.UNKNOWN


def test_no_later_than_is_no_more_than_that() -> None:
    recorded = DayRange(None, day(-3))
    assert happened_within(recorded, day(-5), day(0)) is Truth.UNKNOWN
    assert happened_within(recorded, day(-2), day(0)) is Truth.NO
    assert held_within(recorded, None, day(-2), day(0)) is Truth.YES
    assert follows(DayRange(day(0), day(0)), recorded, 5, 10) is Truth.UNKNOWN
    assert follows(DayRange(day(0), day(0)), recorded, 0, 2) is Truth.NO


def test_a_beginning_inside_the_window_is_enough_whatever_the_end() -> None:
    assert held_within(DayRange(day(-2), day(-2)), DayRange(None, None), day(-5), day(0)) is Truth.YES
    assert held_within(DayRange(day(-9), day(-9)), DayRange(None, None), day(-5), day(0)) is Truth.UNKNOWN
    assert held_within(DayRange(day(-9), day(-9)), DayRange(None, day(-6)), day(-5), day(0)) is Truth.NO


truths = st.lists(st.sampled_from(Truth), max_size=4)


@given(truths)
def test_the_logic_is_kleenes(answers: list[Truth]) -> None:
    order = [Truth.NO, Truth.UNKNOWN, Truth.YES]
    assert all_of(answers) is min(answers, key=order.index, default=Truth.YES)
    assert any_of(answers) is max(answers, key=order.index, default=Truth.NO)
    assert opposite(all_of(answers)) is any_of(map(opposite, answers))


@given(truths, st.integers(0, 3), st.sampled_from([Truth.YES, Truth.NO]), st.sampled_from([all_of, any_of]))
def test_finding_out_what_was_unknown_never_turns_a_decision_round(
    answers: list[Truth], place: int, found: Truth, join: Callable[[list[Truth]], Truth]
) -> None:
    if place < len(answers) and answers[place] is Truth.UNKNOWN:
        before, after = join(answers), join([*answers[:place], found, *answers[place + 1 :]])
        assert before in (after, Truth.UNKNOWN)
