"""A site's triage policy as frozen data: rules, escalation paths, order. `policy_file` reads it from YAML; nothing in it is executed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from wetread.domain.critical import EscalationPath, EscalationStep
from wetread.domain.finding import FindingName
from wetread.domain.priority import Priority

__all__ = [
    "BUILT_IN_PATH",
    "DEFAULT_PATH",
    "DEFAULT_POLICY",
    "PATIENT_CLASSES",
    "Conditions",
    "KnownFindings",
    "ModelConflict",
    "OrderRule",
    "Outcome",
    "TriagePolicy",
    "TriageRule",
    "load_policy",
]

DEFAULT_POLICY = Path(__file__).parent / "default_policy.yaml"
DEFAULT_PATH = "default"
PATIENT_CLASSES = ("emergency", "inpatient", "outpatient")


class ModelConflict(StrEnum):
    """What counts when several models that look for a finding disagree on a rule."""

    HIGHEST = "highest"
    """One that fires it is enough."""
    ALL_MUST_AGREE = "all_must_agree"
    FIRST = "first"
    """The first model of the study that looks for the finding decides."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What else must hold. Empty means any; a bound never matches an unknown age, a class never an unknown class.

    `with_findings` must all be called on the same study; `known_on_prior` asks whether the finding is on the newest signed prior, None does not ask.
    """

    patient_classes: tuple[str, ...] = ()
    minimum_age_years: int = 0
    maximum_age_years: int = 150
    with_findings: tuple[FindingName, ...] = ()
    sites: tuple[str, ...] = ()
    known_on_prior: bool | None = None


@dataclass(frozen=True, slots=True)
class TriageRule:
    """All conditions that are set must hold; `at_least` <= calibrated probability < `below` (`below` 0: no upper bound)."""

    rule_id: str
    finding: FindingName
    called: bool
    at_least: float
    priority: Priority
    below: float = 0.0
    critical: bool = False
    when: Conditions = Conditions()
    even_if_known: bool = False
    escalation_path: str = DEFAULT_PATH
    message: str = ""
    read_within_min: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a study gets when no rule speaks. `read_within_min` 0: no reading-time target."""

    priority: Priority
    read_within_min: int = 0


@dataclass(frozen=True, slots=True)
class KnownFindings:
    """A finding on the newest signed prior of at most `within_days` before is known; `lower_to` None: that lowers nothing by itself."""

    within_days: int
    lower_to: Priority | None


@dataclass(frozen=True, slots=True)
class OrderRule:
    """The worklist's scheduling rule: nobody waits beyond `waiting_cap`; a study counts one rank more urgent for every `age_step` it has waited."""

    waiting_cap: timedelta = timedelta(minutes=720)
    age_step: timedelta = timedelta(minutes=240)


def _wait(*, stat: int, asap: int, urgent: int, routine: int) -> dict[Priority, timedelta]:
    minutes = {Priority.STAT: stat, Priority.ASAP: asap, Priority.URGENT: urgent, Priority.ROUTINE: routine}
    return {priority: timedelta(minutes=each) for priority, each in minutes.items()}


_WAIT = _wait(stat=5, asap=10, urgent=15, routine=30)
BUILT_IN_PATH = EscalationPath(
    DEFAULT_PATH,
    tuple(EscalationStep(duty, _WAIT) for duty in ("primary", "secondary", "team_lead", "everyone")),
    timedelta(minutes=30),
    timedelta(minutes=60),
)
"""What a schema 1 policy, which knows no paths, escalates by; the policy that ships says the same."""


@dataclass(frozen=True, slots=True)
class TriagePolicy:
    """`patient_classes` maps a department's name in lower case (InstitutionalDepartmentName) to a patient class."""

    policy_version: str
    may_say_normal: bool
    rules: tuple[TriageRule, ...]
    ai_unavailable: Outcome
    default: Outcome
    paths: Mapping[str, EscalationPath] = field(default_factory=lambda: MappingProxyType({DEFAULT_PATH: BUILT_IN_PATH}))
    known_findings: KnownFindings | None = None
    conflict: ModelConflict = ModelConflict.HIGHEST
    order: OrderRule = OrderRule()
    patient_classes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def waiting_cap(self) -> timedelta:
        return self.order.waiting_cap


def load_policy(path: Path) -> TriagePolicy:
    """Read a policy of schema 1 or 2; raises PermanentError(code='bad_policy') naming the file and every problem with its line."""
    from wetread.triage.policy_file import read_policy  # pydantic and YAML only where a file is read

    return read_policy(path)
