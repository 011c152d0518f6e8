"""What a site's history lets one expect of the weeks to come: a range, or nothing with the reason."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import sqrt

import numpy as np
import pytest

from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.rollout import Traffic
from wetread.governance.expected import History, expected_patients, too_little, with_history
from wetread.governance.plan import told_to_expect
from wetread.testing.builders import NOON
from wetread.testing.rollout_builders import a_gate_plan

DAY = timedelta(days=1)
PNEUMOTHORAX, EFFUSION = FindingName.PNEUMOTHORAX, FindingName.EFFUSION


def days_with(counts: Sequence[int]) -> list[datetime]:
    """So many patients at the noon of each of the days before NOON."""
    began = NOON - len(counts) * DAY
    return [began + (day + 0.5) * DAY for day, count in enumerate(counts) for _ in range(count)]


def expected(counts: Sequence[int], days: int = 60) -> tuple[int, int]:
    return expected_patients(days_with(counts), NOON - len(counts) * DAY, NOON, days)


def a_history(days: float = 60, patients: int = 600, **known: Sequence[datetime]) -> History:
    return History(
        NOON - days * DAY, NOON, 2 * patients, patients, {FindingName(name): each for name, each in known.items()}
    )


def test_as_many_as_came_in_as_many_days_give_or_take_chance() -> None:
    least, most = expected([19] * 60)
    error = 1.2816 * sqrt(2 * 19 * 60)
    assert (least, most) == (int(1140 - error), int(1140 + error) + 1)


def test_the_range_holds_nine_of_ten_on_each_side() -> None:
    """Houses whose patients come independently: what came then against what was expected."""
    random = np.random.default_rng(5)
    below, above = 0, 0
    for _ in range(400):
        least, most = expected(random.poisson(19, 60).tolist())
        came = random.poisson(19 * 60)
        below += came < least
        above += came > most
    assert 15 < below < 65
    assert 15 < above < 65


def test_fewer_days_than_the_stay_go_on_like_their_later_half() -> None:
    """Half of the patients of the first weeks come again and count no more."""
    steady, thinning = expected([20] * 20), expected([30] * 10 + [10] * 10)
    assert sum(steady) / 2 == pytest.approx(1200, abs=2)
    assert sum(thinning) / 2 == pytest.approx(400 + 10 * 40, abs=2)
    assert steady[1] - steady[0] == pytest.approx(2 * 1.2816 * sqrt(2 * 1200 * 4), abs=2)  # fewer than four weeks


def test_holidays_make_the_range_wider() -> None:
    quiet = [20] * 42 + [2] * 14 + [20] * 4
    least, most = expected(quiet)
    assert least < sum(quiet) - 1.3 * 1.2816 * sqrt(2 * sum(quiet))
    assert most - least > 1.3 * 2 * 1.2816 * sqrt(2 * sum(quiet))


def test_weekends_do_not() -> None:
    week = [26] * 5 + [5] * 2
    assert expected(week * 8, 56)[0] == pytest.approx(140 * 8 - 1.2816 * sqrt(2 * 140 * 8), abs=1)


def test_nobody_is_none_and_more_than_can_be_waited_for_is_cut() -> None:
    assert expected([0] * 30) == (0, 1)
    least, most = expected([9000] * 14)
    assert (least > 100_000, most) == (True, 100_000)


@pytest.mark.parametrize(
    ("days", "patients", "why"),
    [
        (0, 0, "only 0 days"),
        (1, 400, "only 1 days"),
        (13, 400, "14 are needed"),
        (60, 0, "only 0 patients"),
        (60, 49, "50 are needed"),
        (14, 50, ""),
    ],
)
def test_a_site_that_has_just_started_says_so(days: int, patients: int, why: str) -> None:
    history = a_history(days, patients, pneumothorax=days_with([4] * days))
    plan = a_gate_plan(stake=0.8)
    assert why in too_little(history)
    assert bool(why) == (with_history(plan, history) == plan)
    assert bool(why) == ("is not known" in with_history(plan, history).expects)


def test_each_finding_of_the_plan_expects_those_without_it() -> None:
    plan = a_gate_plan(PNEUMOTHORAX, EFFUSION, max_dwell_days=30)
    rare, common = days_with([20] * 30), days_with([12] * 30)
    told = with_history(plan, a_history(30, 640, pneumothorax=rare, effusion=common))
    assert [(each.least, each.most) for each in told.limits] == [
        expected([20] * 30, 30),
        expected([12] * 30, 30),
    ]
    assert told.traffic == Traffic(30.0, 1280, 640)
    assert told.expects.startswith(f"{told.limits[1].least:,} to {told.limits[0].most:,} different patients")
    assert "from 640 patients with 1,280 signed studies in the 30 days before" in told.expects
    assert replace(told, limits=plan.limits, traffic=None) == plan


def test_a_person_may_say_it_or_have_nothing_staked() -> None:
    plan = a_gate_plan(stake=0.8)
    told = told_to_expect(plan, 1100)
    assert [(each.least, each.most) for each in told.limits] == [(1100, 1100)]
    assert (told.stake, told.expects) == (
        0.8,
        "1,100 different patients without a finding are expected in 60 days, as somebody said",
    )
    assert told_to_expect(plan, 0) == replace(plan, stake=0.0)
    for wrong in (-1, 99, 100_001):
        with pytest.raises(PermanentError, match="100 to 100,000") as refusal:
            told_to_expect(plan, wrong)
        assert refusal.value.code == "bad_plan"
