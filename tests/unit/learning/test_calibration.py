"""What `calibrate` writes about one finding: the chosen map, a threshold that keeps its promise or says why none can."""

import numpy as np
import pytest
from numpy.typing import NDArray

from wetread.evaluation.calibration_maps import calibration_from_document
from wetread.inference.calibration import read_calibration
from wetread.inference.json_reader import JsonValue
from wetread.learning.calibration import Lent, Promise, calibrate_finding, lend

SPECIFIC = Promise("specificity", 0.9)


def _cases(count: int, positives: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.str_]]:
    random = np.random.default_rng(9)
    truth = (np.arange(count) < positives).astype(float)
    return truth, 2 * truth + random.normal(size=count) - 2, np.arange(count).astype(str)


def test_many_cases_choose_by_cross_validation_and_few_do_not() -> None:
    many, few = (calibrate_finding(*_cases(600, positives), SPECIFIC, 7) for positives in (120, 20))
    assert {loss["method"] for loss in many["choice"]["losses"]} == {"temperature", "platt", "beta"}
    assert many["calibration"]["method"] in {"temperature", "platt", "beta"}
    assert few["choice"] == {"rule": "fewer than 50 of a class: Platt with a N(1, 1) slope prior", "losses": []}
    assert (few["calibration"]["n"], few["val"]) == (600, {"n": 600, "n_positive": 20, "patients_positive": 20})


def test_the_product_reads_the_written_calibration_as_it_was_fitted() -> None:
    _, raw_score, _ = _cases(600, 120)
    written = calibrate_finding(*_cases(600, 120), SPECIFIC, 7)["calibration"]
    product = read_calibration(JsonValue(written))
    fitted = calibration_from_document(written).apply(raw_score)
    assert [product.apply(float(each)) for each in raw_score] == pytest.approx(fitted.tolist(), abs=1e-12)


@pytest.mark.parametrize("promise", [SPECIFIC, Promise("sensitivity", 0.8), Promise("fp_per_100", 8.0)])
def test_each_promise_is_kept_on_its_bound(promise: Promise) -> None:
    truth, raw_score, patients = _cases(600, 120)
    found = calibrate_finding(truth, raw_score, patients, promise, 7)
    point, kept = found["operating_point"], promise.level
    called = calibration_from_document(found["calibration"]).apply(raw_score) >= point["threshold"]
    assert point["sensitivity"]["value"] == pytest.approx(called[truth == 1].mean())
    assert point["fp_per_100_films"] == pytest.approx(100 * (called & (truth == 0)).mean())
    if promise.kind == "fp_per_100":
        assert point["fp_per_100_films"] < point["bound"] <= kept
    else:
        assert kept <= point["bound"] < point[promise.kind]["value"]


def test_a_promise_that_the_films_cannot_keep_calls_nothing_and_says_why() -> None:
    """Eight positives can show no sensitivity of 0.80; what is promised of the negatives stands all the same."""
    found = calibrate_finding(*_cases(300, 8), Promise("sensitivity", 0.8), 7)
    assert found["operating_point"]["threshold"] == 1.0
    assert "8 patients" in found["operating_point"]["rule"]
    assert found["operating_point"]["sensitivity"] is None
    assert found["sensitive_operating_point"] is None
    assert found["budget_operating_point"]["threshold"] < 1
    assert calibrate_finding(*_cases(300, 8), SPECIFIC, 7)["operating_point"]["specificity"]["low"] > 0.88


def test_promises_are_read_from_a_word_or_refused() -> None:
    assert Promise.parse("fp_per_100=5") == Promise("fp_per_100", 5.0)
    for wrong in ("accuracy=0.9", "sensitivity", "sensitivity=high"):
        with pytest.raises(ValueError, match=r"promise|float"):
            Promise.parse(wrong)


def test_few_films_lean_on_a_slope_that_other_films_have_shown_and_many_do_not() -> None:
    lent = Lent(slope_per_sd=0.3, n=6000, n_positive=60)
    few, many = _cases(600, 20), _cases(600, 120)
    alone, leant = (calibrate_finding(*few, SPECIFIC, 7, each) for each in (None, lent))
    slopes = [found["calibration"]["slope"] * few[1].std() for found in (alone, leant)]
    assert 0.3 < slopes[1] < slopes[0]
    assert "60 of 6000 films" in leant["choice"]["rule"]
    assert calibrate_finding(*many, SPECIFIC, 7, lent) == calibrate_finding(*many, SPECIFIC, 7)


def test_a_rare_finding_is_as_common_as_in_all_films_that_count() -> None:
    truth, raw_score, patients = _cases(600, 30)
    leant = calibrate_finding(truth, raw_score, patients, SPECIFIC, 7, Lent(1.0, 9400, 70))
    stated = calibration_from_document(leant["calibration"]).apply(raw_score)
    odds = stated / (1 - stated)
    before = odds * (30 / 570) / (100 / 9900)  # the shift undone: as common as among the 600
    assert (before / (1 + before)).mean() == pytest.approx(0.05, abs=0.002)
    assert leant["choice"]["rule"].endswith("prevalence 100 of 10000 films")


def test_what_ranks_backwards_or_is_one_class_lends_nothing() -> None:
    truth = np.repeat([0.0, 1.0], 40)
    score = np.random.default_rng(3).normal(size=80)
    assert lend(truth, score - 2 * truth) is None
    assert lend(np.zeros(80), score) is None
    given = lend(truth, score + truth)
    assert given is not None
    assert (given.n, given.n_positive) == (80, 40)
    assert given.slope_per_sd > 0.5
