"""A model version on its way into use at one site, what its gates said at each look, and who let it go on.

The machine recommends, holds and rolls back; widening takes two people of two roles (docs/adr/0013).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wetread.domain.analysis import Finding, ModelIdentity
from wetread.domain.finding import FindingName
from wetread.domain.model_version import VersionState, model_key
from wetread.domain.role import Role

__all__ = [
    "Approval",
    "Ask",
    "FindingLimits",
    "GateEvidence",
    "GateName",
    "GatePlan",
    "GateResult",
    "Rollout",
    "RolloutAct",
    "RolloutDecision",
    "ShadowRead",
    "Traffic",
    "Verdict",
]


class Verdict(StrEnum):
    """What one evaluation of the gates says. PROMOTE is a recommendation: people approve."""

    CONTINUE = "continue"
    PROMOTE = "promote"
    HOLD = "hold"
    ROLL_BACK = "rollback"


class GateName(StrEnum):
    FALSE_POSITIVES = "false_positives"
    CALIBRATION = "calibration"
    SENSITIVITY = "sensitivity"
    ADJUDICATED_FALSE_POSITIVES = "adjudicated_false_positives"
    ADJUDICATED_SENSITIVITY = "adjudicated_sensitivity"
    READS = "reads"
    """Does it read at all: the share of studies on which it failed."""
    DRIFT = "drift"
    DWELL = "dwell"


class GateResult(StrEnum):
    PASSES = "passes"
    UNDECIDED = "undecided"
    INSUFFICIENT = "insufficient"
    """Too few cases to say anything: never a pass."""
    HOLDS = "holds"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class FindingLimits:
    """What is promised of one finding. Rates per verified negative (false positives) or positive (misses), 0..1; `weight`: its share of the error budget, all shares sum to 1.

    `least`, `most`: how many different patients without the finding the site may be expected to bring by the longest stay, fixed when the rollout starts; 0 where nobody knows.
    """

    finding: FindingName
    weight: float
    false_positive_budget: float
    miss_budget: float
    critical: bool = False
    least: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a site had recorded when a rollout started there: `days` looked at, signed studies in them, and the different patients they are of."""

    days: float
    studies: int
    patients: int


@dataclass(frozen=True, slots=True)
class GatePlan:
    """Fixed when a rollout starts and kept with it. `alpha`: chance of a false rollback by each gate at each stage, whatever the number of looks; `beta`: that of never passing a good version.

    `stake`: share of the evidence on false positives that waits for one last look, at the end of the longest stay or after `FindingLimits.most` patients; 0: none. `sites`: at how many it was started
    together. `traffic`: what those numbers were learned from, None where they were told or nobody knows. They move power, never errors. Margins are the smallest rise of a rate that matters. `stages`: the canary's shares in percent, rising, before it becomes active.
    """

    limits: tuple[FindingLimits, ...]
    alpha: float = 0.05
    beta: float = 0.1
    false_positive_margin: float = 0.03
    miss_margin: float = 0.1
    calibration_tolerance: float = 0.0
    min_positives: int = 50
    min_dwell_days: int = 14
    max_dwell_days: int = 60
    stake: float = 0.0
    sites: int = 1
    traffic: Traffic | None = None
    stages: tuple[int, ...] = (5, 25)

    @property
    def expects(self) -> str:
        """In words: how many patients are expected, and from what."""
        least, most = min(each.least for each in self.limits), max(each.most for each in self.limits)
        within = f"expected in {self.max_dwell_days} days"
        if (of := self.traffic) is not None:
            return (
                f"{least:,} to {most:,} different patients without a finding are {within}, learned from "
                f"{of.patients:,} patients with {of.studies:,} signed studies in the {of.days:.0f} days before"
            )
        if most:
            return f"{most:,} different patients without a finding are {within}, as somebody said"
        return f"how many patients are {within} is not known"


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes, in their role, with the reason they gave."""

    actor_id: str
    role: Role
    approved_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class RolloutAct:
    """What somebody did to a rollout and the reason they gave; the audit log has the act without the words."""

    action: str
    actor_id: str
    role: Role
    acted_at: datetime
    percent: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """The next stage, as somebody asked for it: `percent` 100 means to become the active version. `look`: the decision that was the newest then."""

    asked_by: str
    asked_at: datetime
    percent: int
    look: int
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, slots=True)
class Rollout:
    """One version at one site. `percent`: share of the site's studies whose read is this version's (0 as a shadow, 100 when active); `since`: when this stage began.

    `held`: why it may not widen; "" when it may. `baseline_since`: drift and failures are told from then on (resuming moves it).
    `history`: every act on it, oldest first, the machine's included. `replaces`: the version that was active before this one became so; "" for the installed one.
    """

    model_key: str
    site: str
    state: VersionState
    percent: int
    since: datetime
    plan: GatePlan
    ask: Ask | None = None
    held: str = ""
    replaces: str = ""
    reason: str = ""
    baseline_since: datetime | None = None
    history: tuple[RolloutAct, ...] = ()
    etag: int = 0

    @property
    def is_open(self) -> bool:
        """True while the gates look at it."""
        return self.state in (VersionState.SHADOW, VersionState.CANARY)

    @property
    def next_percent(self) -> int:
        """The share of the stage after this one; 100 is the whole site."""
        return next((each for each in self.plan.stages if each > self.percent), 100)


@dataclass(frozen=True, slots=True)
class GateEvidence:
    """One gate's word on one finding (None: on all): `value` of the named `statistic` against its `threshold`, from `events` among `n` patients. `note`: what helps to read it; decides nothing."""

    gate: GateName
    finding: FindingName | None
    result: GateResult
    statistic: str
    value: float | None
    threshold: float | None
    events: int
    n: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class RolloutDecision:
    """One look at one rollout, kept whatever it said. `look` counts from 1 over the rollout's life; `looks_in_stage` since the stage began. `studies`: signed ones that were looked at; `left_out`: why others were not."""

    model_key: str
    site: str
    look: int
    looks_in_stage: int
    decided_at: datetime
    state: VersionState
    percent: int
    verdict: Verdict
    reason: str
    evidence: tuple[GateEvidence, ...]
    studies: int
    left_out: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ShadowRead:
    """What a shadow version made of a study's film. Never shown, never triaged. `problem`: a stable code why it read nothing; "" when it did.

    `unsuitable`: it refused the film as one it must not read. A canary that fails leaves one of these, too: the active version read in its place.
    """

    model: ModelIdentity
    read_at: datetime
    findings: tuple[Finding, ...] = ()
    input_sha256: str = ""
    problem: str = ""
    unsuitable: bool = False

    @property
    def model_key(self) -> str:
        return model_key(self.model.name, self.model.version)
