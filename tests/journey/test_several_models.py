"""Several models read one film: triage weighs them by the policy's rule and names who disagrees; none of them can cost the study the first one's read."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.films import film
from tests.journey.test_one_study import House, prediction
from tests.unit.inference.test_bundle import write_bundle

from wetread.domain.analysis import Analysis
from wetread.domain.errors import PermanentError, WetreadError
from wetread.domain.priority import Priority, TriageDecision
from wetread.inference.bundle import load_bundle
from wetread.pipeline import ModelSource
from wetread.testing.predictor import ScriptedPredictor
from wetread.triage.policy import ModelConflict

SEES, SEES_NOT, NO_CHEST = prediction(4.0), prediction(-4.0), prediction(4.0, gate=-5.0)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def another_model(folder: Path, says: object, failure: Exception | None = None) -> ModelSource:
    bundle = load_bundle(write_bundle(folder / "second", name="second", version="2.0.0"))
    predictor = ScriptedPredictor(says, failure)  # type: ignore[arg-type]
    return lambda: (bundle, predictor)


def read(
    house: House, further: ModelSource, conflict: ModelConflict = ModelConflict.HIGHEST
) -> tuple[Analysis, TriageDecision]:
    pipeline = house.worker.pipeline
    policy = replace(pipeline.policy(), conflict=conflict)
    house.worker = replace(house.worker, pipeline=replace(pipeline, policy=lambda: policy, further_models=(further,)))
    key = house.receive(film(1))
    house.work()
    with house.database.begin(write=False) as unit:
        analysis, decision = unit.analysis(key), unit.decision(key)
    assert analysis is not None
    assert decision is not None
    return analysis, decision


@pytest.mark.parametrize(
    ("conflict", "critical", "resolved"),
    [
        (ModelConflict.HIGHEST, True, "the highest counts"),
        (ModelConflict.ALL_MUST_AGREE, False, "not all agree, so it does not count"),
        (ModelConflict.FIRST, False, "the first model decides"),
    ],
)
def test_what_only_the_second_model_sees_counts_as_the_policy_says(
    house: House, tmp_path: Path, conflict: ModelConflict, critical: bool, resolved: str
) -> None:
    house.predictor.prediction = SEES_NOT
    analysis, decision = read(house, another_model(tmp_path, SEES), conflict)
    assert decision.critical is critical
    assert "models disagree on pneumothorax (tiny 1.2.3 0.01, second 2.0.0 0.95)" in decision.reason.lower()
    assert resolved in decision.reason
    assert not analysis.called  # shown and drafted is the first model's read
    assert [each.model.name for each in analysis.reads] == ["tiny", "second"]


def test_two_models_that_agree_are_one_finding_and_both_are_in_the_audit(house: House, tmp_path: Path) -> None:
    _, decision = read(house, another_model(tmp_path, SEES), ModelConflict.ALL_MUST_AGREE)
    assert (decision.priority, decision.critical) == (Priority.STAT, True)
    assert "disagree" not in decision.reason
    (record,) = [r for r in house.database.audit_records() if r.event.action == "study.analyse"]
    facts = dict(record.event.detail)
    assert (facts["model"], facts["further_models"]) == ("tiny@1.2.3", "second@2.0.0")


def unloadable(_: Path) -> ModelSource:
    def load() -> object:
        raise PermanentError("the bundle's signature does not fit", code="bad_bundle")

    return load  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("further", "why"),
    [
        (unloadable, "model 2 did not read this film (the bundle's signature does not fit)"),
        (lambda folder: another_model(folder, NO_CHEST), "second 2.0.0 did not read this film"),
        (
            lambda folder: another_model(folder, SEES, WetreadError("the network gave NaN", code="model_failed")),
            "second 2.0.0 did not read this film (the network gave NaN)",
        ),
    ],
)
def test_a_further_model_that_cannot_read_costs_nothing_and_is_said(
    house: House, tmp_path: Path, further: Callable[[Path], ModelSource], why: str
) -> None:
    analysis, decision = read(house, further(tmp_path), ModelConflict.ALL_MUST_AGREE)
    assert decision.critical
    assert not analysis.further
    assert any(flag.code == "further_model_did_not_read" and why in flag.message for flag in analysis.quality)
