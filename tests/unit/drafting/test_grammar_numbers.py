"""Numbers in a draft: probabilities in hedges, measurements with their units."""

from dataclasses import replace
from math import inf, nan

import pytest
from tests.analysis_builders import a_finding

from wetread.domain.analysis import Finding
from wetread.domain.drafting_context import Measurement
from wetread.domain.finding import FindingName
from wetread.domain.report import Section
from wetread.drafting.grammar import GrammarDrafter
from wetread.ports.drafter import DraftingRequest

N = FindingName


def _request(*findings: Finding, **changes: object) -> DraftingRequest:
    values = {"quality": (), "view_position": "PA", "comparison_available": False, "may_say_normal": False, **changes}
    return DraftingRequest(findings=findings, **values)  # type: ignore[arg-type]


def _said(request: DraftingRequest) -> list[str]:
    return [s.text for s in GrammarDrafter().draft(request).sentences if s.section is Section.FINDINGS]


def _hedges(request: DraftingRequest) -> list[str]:
    return [s.hedge for s in GrammarDrafter().draft(request).sentences if s.section is Section.FINDINGS]


def test_a_hedge_gives_its_numbers_and_its_reason() -> None:
    request = _request(a_finding("mass", 0.83, 0.3))
    assert _hedges(request) == ["calibrated probability 0.83, operating point 0.30; worded so from 0.75"]
    assert _hedges(replace(request, language="de")) == [
        "kalibrierte Wahrscheinlichkeit 0,83, Schwellenwert 0,30; so formuliert ab 0,75"
    ]
    assert _hedges(_request(a_finding("mass", 0.2, 0.1)))[0].endswith("worded so below 0.40")


@pytest.mark.parametrize(
    ("probability", "threshold", "shown"),
    [
        (0.746, 0.3, "calibrated probability 0.746, operating point 0.300; worded so from 0.400"),
        (0.998, 0.3, "calibrated probability 0.998, operating point 0.300; worded so from 0.750"),
        (1.0, 0.3, "calibrated probability 1.00, operating point 0.30; worded so from 0.75"),
        (0.3, 0.29999, "calibrated probability 0.30000, operating point 0.29999; worded so below 0.40000"),
        (0.4, 0.4, "calibrated probability 0.40, operating point 0.40; worded so from 0.40"),
    ],
)
def test_a_number_never_rounds_across_the_limit_that_it_is_compared_with(
    probability: float, threshold: float, shown: str
) -> None:
    assert _hedges(_request(a_finding("mass", probability, threshold))) == [shown]


def test_an_ap_film_is_a_reason_to_doubt_the_size_of_the_heart() -> None:
    heart, mass = a_finding("cardiomegaly", 0.9, 0.3, ""), a_finding("mass", 0.9)
    ratio = Measurement("cardiothoracic ratio", 0.56, "1", N.CARDIOMEGALY)
    supine = _request(heart, mass, view_position="AP", measurements=(ratio,))
    assert ["magnifies the heart" in hedge for hedge in _hedges(supine)] == [False, True, True]
    assert "magnifies" not in " ".join(_hedges(replace(supine, view_position="PA")))


@pytest.mark.parametrize(
    ("measurement", "text"),
    [
        (Measurement("cardiothoracic ratio", 0.56, "1", N.CARDIOMEGALY), "Cardiothoracic ratio 0.56."),
        (Measurement("cardiothoracic ratio", 0.565, "1"), "Cardiothoracic ratio 0.57."),
        (Measurement("Cardiothoracic  Ratio", 0.5, "1"), "Cardiothoracic ratio 0.50."),
        (Measurement("cardiac diameter", 142.5, "mm"), "Transverse cardiac diameter 143 mm."),
        (Measurement("cardiac diameter", 9.96, "mm"), "Transverse cardiac diameter 10 mm."),
        (Measurement("carina distance", 4.25, "mm"), "Distance of the tube tip from the carina 4.3 mm."),
        (Measurement("carina distance", -4.0, "cm"), "Distance of the tube tip from the carina -4.0 cm."),
        (Measurement("carina distance", -0.01, "cm"), "Distance of the tube tip from the carina 0.0 cm."),
    ],
)
def test_a_measurement_is_said_in_its_unit_with_the_decimals_that_a_film_allows(
    measurement: Measurement, text: str
) -> None:
    request = _request(a_finding("cardiomegaly", 0.9, 0.3, ""), measurements=(measurement,))
    assert _said(request) == ["Probable cardiomegaly.", text]
    german = _said(replace(request, language="de"))[1]
    assert german.split()[-1 if measurement.unit == "1" else -2].rstrip(".") == (
        text.split()[-1 if measurement.unit == "1" else -2].rstrip(".").replace(".", ",")
    )


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("left pneumothorax", 3.0, "mm"),
        ("cardiothoracic ratio", 56.0, "mm"),
        ("cardiothoracic ratio", 5.6, "1"),
        ("cardiac diameter", -3.0, "mm"),
        ("cardiac diameter", nan, "mm"),
        ("cardiac diameter", inf, "mm"),
        ("cardiac diameter", 1e300, "mm"),
        ("cardiac diameter", 3.0, "[ft_i]"),
    ],
)
def test_a_measurement_that_cannot_be_said_is_left_out_and_counted(name: str, value: float, unit: str) -> None:
    request = _request(a_finding("mass", 0.9), measurements=(Measurement(name, value, unit),))
    assert _said(request)[1:] == ["1 measurement is left out: its name, value or unit cannot be used."]
