"""Free-response curves against counting written out, boxes and maps against hand cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wetread.domain.errors import PermanentError
from wetread.evaluation.detection import (
    Mark,
    contrast_to_noise,
    froc,
    intersection_over_union,
    matched_marks,
    mean_iou,
    pointing_hit,
)
from wetread.evaluation.proportions import wilson

SCANS = ["a", "b", "c", "d"]
LESIONS = [("a", "1"), ("a", "2"), ("b", "1"), ("c", "1")]
MARKS = [
    Mark("a", 0.9, "1"), Mark("a", 0.4, "1"), Mark("b", 0.8), Mark("b", 0.7, "1"), Mark("c", 0.6), Mark("d", 0.3), Mark("a", 0.2, "2"),
]  # fmt: skip


def test_the_curve_by_hand() -> None:
    found = froc(MARKS, LESIONS, SCANS, rates=(0.25, 0.5, 0.75, 2.0), replicates=300)
    assert list(found.false_marks) == [0, 0, 0.25, 0.25, 0.5, 0.75, 0.75]
    assert found.sensitivity == pytest.approx([0, 1 / 4, 1 / 4, 2 / 4, 2 / 4, 2 / 4, 3 / 4])
    assert found.sensitivity_at == pytest.approx((2 / 4, 2 / 4, 3 / 4, 3 / 4))
    assert found.cpm == pytest.approx(5 / 8)
    assert (found.n_lesions, found.n_scans) == (4, 4)
    assert found.low <= found.cpm <= found.high


marks = st.lists(
    st.builds(
        Mark, st.sampled_from(SCANS), st.sampled_from([0.1, 0.2, 0.3, 0.4]), st.sampled_from(["", "1", "2"])
    ).filter(lambda each: not each.lesion or (each.scan, each.lesion) in LESIONS),
    max_size=14,
)


@settings(max_examples=50)
@given(marks)
def test_every_point_is_a_count_at_a_threshold(drawn: list[Mark]) -> None:
    found = froc(drawn, LESIONS, SCANS, replicates=110)
    points = {(0.0, 0.0)}
    for at in {each.score for each in drawn}:
        called = [each for each in drawn if each.score >= at]
        hit = {(each.scan, each.lesion) for each in called if each.lesion}
        points.add((sum(not each.lesion for each in called) / 4, len(hit) / 4))
    curve = set(zip(found.false_marks.tolist(), found.sensitivity.tolist(), strict=True))
    assert {(a, round(b, 9)) for a, b in curve} == {(a, round(b, 9)) for a, b in points}
    assert list(found.sensitivity_at) == sorted(found.sensitivity_at)


def test_a_detector_that_finds_all_and_nothing_else_scores_one_and_a_silent_one_zero() -> None:
    perfect = froc([Mark(scan, 0.9, lesion) for scan, lesion in LESIONS], LESIONS, SCANS, replicates=200)
    assert (perfect.cpm, perfect.high) == (1.0, 1.0)
    # three scans hold lesions: what was found in all of them says little of others
    assert perfect.low == pytest.approx(wilson(3, 3)[0])
    assert froc([], LESIONS, SCANS, replicates=200).cpm == 0.0


def test_boxes_by_hand() -> None:
    assert intersection_over_union((10, 10, 50, 50), (30, 20, 70, 60)) == pytest.approx(0.2307692308)
    assert intersection_over_union((0, 0, 1, 1), (1, 1, 2, 2)) == 0.0
    assert mean_iou([((0, 0, 2, 2), (0, 0, 2, 2)), (None, (0, 0, 2, 2))]) == 0.5
    found = matched_marks("a", [((0, 0, 10, 10), 0.9), ((50, 50, 60, 60), 0.8)], [("1", (1, 1, 10, 10))])
    assert found == (Mark("a", 0.9, "1"), Mark("a", 0.8))
    assert matched_marks("a", [((0, 0, 10, 10), 0.9)], []) == (Mark("a", 0.9),)


def test_maps_by_hand() -> None:
    heat = np.arange(16).reshape(4, 4) / 15
    corner = np.zeros((4, 4), dtype=bool)
    corner[2:, 2:] = True
    assert contrast_to_noise(heat, corner) == pytest.approx(1.4886458551, abs=1e-9)
    assert pointing_hit(heat, corner)
    far = np.zeros((4, 4), dtype=bool)
    far[1, 1] = True
    assert not pointing_hit(heat, far)
    assert not pointing_hit(heat, far, tolerance=1)
    assert pointing_hit(heat, far, tolerance=2)


def test_what_does_not_fit_together_is_refused() -> None:
    for wrong in (
        lambda: froc([Mark("x", 0.5)], LESIONS, SCANS),
        lambda: froc([Mark("d", 0.5, "1")], LESIONS, SCANS),
        lambda: froc([Mark("a", float("nan"))], LESIONS, SCANS),
        lambda: froc([], [*LESIONS, LESIONS[0]], SCANS),
        lambda: intersection_over_union((0, 0, 0, 1), (0, 0, 1, 1)),
        lambda: pointing_hit(np.zeros((2, 2)), np.zeros((3, 3))),
        lambda: contrast_to_noise(np.zeros((2, 2)), np.ones((2, 2))),
    ):
        with pytest.raises(ValueError, match=r"scan|lesion|finite|box|map|mask"):
            wrong()
    for call in (lambda: froc([], [], SCANS), lambda: froc([], [("a", "1")], ["a"]), lambda: mean_iou([])):
        with pytest.raises(PermanentError):
            call()
