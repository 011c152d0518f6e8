"""Drift statistics against published digits, brute force and their own error rates."""

import numpy as np
import pytest
from evaluation_data import D1
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.errors import PermanentError
from wetread.evaluation.drift import (
    FrozenBins,
    category_drift,
    design_effect,
    freeze_bins,
    ks_drift,
    psi,
    psi_of_counts,
    psi_of_shares,
)
from wetread.evaluation.embedding_drift import (
    StreamBaseline,
    _ridge_scores,
    domain_auroc,
    mmd_squared,
    mmd_test,
    multi_stream_concordance,
)

COUNTS = ([62, 11, 18, 11, 7, 13, 8, 6, 5, 26], [66, 11, 12, 10, 9, 7, 10, 10, 6, 26])


def test_psi_of_shares_is_the_textbook_number_and_symmetric() -> None:
    before, after = (0.2, 0.3, 0.3, 0.2), (0.1, 0.3, 0.35, 0.25)
    assert psi_of_shares(before, after) == pytest.approx(0.0881794296, abs=1e-10)
    assert psi_of_shares(after, before) == pytest.approx(psi_of_shares(before, after), abs=1e-15)
    assert psi_of_shares((0.5, 0.5), (1.0, 0.0)) == float("inf")


def test_psi_of_counts_equals_psi_inference() -> None:
    now = [80, 90, 100, 110, 120, 120, 110, 100, 90, 80]
    found = psi_of_counts([100] * 10, now, smoothing=0)
    assert found.value == pytest.approx(0.0202320182, abs=1e-10)
    assert psi_of_counts([300] * 10, [120] * 10).critical == pytest.approx(0.0197388072, abs=1e-10)


def test_two_sites_of_the_oracle_set_do_not_differ() -> None:
    sites = [D1.score[D1.sites == each] for each in ("0", "1")]
    bins = FrozenBins(tuple(k / 10 for k in range(1, 10)), tuple(COUNTS[0]))
    with pytest.raises(PermanentError, match="expected in the emptiest bin"):
        psi(bins, sites[1])
    shares = [(np.array(side) + 0.5) / (sum(side) + 5) for side in COUNTS]
    assert psi_of_shares(*shares) == pytest.approx(0.0534815582, abs=1e-10)
    assert psi_of_shares(*(np.array(side) / sum(side) for side in COUNTS)) == pytest.approx(0.0578859732, abs=1e-10)
    assert ks_drift(*sites).statistic == pytest.approx(0.0538922156, abs=1e-10)


def test_frozen_bins_count_what_they_were_made_from_and_keep_ties_together() -> None:
    bins = freeze_bins(np.arange(1000.0))
    assert bins.counts == (100,) * 10
    tied = freeze_bins(np.repeat([0.0, 1.0], [900, 100]))
    assert sum(tied.counts) == 1000
    assert len(tied.edges) == len(set(tied.edges)) == 1


def test_without_a_shift_the_critical_value_is_passed_as_often_as_said() -> None:
    random = np.random.default_rng(5)
    bins = freeze_bins(random.beta(1.5, 8, 3000))
    fired = [psi(freeze_bins(random.beta(1.5, 8, 3000)), random.beta(1.5, 8, 400)).drifted for _ in range(400)]
    assert 0.02 <= np.mean(fired) <= 0.09
    assert psi(bins, random.beta(1.9, 8, 1200)).drifted


def test_a_header_that_stops_being_filled_in_is_a_change() -> None:
    found = category_drift(["PA"] * 90 + ["AP"] * 60, ["PA"] * 40 + ["AP"] * 20 + [None] * 60)
    assert found.p < 1e-6
    same = category_drift(["PA"] * 90 + ["AP"] * 60, ["PA"] * 60 + ["AP"] * 40)
    assert same.p > 0.5
    assert category_drift(["DX"] * 20, ["DX"] * 30).p == 1.0
    rare = category_drift(["PA"] * 100 + ["LL", "RL", None], ["PA"] * 100 + ["LL"])
    assert rare.p > 0.05


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40), st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40))
def test_ks_is_the_largest_gap_between_the_two_curves(old: list[float], new: list[float]) -> None:
    gap = max(abs(np.mean(np.array(old) <= x) - np.mean(np.array(new) <= x)) for x in old + new)
    found = ks_drift(old, new)
    assert found.statistic == pytest.approx(gap, abs=1e-12)
    assert 0 <= found.p <= 1


