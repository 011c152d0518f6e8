"""What a version is held to: what its bundle promises, the error budget shared out whole."""

import pytest

from wetread.domain.analysis import OperatingPoint, Rate
from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.governance.plan import Promise, gate_plan

F = FindingName


def promise(finding: FindingName, specificity: float | None = 0.9, sensitivity: float | None = 0.8) -> Promise:
    rates = [None if each is None else Rate(each, each, each, 100) for each in (sensitivity, specificity)]
    return Promise(finding, OperatingPoint(0.5, "by hand", *rates))


def test_budgets_are_what_is_stated_and_shares_sum_to_one() -> None:
    plan = gate_plan([promise(F.PNEUMOTHORAX), promise(F.EDEMA, 0.97), promise(F.NODULE)], critical=[F.PNEUMOTHORAX])
    assert [each.false_positive_budget for each in plan.limits] == [0.1, 0.05, 0.1]
    assert [each.miss_budget for each in plan.limits] == [0.2, 0.2, 0.2]
    assert [each.weight for each in plan.limits] == pytest.approx([0.6, 0.2, 0.2])
    assert [each.critical for each in plan.limits] == [True, False, False]
    assert (plan.alpha, plan.min_positives, plan.min_dwell_days, plan.max_dwell_days) == (0.05, 50, 14, 60)
    assert plan.stake == 0.8


def test_what_is_not_stated_is_five_alarms_and_ten_misses_in_a_hundred() -> None:
    (limits,) = gate_plan([promise(F.EDEMA, None, None)]).limits
    assert (limits.false_positive_budget, limits.miss_budget, limits.weight) == (0.05, 0.1, 1.0)


def test_a_model_that_promises_nothing_or_everything_still_has_a_budget_between_0_and_1() -> None:
    lavish, none = gate_plan([promise(F.EDEMA, 0.0, 0.0), promise(F.NODULE, 1.0, 1.0)]).limits
    assert (lavish.false_positive_budget, lavish.miss_budget) == (0.95, 0.95)
    assert (none.false_positive_budget, none.miss_budget) == (0.05, 0.01)


def test_a_person_may_set_a_budget() -> None:
    plan = gate_plan([promise(F.EDEMA), promise(F.NODULE)], budgets={F.EDEMA: 0.02})
    assert [each.false_positive_budget for each in plan.limits] == [0.02, 0.1]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"critical": [F.HERNIA]}, "bad_plan"),
        ({"budgets": {F.HERNIA: 0.1}}, "bad_plan"),
        ({"budgets": {F.EDEMA: 0.0}}, "bad_plan"),
        ({"stages": ()}, "bad_plan"),
        ({"stages": (5, 100)}, "bad_plan"),
        ({"stages": (5, 5)}, "bad_plan"),
        ({"min_dwell_days": 0}, "bad_plan"),
        ({"calibration_tolerance": 0.5}, "bad_plan"),
        ({"sites": 0}, "bad_plan"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(facts: dict[str, object], code: str) -> None:
    with pytest.raises(PermanentError) as refusal:
        gate_plan([promise(F.EDEMA)], **facts)  # type: ignore[arg-type]
    assert refusal.value.code == code


def test_nothing_is_weighed_of_a_bundle_without_a_calibrated_finding() -> None:
    with pytest.raises(PermanentError) as refusal:
        gate_plan([])
    assert refusal.value.code == "no_promises"
