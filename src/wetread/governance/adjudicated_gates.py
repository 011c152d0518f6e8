"""The gates on blinded verdicts: studies of a version that the newest finished relabelling round drew, each weighing 1 / its chance of being drawn (Hajek; effective sample of Kish 1965).

Of a patient the study whose truth was known first counts, with its own weight, and the e-value is that of a sample as large as the effective one: an approximation, measured in docs/rollout.md.
They may take a version back; they never let it pass, and never hold it back by being few. A verdict does not replace the signed label of its study: correcting only what was looked at again, which is mostly what
model and report disagree on, would flatter the model (discrepant analysis: Hadgu 1996).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from wetread.domain.rollout import FindingLimits, GateName, GatePlan
from wetread.governance.cases import Case
from wetread.governance.gates import Weighed, sensitivity_gate, weighted_false_positive_gate

__all__ = ["ADJUDICATED_GATES", "NO_VERDICTS", "Adjudicated", "adjudicated_by", "adjudicated_gates"]

ADJUDICATED_GATES = (GateName.ADJUDICATED_FALSE_POSITIVES, GateName.ADJUDICATED_SENSITIVITY)
_VERDICTS = {1.0: True, 0.0: False}


@dataclass(frozen=True, slots=True)
class Adjudicated:
    """The cases that one round drew, with its verdict (None: left open) and their chance of being drawn."""

    round_id: str = ""
    cases: tuple[Case, ...] = ()


NO_VERDICTS = Adjudicated()


def adjudicated_by(
    cases: Iterable[Case], round_id: str, verdicts: Mapping[tuple[str, str], tuple[float, float]]
) -> Adjudicated:
    """`verdicts` by (study, finding): 1, 0 or NaN, and the chance of being drawn."""
    found = (
        replace(case, truth=_VERDICTS.get(said[0]), chance=said[1], known_at=case.known_at or case.read_at)
        for case in cases
        if (said := verdicts.get((case.study, case.finding.value))) is not None
    )
    return Adjudicated(round_id, tuple(found))


def adjudicated_gates(
    cases: Sequence[Case], round_id: str, limits: FindingLimits, plan: GatePlan
) -> tuple[Weighed, ...]:
    """Both gates on one finding; none where the round drew nothing of it."""
    if not cases:
        return ()
    of = f"blinded adjudication, round {round_id}"
    found = weighted_false_positive_gate(cases, limits, plan), sensitivity_gate(cases, limits, plan)
    return tuple(
        replace(each, gate=gate, statistic=f"{each.statistic} ({of})")
        for gate, each in zip(ADJUDICATED_GATES, found, strict=True)
    )
