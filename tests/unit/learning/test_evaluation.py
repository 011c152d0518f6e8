"""The evaluation's own logic on hand-made films."""

from dataclasses import replace

import numpy as np
import pytest

from wetread.evaluation.calibration_maps import PlattCalibration
from wetread.learning.evaluation import (
    any_finding_score,
    discrimination,
    external,
    operating,
    paired_with_teacher,
)
from wetread.learning.manifest import FINDINGS, Film, learnable, targets
from wetread.learning.recipe import read_recipe

MASS = FINDINGS.index("mass")


def _film(number: int, labels: str, dataset: str = "NIH ChestX-ray14", nih_boxes: str = "") -> Film:
    return Film(
        file=f"{number}.png",
        dataset=dataset,
        image_id=str(number),
        patient_id=str(number),
        view_position="PA",
        labels=frozenset(labels.split("|")),
        split="test",
        source_pixels=128,
        rsna_class="Lung Opacity" if number % 2 else "Normal",
        nih_boxes=nih_boxes,
        rsna_boxes="",
    )


def _forty_films() -> tuple[list[Film], np.ndarray[tuple[int, int], np.dtype[np.float64]]]:
    """Twenty with a mass; the mass logit is right on all but one."""
    films = [_film(i, "Mass" if i < 20 else "No Finding") for i in range(40)]
    logits = np.full((40, len(FINDINGS)), -3.0)
    logits[:19, MASS] = 2.0
    return films, logits


def test_perfect_but_one_film_gives_the_auroc_of_that_count() -> None:
    films, logits = _forty_films()
    report = discrimination(films, logits)
    mass = report["per_finding"]["mass"]
    assert mass["value"] == pytest.approx((19 + 0.5) / 20)
    assert report["per_finding"]["hernia"]["value"] is None
    assert "1 NIH findings" in report["mean_auroc"]["definition"]


def test_any_finding_grows_with_each_finding_but_not_with_pneumonia() -> None:
    _, logits = _forty_films()
    assert np.exp(any_finding_score(logits[:1]))[0] == pytest.approx(np.exp(2.0) + 12 * np.exp(-3.0))
    for name in ("pneumonia", "lung_opacity"):
        other = logits.copy()
        other[:, FINDINGS.index(name)] = 9.0
        assert np.array_equal(any_finding_score(other), any_finding_score(logits))


def test_operating_point_counts_false_alarms_over_all_films() -> None:
    films, logits = _forty_films()
    logits[39, MASS] = 2.0
    same = [PlattCalibration(1.0, 0.0)] * len(FINDINGS)
    mass = operating(films, logits, same, [0.5] * len(FINDINGS))["per_finding"]["mass"]
    assert mass["sensitivity"]["value"] == pytest.approx(19 / 20)
    assert mass["specificity"]["value"] == pytest.approx(19 / 20)
    assert mass["fp_per_100_films"] == pytest.approx(2.5)


def test_same_scores_as_the_teacher_differ_by_nothing() -> None:
    films, logits = _forty_films()
    teacher = logits.astype(np.float32)
    teacher[30:] = np.nan
    paired = paired_with_teacher(films, logits, teacher)
    assert (paired["films"], paired["difference"], paired["low"], paired["high"]) == (30, 0.0, 0.0, 0.0)


def test_external_set_reads_only_its_own_films() -> None:
    films = [_film(i, "Normal" if i % 2 else "Pneumonia|Viral", "Kermany 2018") for i in range(40)]
    films += [_film(i, "COVID-19", "Hannover") for i in range(40, 60)]
    logits = np.tile(np.array([[float(i % 2 == 0)] for i in range(60)]), len(FINDINGS))
    row = external(films, logits)["pneumonia"]
    assert (row["value"], row["n_positive"], row["n_negative"]) == (1.0, 20, 20)


def test_subgroups_are_compared_on_the_same_findings() -> None:
    """Masses on films of women and men; effusions on women's alone do not enter the comparison."""
    labels = ["Mass", "No Finding", "Effusion", "No Finding"]
    films = [replace(_film(i, labels[i % 4]), patient_sex="F", patient_age_years=50) for i in range(60)]
    films += [replace(_film(100 + i, labels[i % 2]), patient_sex="M") for i in range(40)]
    logits = np.full((100, len(FINDINGS)), -3.0)
    logits[:60:4, MASS] = 2.0
    logits[60:100:4, MASS] = 2.0
    report = discrimination(films, logits)["by_subgroup"]
    assert report["sex"]["findings"] == ["mass"]
    women, men = (report["sex"]["groups"][sex] for sex in ("F", "M"))
    assert (women["value"], women["films"]) == (1.0, 60)
    assert men["value"] == pytest.approx(0.75)
    assert men["low"] < 0.75 < men["high"]
    assert list(report["age"]["groups"]) == ["40 to 59"], "men of unknown age are in no group"


def test_shipped_recipe_is_complete_and_counts_its_epochs() -> None:
    recipe = read_recipe()
    assert recipe.epochs == sum(stage.epochs for stage in recipe.stages)
    assert recipe.train_px(0) == recipe.stages[0].train_px
    with pytest.raises(ValueError, match="no such epoch"):
        recipe.train_px(recipe.epochs)


def test_a_label_that_tells_the_source_is_not_learned() -> None:
    """Pneumonia on films of the common size; every other label, and the picked films, stay as stated."""
    common = _film(0, "Mass")
    films = [
        common,
        replace(common, source_pixels=1024),
        replace(common, labels=frozenset({"Pneumonia"}), source_pixels=1024),
    ]
    stated, taught = targets(films), learnable(films)
    column = FINDINGS.index("pneumonia")
    assert stated[:, column].tolist() == [0.0, 0.0, 1.0]
    assert np.isnan(taught[0, column])
    assert taught[1:, column].tolist() == [0.0, 1.0]
    assert np.array_equal(np.delete(stated, column, 1), np.delete(taught, column, 1), equal_nan=True)
