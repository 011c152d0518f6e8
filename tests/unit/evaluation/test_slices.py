"""Subgroups: nothing small is shown or can be worked out, nothing is called worse by looking often, and what is worse is found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from wetread.domain.errors import PermanentError
from wetread.evaluation.slices import UNKNOWN, age_band, bmi_band, holm, rate_by_slice

P_VALUES = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip


def test_holm_rejects_three_of_benjamini_and_hochbergs_fifteen() -> None:
    assert sum(each <= 0.05 for each in holm(P_VALUES)) == 3


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_equals_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["a", "b", "c", "d", None]), min_size=1, max_size=80), st.integers(0, 3))
def test_a_small_group_is_withheld_and_cannot_be_subtracted_back(groups: list[str | None], seed: int) -> None:
    hits = np.random.default_rng(seed).random(len(groups)) < 0.7
    report = rate_by_slice(hits, groups)
    sizes = {name: sum((each or UNKNOWN) == name for each in groups) for name in {each or UNKNOWN for each in groups}}
    shown = [each for each in report.slices if each.rate is not None]
    hidden = [each for each in report.slices if each.rate is None]
    assert all(each.n is not None and each.n >= 10 for each in shown)
    assert all(each.n is None and each.withheld for each in hidden)
    assert {each.name for each in hidden} >= {name for name, n in sizes.items() if n < 10}
    assert len(hidden) != 1 or len(report.slices) == 1


def test_a_group_that_is_served_worse_is_found_and_a_single_one_is_compared_with_nobody() -> None:
    random = np.random.default_rng(2)
    groups = np.repeat(["f", "m", "old"], 400)
    hits = random.random(1200) < np.where(groups == "old", 0.70, 0.88)
    report = rate_by_slice(hits, groups.tolist())
    assert report.worse == ("old",)
    assert report.critical is not None
    assert all(
        each.band is not None and each.band[0] <= each.rate.value <= each.band[1] for each in report.slices if each.rate
    )
    (alone,) = rate_by_slice(hits, ["all"] * 1200).slices
    assert (alone.p_worse, alone.band) == (None, None)


def test_thirty_equal_slices_are_seldom_called_worse() -> None:
    random = np.random.default_rng(3)
    groups = [f"s{n % 30}" for n in range(1500)]
    false_alarms = sum(bool(rate_by_slice(random.random(1500) < 0.8, groups, replicates=100).worse) for _ in range(60))
    assert false_alarms / 60 <= 0.12


def test_a_miss_rate_is_worse_when_it_is_higher() -> None:
    groups = ["a"] * 300 + ["b"] * 300
    missed = np.arange(600) % 10 < np.repeat([1, 4], 300)
    assert rate_by_slice(missed, groups, higher_is_better=False).worse == ("b",)
    assert rate_by_slice(missed, groups).worse == ("a",)


def test_many_films_of_one_patient_are_no_finding() -> None:
    """One unlucky patient with 60 films makes a group look bad film by film, not patient by patient."""
    groups = ["a"] * 160 + ["b"] * 160
    patients = np.array([f"a{n // 2}" for n in range(160)] + [f"b{n}" for n in range(100)] + ["unlucky"] * 60)
    hits = np.array([n % 10 != 0 for n in range(160)] + [n % 10 != 0 for n in range(100)] + [False] * 60)
    assert rate_by_slice(hits, groups).worse == ("b",)
    assert rate_by_slice(hits, groups, patients).worse == ()


def test_bands_of_age_and_bmi() -> None:
    assert [age_band(each) for each in (3, 18, 64.9, 65, 90, None, float("nan"), -1)] == [
        "<18", "18-39", "40-64", "65-79", "80+", UNKNOWN, UNKNOWN, UNKNOWN,
    ]  # fmt: skip
    assert [bmi_band(each) for each in (17, 18.5, 24.9, 40)] == ["<18.5", "18.5-25", "18.5-25", "40+"]


def test_broken_input_is_refused() -> None:
    with pytest.raises(PermanentError):
        rate_by_slice([], [])
    with pytest.raises(ValueError, match="one group per outcome"):
        rate_by_slice([True, False], ["a"])
