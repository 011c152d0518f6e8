"""A bundle's calibration is the one that the statistics fitted, and nothing that ranks backwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.evaluation.calibration_maps import calibration_from_document
from wetread.inference.calibration import Platt, read_calibration
from wetread.inference.json_reader import JsonValue, Misfit

DOCUMENTS: list[dict[str, object]] = [
    {"method": "platt", "slope": 0.8, "intercept": -1.0},
    {"method": "temperature", "temperature": 1.5},
    {"method": "beta", "a": 0.5, "b": 0.7, "c": -0.7},
    {"method": "isotonic", "raw_scores": [-2.0, 0.0, 3.0], "probabilities": [0.1, 0.1, 0.8]},
]


@pytest.mark.parametrize("document", DOCUMENTS)
@given(st.floats(-1e4, 1e4))
def test_a_bundle_gives_the_fitted_probability(document: dict[str, object], raw_score: float) -> None:
    fitted = calibration_from_document(document).apply([raw_score])[0]
    assert read_calibration(JsonValue(document)).apply(raw_score) == pytest.approx(fitted, abs=1e-12)


def test_platt_scaling_is_the_logistic_of_a_line() -> None:
    calibration = Platt(2.0, -1.0)
    assert calibration.apply(0.5) == pytest.approx(0.5)
    assert calibration.apply(1000.0) == pytest.approx(1.0)
    assert calibration.apply(-1000.0) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"method": "spline"}, "method"),
        ({"method": "platt", "slope": -1.0, "intercept": 0.0}, "slope"),
        ({"method": "temperature", "temperature": 0.0}, "temperature"),
        ({"method": "beta", "a": -0.1, "b": 1.0, "c": 0.0}, "a"),
        ({"method": "isotonic", "raw_scores": [0.0, 0.0], "probabilities": [0.1, 0.2]}, "raw_scores"),
        ({"method": "isotonic", "raw_scores": [0.0, 1.0], "probabilities": [0.3, 0.2]}, "probabilities"),
        ({"method": "isotonic", "raw_scores": [0.0, 1.0], "probabilities": [0.3, 1.2]}, "probabilities"),
        ({"method": "isotonic", "raw_scores": [0.0, 1.0, 2.0], "probabilities": [0.1, 0.2]}, "as many"),
        ({"method": "isotonic", "raw_scores": [0.0], "probabilities": [0.1]}, "at least 2"),
    ],
)
def test_a_map_that_would_mislead_is_refused_at_its_place(document: dict[str, object], place: str) -> None:
    with pytest.raises(Misfit, match=place):
        read_calibration(JsonValue(document))
