"""Scenario files: the shipped ones load, a wrong one is refused by the name of its wrong entry, and nothing is lost in writing."""

import re

import pytest

from wetread.simulation.scenario import BadScenario
from wetread.simulation.scenario_file import SHIPPED, load_scenario, parse_scenario, scenario_text

EXAMPLE = SHIPPED["example"].read_text("utf-8")


@pytest.mark.parametrize("name", list(SHIPPED))
def test_every_number_of_a_shipped_scenario_has_its_source_beside_it(name: str) -> None:
    for line in SHIPPED[name].read_text("utf-8").splitlines():
        value, _, comment = line.partition("#")
        if re.search(r'= *"?[\[\d]', value) and not value.startswith("days = ["):
            said = (
                "assumed",
                "abstract",
                "literature",
                "fitted",
                "default triage policy",
                "FHIR",
                "measured",
                "standard deviation over mean (assumed)",
            )
            assert any(word in comment for word in said), line


@pytest.mark.parametrize("name", list(SHIPPED))
def test_a_scenario_survives_writing_and_reading(name: str) -> None:
    scenario = load_scenario(name)
    again = parse_scenario(scenario_text(scenario))
    assert scenario_text(again) == scenario_text(scenario)
    assert (again.load, again.studies_per_week) == pytest.approx((scenario.load, scenario.studies_per_week), rel=1e-4)
    assert (again.findings, again.runs, again.shifts) == (scenario.findings, scenario.runs, scenario.shifts)


def test_figures_of_the_pneumothorax_study_are_the_published_ones() -> None:
    figures = {(each.run, each.statistic): each.minutes for each in load_scenario("hamburg").published}
    assert figures == {
        ("fifo", "mean"): 80.1,
        ("fifo", "maximum"): 890,
        ("priority", "mean"): 35.6,
        ("priority", "maximum"): 1293,
        ("capped", "maximum"): 979,
    }


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("sensitivity = 0.80", "sensitivity = 1.7", "finding.edema.sensitivity: must be a number from 0 to 1"),
        ("sensitivity = [0.85, 0.75, 0.92]", "sensitivity = [0.85, 0.9, 0.92]", "finding.pneumothorax.sensitivity"),
        ("prevalence = 0.12 ", 'prevalence = "often" ', "finding.consolidation.prevalence"),
        ("prevalence = 0.12 ", "prevalence = nan ", "finding.consolidation.prevalence"),
        ("mean_min = 4.0", "mean_minutes = 4.0", "reading.mean_min: is missing"),
        ("variation = 0.7", "variation = 0.7\ncolour = 3", "reading.colour: is not known here"),
        ('"lognormal"', '"normal"', "reading.distribution: must be one of lognormal"),
        ('from = "08:00"', 'from = "8 o\'clock"', "shift.day.from"),
        ('from = "08:00"', 'from = "24:30"', "shift.day.from"),
        ('from = "08:00"', 'from = "19:00"', "shift.day.to: must be later"),
        ('["saturday", "sunday"]', '["saturday", "sonntag"]', "shift.weekend day.days"),
        ("readers = 2 ", "readers = 2.5 ", "shift.day.readers: must be a whole number"),
        ('rule = "priority"', 'rule = "stat"', "run.priority.rule"),
        ("cap_min = 720 ", "cap_min = -1 ", "run.product.cap_min"),
        ('rule = "fifo"', 'rule = "fifo"\ncap_min = 5', "run.fifo.cap_min: is not known here"),
        ('name = "edema"', 'name = "effusion"', "finding: two have the name effusion"),
        ('name = "edema"', 'name = "normal"', "finding: the name normal is reserved"),
        ("share = 0.05", "share = 1.05", "requested.stat.share"),
        ("saturday = [1, ", "saturday = [", "arrivals_per_hour.saturday: must be a list of 24"),
        ("[arrivals_per_hour]", "[arrivals_per_hour]\nscale = 0", "arrivals_per_hour: nothing ever arrives"),
        ("[arrivals_per_hour]", "[arrivals_per_hour]\nscale = 3", "the readers cannot keep up"),
        ("urgency = 2 ", "urgency = 7 ", "every critical finding must be more urgent"),
        ("days = 28", "days = 0", "days: must be a number from 1"),
        ("[reading]", "[reading", "not TOML"),
    ],
)
def test_a_wrong_scenario_is_refused_by_name(old: str, new: str, named: str) -> None:
    assert old in EXAMPLE
    with pytest.raises(BadScenario) as refused:
        parse_scenario(EXAMPLE.replace(old, new, 1))
    assert named in str(refused.value)


def test_a_file_that_is_not_there_is_refused_with_the_shipped_names() -> None:
    with pytest.raises(BadScenario, match="example, hamburg"):
        load_scenario("nowhere.toml")
