"""Learning, potential and retention against AUROCs by scikit-learn, intervals against simulation, and a proposal that follows its rule."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from wetread.domain.errors import PermanentError
from wetread.governance.retraining import (
    Cell,
    FindingMeasures,
    Measure,
    Verdict,
    measure_finding,
    propose,
)


def cells(sharpness: dict[tuple[str, str], float], seed: int = 1, cases: int = 300) -> dict[tuple[str, str], Cell]:
    """Models score the same cases of a dataset; two studies a patient, and a third of the patients are in every dataset."""
    found = {}
    random = np.random.default_rng(seed)
    truths = {each: (random.random(cases) < 0.25).astype(float) for each in sorted({name for _, name in sharpness})}
    noise = {each: random.normal(size=cases) for each in truths}
    for (model, dataset), sharp in sharpness.items():
        truth = truths[dataset]
        patients = np.array([f"p{n // 2}" if n < cases / 3 else f"{dataset}-p{n // 2}" for n in range(cases)])
        own = random.normal(size=cases)
        score = 1 / (1 + np.exp(-(sharp * truth + 0.8 * noise[dataset] + 0.6 * own)))
        found[model, dataset] = Cell(truth, score, patients)
    return found


GRID = {
    ("old", "d1"): 1.6, ("old", "d2"): 1.5, ("old", "d3"): 0.8, ("new", "d1"): 1.5, ("new", "d2"): 1.6, ("new", "d3"): 1.7,
}  # fmt: skip


def auc(made: dict[tuple[str, str], Cell], model: str, dataset: str) -> float:
    return float(roc_auc_score(made[model, dataset].truth, made[model, dataset].probability))


def test_the_values_are_those_of_the_definitions() -> None:
    made = cells(GRID)
    found = measure_finding("mass", made, ["old", "new"], ["d1", "d2", "d3"], decay=0.5)
    assert found.learning is not None
    assert found.potential is not None
    assert found.retention is not None
    assert found.retention_change is not None
    assert found.learning.value == pytest.approx(auc(made, "new", "d3") - auc(made, "old", "d3"))
    assert found.potential.value == pytest.approx(auc(made, "old", "d2") - auc(made, "old", "d3"))
    older = np.exp(-0.5)
    kept = {each: (auc(made, each, "d2") + older * auc(made, each, "d1")) / (1 + older) for each in ("old", "new")}
    assert found.retention.value == pytest.approx(kept["new"])
    assert found.retention_change.value == pytest.approx(kept["new"] - kept["old"])
    assert (found.retention.n, found.now.n) == (600, 300)
    for each in (found.now, found.learning, found.potential, found.retention):
        assert each.low < each.value < each.high


def test_without_decay_every_older_dataset_counts_the_same() -> None:
    made = cells(GRID)
    found = measure_finding("mass", made, ["old", "new"], ["d1", "d2", "d3"], decay=0.0)
    assert found.retention is not None
    assert found.retention.value == pytest.approx((auc(made, "new", "d1") + auc(made, "new", "d2")) / 2)


def test_a_model_against_itself_has_learnt_nothing_exactly() -> None:
    made = cells({("old", "d1"): 1.5, ("old", "d2"): 1.5})
    twice = made | {("new", name): cell for (_, name), cell in made.items()}
    found = measure_finding("mass", twice, ["old", "new"], ["d1", "d2"])
    assert found.learning == Measure(0.0, 0.0, 0.0, 300, int(made["old", "d2"].truth.sum()))
    assert found.retention_change is not None
    assert (found.retention_change.low, found.retention_change.high) == (0.0, 0.0)


def test_the_interval_of_learning_is_as_wide_as_the_estimate_varies() -> None:
    both = {("old", "d"): 1.2, ("new", "d"): 1.6}
    made = [cells(both, seed, cases=160) for seed in range(30)]
    found = [measure_finding("mass", each, ["old", "new"], ["d"]).learning for each in made]
    values = np.array([each.value for each in found if each])
    widths = np.array([each.high - each.low for each in found if each]) / 3.92
    assert len(values) == 30
    assert widths.mean() == pytest.approx(values.std(ddof=1), rel=0.35)


def test_too_few_of_a_class_are_refused_and_a_missing_cell_is_a_mistake() -> None:
    made = cells({("old", "d1"): 1.5, ("old", "d2"): 1.5}, cases=20)
    with pytest.raises(PermanentError) as refusal:
        measure_finding("mass", made, ["old"], ["d1", "d2"])
    assert refusal.value.code == "too_few_cases"
    with pytest.raises(ValueError, match="new on d1"):
        measure_finding("mass", made, ["old", "new"], ["d1"])


def m(low: float, high: float) -> Measure:
    return Measure((low + high) / 2, low, high, 500, 100)


def finding(
    learning: Measure | None, change: Measure | None, potential: Measure | None = None, name: str = "mass"
) -> FindingMeasures:
    return FindingMeasures(name, m(0.7, 0.8), learning, potential, m(0.7, 0.8), change)


@pytest.mark.parametrize(
    ("found", "verdict", "said"),
    [
        ([finding(m(0.01, 0.05), m(-0.01, 0.01))], Verdict.ADOPT, "better"),
        ([finding(m(-0.01, 0.05), m(-0.01, 0.01))], Verdict.KEEP, "no finding is better"),
        ([finding(m(0.01, 0.05), m(-0.03, 0.01))], Verdict.KEEP, "not ruled out"),
        ([finding(m(0.01, 0.05), None)], Verdict.KEEP, "retention is unknown"),
        ([finding(m(0.01, 0.05), m(0, 0.1)), finding(m(-0.05, -0.01), m(0, 0.1))], Verdict.KEEP, "worse"),
        ([finding(None, None, m(0.01, 0.05))], Verdict.RETRAIN, "newest data worse"),
        ([finding(None, None, m(-0.01, 0.05))], Verdict.KEEP, "no loss"),
        ([finding(None, None)], Verdict.KEEP, "one dataset only"),
    ],
)
def test_the_proposal_follows_its_rule(found: list[FindingMeasures], verdict: Verdict, said: str) -> None:
    made = propose(found)
    assert made.verdict is verdict
    assert said in " ".join(made.reasons)


def test_nothing_measured_nothing_proposed() -> None:
    with pytest.raises(PermanentError):
        propose([])
