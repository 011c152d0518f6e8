"""One valid example of each noun of the model registry; name what matters to the test."""

from typing import Any

from wetread.domain.analysis import ModelIdentity
from wetread.domain.finding import FindingName
from wetread.domain.model_version import ModelVersion, VersionState
from wetread.domain.rollout import (
    FindingLimits,
    GateEvidence,
    GateName,
    GatePlan,
    GateResult,
    Rollout,
    RolloutDecision,
    ShadowRead,
    Verdict,
)
from wetread.testing.builders import NOON, a_finding

__all__ = ["a_decision_of_gates", "a_gate_plan", "a_model_version", "a_rollout", "a_shadow_read", "evidence"]

_MODEL = ModelIdentity("phantom-net", "2.0.0", "c" * 64)
_KEY = "phantom-net@2.0.0"


def a_model_version(**changes: Any) -> ModelVersion:
    facts: dict[str, Any] = {
        "model": _MODEL,
        "bundle_sha256": "d" * 64,
        "registered_by": "m.engineer",
        "registered_at": NOON,
    }
    return ModelVersion(**facts | changes)


def a_gate_plan(*findings: FindingName, **changes: Any) -> GatePlan:
    """Equal shares of the error budget; 5 false positives per 100 negatives, 10 misses per 100 positives. Pneumothorax alone when no finding is named."""
    names = findings or (FindingName.PNEUMOTHORAX,)
    limits = tuple(FindingLimits(each, 1 / len(names), 0.05, 0.1) for each in names)
    return GatePlan(**{"limits": limits} | changes)


def a_rollout(**changes: Any) -> Rollout:
    """A shadow at the northern site since NOON."""
    facts: dict[str, Any] = {
        "model_key": _KEY,
        "site": "north",
        "state": VersionState.SHADOW,
        "percent": 0,
        "since": NOON,
        "plan": a_gate_plan(),
    }
    return Rollout(**facts | changes)


def evidence(**changes: Any) -> GateEvidence:
    facts: dict[str, Any] = {
        "gate": GateName.FALSE_POSITIVES,
        "finding": FindingName.PNEUMOTHORAX,
        "result": GateResult.UNDECIDED,
        "statistic": "e-value of a rate above 0.05",
        "value": 1.7,
        "threshold": 20.0,
        "events": 9,
        "n": 120,
    }
    return GateEvidence(**facts | changes)


def a_decision_of_gates(**changes: Any) -> RolloutDecision:
    """The first look at `a_rollout()`, which decides nothing."""
    facts: dict[str, Any] = {
        "model_key": _KEY,
        "site": "north",
        "look": 1,
        "looks_in_stage": 1,
        "decided_at": NOON,
        "state": VersionState.SHADOW,
        "percent": 0,
        "verdict": Verdict.CONTINUE,
        "reason": "the gates want more studies",
        "evidence": (evidence(),),
        "studies": 120,
        "left_out": (("not signed yet", 3),),
    }
    return RolloutDecision(**facts | changes)


def a_shadow_read(**changes: Any) -> ShadowRead:
    facts: dict[str, Any] = {
        "model": _MODEL,
        "read_at": NOON,
        "findings": (a_finding(),),
        "input_sha256": "e" * 64,
    }
    return ShadowRead(**facts | changes)