def _brute(old: np.ndarray, new: np.ndarray, sigma: float) -> float:  # type: ignore[type-arg]
    def kernel(a: np.ndarray, b: np.ndarray) -> float:  # type: ignore[type-arg]
        return float(np.exp(-((a - b) ** 2).sum() / (2 * sigma**2)))

    m, n = len(old), len(new)
    first = sum(kernel(old[i], old[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    second = sum(kernel(new[i], new[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    return first + second - 2 * sum(kernel(a, b) for a in old for b in new) / (m * n)


def test_mmd_equals_the_sum_written_out() -> None:
    random = np.random.default_rng(6)
    old, new = random.normal(size=(14, 5)), random.normal(0.4, 1, size=(11, 5))
    for sigma in (0.7, 2.0):
        assert mmd_squared(old, new, sigma) == pytest.approx(_brute(old, new, sigma), abs=1e-12)


def test_p_is_that_of_blocks_changing_sides_one_after_another() -> None:
    random = np.random.default_rng(21)
    old, new = random.normal(size=(60, 4)), random.normal(0.15, 1, size=(52, 4))
    days = np.array([f"a{at % 9}" for at in range(60)] + [f"b{at % 7}" for at in range(52)])
    found = mmd_test(old, new, days, sigma=1.5, permutations=40, seed=3)
    joined, names = np.concatenate([old, new]), sorted(set(days))
    side = np.array([float(each.startswith("a")) for each in names])
    drawing, reached = np.random.default_rng(3), 0
    for _ in range(40):
        chosen = dict(zip(names, drawing.permutation(side), strict=True))
        first = np.array([chosen[each] == 1 for each in days])
        reached += _brute(joined[first], joined[~first], 1.5) >= _brute(old, new, 1.5)
    assert found.p == (1 + reached) / 41
    assert 0.05 < found.p < 0.95


def test_more_features_than_films_give_the_classifier_that_the_larger_system_gives() -> None:
    random = np.random.default_rng(22)
    vectors, held = random.normal(size=(30, 45)), random.normal(size=(9, 45))
    side = np.repeat([0.0, 1.0], [14, 16])
    whole = vectors.T @ vectors + 30 / 100 * np.eye(45)
    direction = np.linalg.solve(whole, vectors.T @ (side - side.mean()))
    assert _ridge_scores(vectors, side, held) == pytest.approx(held @ direction, abs=1e-9)


def test_shifted_features_are_found_and_unshifted_ones_not() -> None:
    random = np.random.default_rng(8)
    old, same, shifted = (random.normal(mean, 1, size=(150, 16)) for mean in (0.0, 0.0, 0.35))
    assert mmd_test(old, shifted, permutations=200).p < 0.01
    assert mmd_test(old, same, permutations=200).p > 0.05
    assert domain_auroc(old, shifted).low > 0.6
    unchanged = domain_auroc(old, same)
    assert unchanged.low < 0.5 < unchanged.high


def test_many_films_of_one_patient_are_no_drift() -> None:
    """Every patient has a look of their own and six films: film by film the two sides differ, patient by patient they do not."""
    random = np.random.default_rng(9)
    patients = np.repeat(np.arange(20), 6)
    looks = random.normal(size=(20, 8))[patients] + 0.1 * random.normal(size=(120, 8))
    by_patient = mmd_test(looks[:60], looks[60:], patients, permutations=200)
    by_film = mmd_test(looks[:60], looks[60:], permutations=200)
    assert by_film.p < 0.01
    assert by_patient.p > 0.05
    with pytest.raises(ValueError, match="both sides"):
        mmd_test(looks[:57], looks[57:], patients)


def test_many_streams_become_one_number() -> None:
    baselines = {"scores": StreamBaseline(0.05, 0.01), "view": StreamBaseline(2.0, 1.0, weight=3.0)}
    assert multi_stream_concordance({"scores": 0.05, "view": 2.0}, baselines) == 0.0
    assert multi_stream_concordance({"scores": 0.07, "view": 2.0}, baselines) == pytest.approx(-0.5)
    assert multi_stream_concordance({"scores": 9.0}, baselines) == -10.0
    with pytest.raises(ValueError, match="no baseline for rows"):
        multi_stream_concordance({"rows": 1.0}, baselines)


def test_too_little_or_broken_input_is_refused() -> None:
    for call in (
        lambda: freeze_bins(np.arange(50.0)),
        lambda: psi_of_counts([0, 0], [1, 1]),
        lambda: ks_drift([], [1.0]),
        lambda: category_drift([], ["a"]),
        lambda: mmd_test(np.zeros((10, 2)), np.ones((80, 2))),
        lambda: domain_auroc(np.zeros((10, 2)), np.ones((80, 2))),
    ):
        with pytest.raises(PermanentError):
            call()
    for wrong in (
        lambda: freeze_bins([float("nan")] * 200),
        lambda: psi_of_counts([1, 2], [1, 2, 3]),
        lambda: mmd_squared([[1.0, 2.0]], [[1.0]], 1.0),
        lambda: mmd_squared(np.ones((3, 2)), np.ones((3, 2)), 0.0),
    ):
        with pytest.raises(ValueError, match=r"need|kernel"):
            wrong()


def test_the_design_effect_is_one_where_days_are_alike_and_the_betabinomial_s_where_they_differ() -> None:
    random = np.random.default_rng(8)
    alike = [design_effect(random.multinomial(30, (0.3, 0.5, 0.2), size=28)) for _ in range(200)]
    differ = [
        design_effect([random.multinomial(30, (each, 1 - each)) for each in random.beta(3, 7, size=28)])
        for _ in range(200)
    ]
    assert np.mean(alike) == pytest.approx(1.1, abs=0.05)  # cut at 1
    assert np.mean(differ) == pytest.approx(1 + 29 / 11, rel=0.1)


def test_one_lasting_change_among_the_days_is_no_design_effect() -> None:
    changed = [[30, 0]] * 14 + [[15, 15]] * 14
    assert design_effect(changed) < 1.8
    assert design_effect([[30, 0], [15, 15]] * 14) > 10
    assert [design_effect(each) for each in ([[30, 0]] * 28, [[1, 2], [3, 4]], np.zeros((0, 2)))] == [1.0, 1.0, 1.0]


def test_a_design_effect_divides_the_statistic() -> None:
    before, now = ["AP"] * 60 + ["PA"] * 40, ["AP"] * 30 + ["PA"] * 70
    plain, clustered = category_drift(before, now), category_drift(before, now, 3.0)
    assert clustered.statistic == pytest.approx(plain.statistic / 3)
    assert clustered.p > plain.p
    with pytest.raises(ValueError, match="at least 1"):
        category_drift(before, now, 0.5)
