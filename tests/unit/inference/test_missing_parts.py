from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.unit.inference.test_bundle import write_bundle

from wetread.domain.analysis import Analysis
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import InstanceKey
from wetread.inference.analysis import Film, analyse
from wetread.inference.bundle import ModelBundle, load_bundle
from wetread.ports.decoder import DecodedImage
from wetread.ports.predictor import Prediction
from wetread.testing.predictor import ScriptedPredictor

UNCALIBRATED = [{"name": "pneumothorax", "output_index": 0}]
BARE = {"findings": UNCALIBRATED, "gate": None, "out_of_distribution": None}
LOGITS = np.array([9.0], np.float32)
WHOLE = Prediction(LOGITS, np.eye(4, dtype=np.float32)[None], np.array([5.0, 0.0], np.float32), 1.0)


def _read(bundle: ModelBundle, prediction: Prediction, film: DecodedImage) -> Analysis:
    return analyse(
        Film(InstanceKey("i" * 32), film, ("L", "F")),
        bundle,
        ScriptedPredictor(prediction),
        datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.fixture
def film() -> DecodedImage:
    stored = np.add.outer(np.arange(200), np.arange(200)).astype(np.uint16)
    return DecodedImage(stored, np.linspace(0.0, 1.0, 400, dtype=np.float32), 1.0, 1.0, 200, 200)


def test_a_bare_network_gives_scores_and_says_what_it_lacks(tmp_path: Path, film: DecodedImage) -> None:
    bundle = load_bundle(write_bundle(tmp_path / "b", **BARE))
    analysis = _read(bundle, Prediction(LOGITS, None, None, None), film)
    (finding,) = analysis.findings
    assert (finding.raw_score, finding.probability, finding.called, finding.region) == (9.0, None, False, None)
    assert [flag.code for flag in analysis.quality] == ["not_gated", "not_calibrated", "no_out_of_distribution_score"]
    assert (analysis.ood_score, analysis.out_of_distribution, analysis.heat) == (None, False, None)


def test_a_calibrated_finding_without_a_map_is_called_without_a_place(tmp_path: Path, film: DecodedImage) -> None:
    bundle = load_bundle(write_bundle(tmp_path / "b"))
    with_map, without = (_read(bundle, each, film) for each in (WHOLE, replace(WHOLE, cam=None)))
    assert with_map.findings[0].region is not None
    assert without.findings[0].called
    assert (without.findings[0].region, without.findings[0].laterality, without.heat) == (None, "", None)


def test_a_whole_model_carries_no_such_flags(tmp_path: Path, film: DecodedImage) -> None:
    assert _read(load_bundle(write_bundle(tmp_path / "b")), WHOLE, film).quality == ()


@pytest.mark.parametrize("lacking", [{"gate_logits": None}, {"ood_score": None}])
def test_a_promised_part_that_the_network_lacks_stops_the_read(
    tmp_path: Path, film: DecodedImage, lacking: dict[str, None]
) -> None:
    with pytest.raises(PermanentError, match="promises"):
        _read(load_bundle(write_bundle(tmp_path / "b")), replace(WHOLE, **lacking), film)


def test_a_calibrated_finding_needs_an_operating_point(tmp_path: Path) -> None:
    findings = [{**UNCALIBRATED[0], "calibration": {"method": "platt", "slope": 1.0, "intercept": 0.0}}]
    with pytest.raises(PermanentError, match="operating_point"):
        load_bundle(write_bundle(tmp_path / "b", findings=findings))


def test_a_distance_comes_with_its_p_value_where_the_bundle_has_reference_films(
    tmp_path: Path, film: DecodedImage
) -> None:
    """Two of four reference films lie at 2.0 or beyond: p = (1 + 2) / (1 + 4)."""
    stated = {"method": "any", "threshold": 1.5, "reference_scores": [0.5, 1.0, 2.0, 3.0]}
    bundle = load_bundle(write_bundle(tmp_path / "b", out_of_distribution=stated))
    far, near = (_read(bundle, replace(WHOLE, ood_score=score), film) for score in (2.0, 0.1))
    assert (far.ood_p_value, near.ood_p_value) == (pytest.approx(0.6), 1.0)
    assert "2 of 4 films of its own kind lie as far" in far.quality[0].message
    old = load_bundle(write_bundle(tmp_path / "old"))
    analysis = _read(old, replace(WHOLE, ood_score=9.0), film)
    assert (analysis.ood_p_value, [flag.code for flag in analysis.quality]) == (None, ["out_of_distribution"])


@pytest.mark.parametrize("wrong", [[2.0, 1.0], [], ["far"], [-1.0]])
def test_reference_distances_that_make_no_sense_are_refused(tmp_path: Path, wrong: list[object]) -> None:
    stated = {"method": "any", "threshold": 1.5, "reference_scores": wrong}
    with pytest.raises(PermanentError, match="reference_scores") as refused:
        load_bundle(write_bundle(tmp_path / "b", out_of_distribution=stated))
    assert refused.value.code == "bad_bundle"
