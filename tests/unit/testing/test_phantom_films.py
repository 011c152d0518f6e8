"""The phantom draws what it says where it says, the same every time."""

from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from wetread.domain.analysis import Region
from wetread.domain.finding import FindingName
from wetread.testing.phantom import Pathology, PhantomPatient, PhantomSpec, render
from wetread.testing.phantom.film import frame_of
from wetread.testing.phantom.habitus import draw_habitus
from wetread.testing.phantom.mediastinum import heart_outline_mm
from wetread.testing.phantom.spec import Laterality

_WOMAN = PhantomPatient("Phantom^Ada", "PHANTOM-0007", date(1971, 3, 2), "F", 53, 24.0)
_MAN = PhantomPatient("Phantom^Basil", "PHANTOM-0008", date(1950, 3, 2), "M", 74, 29.0)
_NORMAL = PhantomSpec(_WOMAN, rows=420, columns=400, seed=5)

VIEWS: tuple[Literal["PA", "AP"], ...] = ("PA", "AP")
SIDES: tuple[Laterality, ...] = ("left", "right")
SIDED = (FindingName.PNEUMOTHORAX, FindingName.EFFUSION, FindingName.NODULE, FindingName.CONSOLIDATION)
BRIGHTER = (FindingName.EFFUSION, FindingName.NODULE, FindingName.CONSOLIDATION)


_film = lru_cache(maxsize=16)(render)


def _display(spec: PhantomSpec) -> NDArray[np.float64]:
    stored = _film(spec)[0] / (2**spec.bits_stored - 1)
    return np.asarray(1 - stored if spec.photometric_interpretation == "MONOCHROME1" else stored)


def _crop(image: NDArray[np.float64], box: Region) -> NDArray[np.float64]:
    return image[box.row_start : box.row_stop, box.column_start : box.column_stop]


def _midline(spec: PhantomSpec) -> float:
    return float(frame_of(spec).to_pixels(np.array([[120.0, 0.0]]))[0, 1])


def test_the_same_spec_gives_the_same_pixels_and_another_seed_others() -> None:
    spec = replace(_NORMAL, pathologies=(Pathology(FindingName.NODULE, "left"),))
    first, second = render(spec), render(spec)
    assert np.array_equal(first[0], second[0])
    assert first[1] == second[1]
    assert not np.array_equal(first[0], render(replace(spec, seed=6))[0])


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_pixels_are_uint16_of_the_asked_size_and_use_the_stored_bits(bits: int) -> None:
    pixels, truth = render(replace(_NORMAL, bits_stored=bits))
    assert pixels.dtype == np.uint16
    assert pixels.shape == (420, 400)
    assert truth == ()
    assert pixels.min() == 0
    assert 0.9 * 2**bits < pixels.max() < 2**bits


def test_monochrome1_is_the_same_film_with_inverted_values() -> None:
    inverted = replace(_NORMAL, photometric_interpretation="MONOCHROME1")
    assert np.array_equal(4095 - render(_NORMAL)[0], render(inverted)[0])


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("finding", SIDED)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_box_lies_on_the_film_and_on_the_patients_own_side(
    finding: FindingName, side: Laterality, view: Literal["PA", "AP"], seed: int
) -> None:
    """The patient's left is on the image right."""
    patient = _MAN if seed == 2 else _WOMAN
    spec = replace(
        _NORMAL, patient=patient, view_position=view, seed=seed, pathologies=(Pathology(finding, side, 0.6),)
    )
    (truth,) = _film(spec)[1]
    box = truth.box
    assert (truth.finding, truth.laterality) == (finding, side)
    assert 0 <= box.row_start < box.row_stop <= spec.rows
    assert 0 <= box.column_start < box.column_stop <= spec.columns
    centre = (box.column_start + box.column_stop) / 2
    assert (centre > _midline(spec)) == (side == "left")


@pytest.mark.parametrize("finding", SIDED)
@pytest.mark.parametrize("side", SIDES)
def test_a_pathology_changes_its_box_in_the_right_direction_and_little_else(
    finding: FindingName, side: Laterality
) -> None:
    """Fluid and solid are brighter than lung; pleural air is darker."""
    ill = replace(_NORMAL, pathologies=(Pathology(finding, side, 0.7),))
    change = _display(ill) - _display(_NORMAL)
    box = _film(ill)[1][0].box
    inside = _crop(change, box)
    outside = np.ones(change.shape, bool)
    outside[max(0, box.row_start - 8) : box.row_stop + 8, max(0, box.column_start - 8) : box.column_stop + 8] = False
    assert (inside.mean() > 0.02) if finding in BRIGHTER else (inside.mean() < -0.02)
    assert np.abs(inside).mean() > 10 * np.abs(change[outside]).mean()


