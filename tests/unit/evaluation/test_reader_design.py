"""Split-plot reader studies against a paired t test, against the fully crossed analysis of each group, and against a simulation; designs that are none are refused."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ttest_1samp
from sklearn.metrics import roc_auc_score

from wetread.domain.errors import PermanentError
from wetread.evaluation.reader_design import reader_design
from wetread.evaluation.reader_study import ReaderStudy, obuchowski_rockette

Array = NDArray[np.float64]
NAN = np.nan


def crossed(seed: int, readers: int, cases: int = 60) -> tuple[Array, Array]:
    """Ratings of a fully crossed study in two modalities, a third of the cases positive."""
    random = np.random.default_rng(seed)
    truth = np.repeat([1.0, 0.0], [cases // 3, cases - cases // 3])
    case = random.normal(size=cases) + 1.4 * truth + 0.8 * random.normal(size=(2, 1, cases))
    own = random.normal(size=(readers, cases)) * 0.5
    return case + own + random.normal(size=(2, readers, cases)) * 0.7 + 0.2 * truth * np.arange(2)[:, None, None], truth


def side_by_side(*groups: tuple[Array, Array]) -> tuple[Array, Array]:
    """Groups of readers, each with its own cases."""
    shape = sum(r.shape[1] for r, _ in groups), sum(r.shape[2] for r, _ in groups)
    ratings, reader, case = np.full((2, *shape), NAN), 0, 0
    for values, _ in groups:
        _, readers, cases = values.shape
        ratings[:, reader : reader + readers, case : case + cases] = values
        reader, case = reader + readers, case + cases
    return ratings, np.concatenate([truth for _, truth in groups])


def variance_of_the_difference(study: ReaderStudy) -> float:
    """For these readers and other cases: of the mean difference of two modalities."""
    return 2 / study.figures.shape[1] * study.random_cases.denominator


def test_cases_nested_in_readers_are_a_paired_t_test() -> None:
    ratings, truth = side_by_side(*(crossed(seed, 1) for seed in range(7)))
    study = obuchowski_rockette(ratings, truth)
    areas = np.array(
        [
            [roc_auc_score(truth[own], ratings[way, reader, own]) for reader, own in enumerate(~np.isnan(ratings[0]))]
            for way in range(2)
        ]
    )
    plain = ttest_1samp(areas[0] - areas[1], 0)
    (contrast,) = study.contrasts
    assert study.design.kind == "cases nested in readers"
    assert study.figures == pytest.approx(areas)
    assert contrast.p == pytest.approx(plain.pvalue, rel=1e-9)
    assert (contrast.low, contrast.high) == pytest.approx(plain.confidence_interval(), rel=1e-9)
    assert study.random_both.df == (1, pytest.approx(6))
    assert (study.parts.cov2, study.parts.cov3) == (0, 0)


def test_groups_of_their_own_cases_add_up_as_independent_studies() -> None:
    """Sizes differ; the variance of the mean is the sum of the groups' own, by the fully crossed analysis of each."""
    groups = crossed(1, 3, 90), crossed(2, 2, 60), crossed(3, 4, 120)
    whole = obuchowski_rockette(*side_by_side(*groups))
    each = [obuchowski_rockette(*group) for group in groups]
    assert all(study.parts.cov2 > study.parts.cov3 for study in (*each, whole))
    weights = np.array([3, 2, 4]) / 9
    assert whole.design.kind == "split plot"
    assert [len(members) for members in whole.design.readers] == [3, 2, 4]
    assert whole.contrasts[0].difference == pytest.approx(
        weights @ [study.contrasts[0].difference for study in each], abs=1e-12
    )
    assert variance_of_the_difference(whole) == pytest.approx(
        weights**2 @ [variance_of_the_difference(study) for study in each], rel=1e-9
    )


def test_one_group_is_the_fully_crossed_analysis_whatever_the_order_of_the_rows() -> None:
    ratings, truth = side_by_side(crossed(5, 2), crossed(6, 2))
    study = obuchowski_rockette(ratings, truth)
    random = np.random.default_rng(1)
    readers, cases = random.permutation(4), random.permutation(len(truth))
    other = obuchowski_rockette(ratings[:, readers][:, :, cases], truth[cases])
    assert other.contrasts[0].p == pytest.approx(study.contrasts[0].p, rel=1e-9)
    assert other.figures == pytest.approx(study.figures[:, readers])
    alone = obuchowski_rockette(*crossed(5, 4))
    assert (alone.design.kind, alone.design.readers) == ("fully crossed", ((0, 1, 2, 3),))


@pytest.mark.parametrize("sizes", [(2, 2, 2), (3, 2, 1), (1, 1, 1, 1, 1)])
def test_equal_modalities_are_called_different_as_often_as_said(sizes: tuple[int, ...]) -> None:
    random, small = np.random.default_rng(2), []
    for _ in range(300):
        groups = []
        for readers in sizes:
            truth = np.repeat([0.0, 1.0], 25)
            case = random.normal(size=50) + truth
            groups.append((case + 0.8 * random.normal(size=(2, readers, 50)), truth))
        small.append(obuchowski_rockette(*side_by_side(*groups)).random_both.p < 0.05)
    assert 0.01 <= np.mean(small) <= 0.09


def test_what_is_no_design_is_refused_with_the_reader_and_the_reason() -> None:
    ratings, _ = side_by_side(crossed(1, 2), crossed(2, 2))
    read = ~np.isnan(ratings)
    ways, names = ("alone", "with AI"), ("ann", "ben", "cem", "dora")

    def refusal(changed: NDArray[np.bool_]) -> str:
        with pytest.raises(PermanentError) as refused:
            reader_design(changed, ways, names)
        assert refused.value.code == "bad_reader_study"
        return str(refused.value)

    changed = read.copy()
    changed[:, 2, :5] = True
    assert "ann and cem share 5 cases" in refusal(changed)
    changed = read.copy()
    changed[1, 3, 60:63] = False
    assert "dora read 3 cases in some modalities" in refusal(changed)
    changed = read.copy()
    changed[0, :2] = False
    changed[1, 2:] = False
    assert "ann read nothing in modality alone" in refusal(changed)
    changed = read.copy()
    changed[:, :, 7] = False
    assert "1 cases were read by nobody" in refusal(changed)


def test_a_group_without_both_classes_is_refused() -> None:
    ratings, truth = side_by_side(crossed(1, 2), crossed(2, 2))
    truth[60:] = 0
    with pytest.raises(PermanentError, match="in each group"):
        obuchowski_rockette(ratings, truth)