def test_pleural_air_is_darker_than_the_same_place_without_it_beyond_the_pleural_line() -> None:
    """At the apex of a large pneumothorax there is only air and chest wall."""
    ill = replace(_NORMAL, pathologies=(Pathology(FindingName.PNEUMOTHORAX, "right", 0.9),))
    row, column = frame_of(ill).to_pixels(np.array([[26.0, -58.0]]))[0].astype(int)
    place = np.s_[row - 4 : row + 5, column - 6 : column + 7]
    assert _display(ill)[place].mean() < _display(_NORMAL)[place].mean() - 0.03


def test_a_small_pneumothorax_is_apical_and_a_large_one_reaches_the_diaphragm() -> None:
    small, large = (
        _film(replace(_NORMAL, pathologies=(Pathology(FindingName.PNEUMOTHORAX, "left", severity),)))[1][0].box
        for severity in (0.1, 1.0)
    )
    frame, habitus = frame_of(_NORMAL), draw_habitus(_NORMAL)
    middle, dome = (frame.to_pixels(np.array([[habitus.down(down), 0.0]]))[0, 0] for down in (0.55, 0.85))
    assert small.row_stop < middle
    assert large.row_stop > dome


def test_cardiomegaly_widens_the_heart_beyond_a_cardiothoracic_ratio_of_055() -> None:
    for seed in range(10):
        normal = replace(_NORMAL, seed=seed, view_position=VIEWS[seed % 2])
        large = replace(normal, pathologies=(Pathology(FindingName.CARDIOMEGALY, severity=0.1 * seed),))
        ratios = []
        for spec in (normal, large):
            habitus = draw_habitus(spec)
            ratios.append(np.ptp(heart_outline_mm(habitus)[:, 1]) / (2 * habitus.cage_half_width_mm))
        assert ratios[0] < 0.53
        assert ratios[1] > 0.55


def test_the_box_of_a_large_heart_is_as_wide_as_the_heart_on_the_film() -> None:
    spec = replace(_NORMAL, pathologies=(Pathology(FindingName.CARDIOMEGALY, severity=0.6),))
    (truth,) = render(spec)[1]
    wide_mm = np.ptp(heart_outline_mm(draw_habitus(spec))[:, 1])
    assert truth.laterality == ""
    assert truth.box.column_stop - truth.box.column_start == pytest.approx(wide_mm / frame_of(spec).pixel_mm, rel=0.06)


def test_several_pathologies_each_get_their_truth_in_order() -> None:
    asked = (
        Pathology(FindingName.CARDIOMEGALY),
        Pathology(FindingName.EFFUSION, "left", 0.4),
        Pathology(FindingName.NODULE, "right"),
    )
    truth = render(replace(_NORMAL, pathologies=asked))[1]
    assert [(each.finding, each.laterality) for each in truth] == [(each.finding, each.laterality) for each in asked]


def test_a_finding_the_phantom_cannot_draw_or_place_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot draw"):
        render(replace(_NORMAL, pathologies=(Pathology(FindingName.FRACTURE, "left"),)))
    with pytest.raises(ValueError, match="laterality"):
        render(replace(_NORMAL, pathologies=(Pathology(FindingName.NODULE),)))
    with pytest.raises(ValueError, match="bits_stored"):
        replace(_NORMAL, bits_stored=7)


def test_a_normal_film_has_dark_lungs_a_bright_midline_and_a_left_sided_heart() -> None:
    film, frame = _display(_NORMAL), frame_of(_NORMAL)
    habitus = draw_habitus(_NORMAL)

    def mean_at(down: float, out: float) -> float:
        row, column = frame.to_pixels(np.array([[habitus.down(down), habitus.out(out)]]))[0].astype(int)
        return float(film[row - 6 : row + 7, column - 6 : column + 7].mean())

    lungs = [mean_at(0.5, -0.55), mean_at(0.5, 0.6)]
    assert max(lungs) < 0.6
    assert mean_at(0.7, 0.0) > max(lungs) + 0.2
    assert mean_at(1.15, -0.4) > max(lungs) + 0.2
    assert mean_at(0.78, 0.42) > mean_at(0.78, -0.42) + 0.1


def test_the_synthetic_mark_is_in_the_pixels() -> None:
    corner = _display(_NORMAL)[-20:, -80:]
    assert (corner > 0.94).mean() > 0.05
