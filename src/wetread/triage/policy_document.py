"""The schema of a policy file, versions 1 and 2, and its translation to `TriagePolicy`. Unknown keys are refused."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from wetread.domain.critical import EscalationPath, EscalationStep
from wetread.domain.finding import FindingName
from wetread.domain.priority import Priority
from wetread.triage.message import problem_of
from wetread.triage.policy import (
    DEFAULT_PATH,
    Conditions,
    KnownFindings,
    ModelConflict,
    OrderRule,
    Outcome,
    TriagePolicy,
    TriageRule,
)

__all__ = ["PolicyDocument", "PolicyDocument1"]

_Probability = Annotated[float, Field(ge=0.0, le=1.0)]
_Age = Annotated[int, Field(ge=0, le=150)]
_Minutes = Annotated[int, Field(ge=1, le=7 * 24 * 60)]
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
_RuleId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
_Site = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
_Class = Literal["emergency", "inpatient", "outpatient"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Rule1(_Part):
    id: _RuleId
    finding: FindingName
    called: bool = False
    probability_at_least: _Probability = 0.0
    minimum_age_years: _Age = 0
    maximum_age_years: _Age = 150
    priority: Priority
    critical: bool = False

    @model_validator(mode="after")
    def _must_ask_something(self) -> "_Rule1":
        if not self.called and self.probability_at_least == 0.0:
            raise ValueError(f"rule {self.id} would match every film: set called or probability_at_least")
        return self

    def rule(self) -> TriageRule:
        ages = Conditions(minimum_age_years=self.minimum_age_years, maximum_age_years=self.maximum_age_years)
        return TriageRule(
            self.id,
            self.finding,
            self.called,
            self.probability_at_least,
            self.priority,
            critical=self.critical,
            when=ages,
        )


class _Outcome1(_Part):
    priority: Priority


class PolicyDocument1(_Part):
    """Schema 1: no `schema` key; critical rules escalate by the built-in path."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    policy_version: str = Field(min_length=1, max_length=64)
    may_say_normal: bool = False
    rules: tuple[_Rule1, ...]
    ai_unavailable: _Outcome1
    default: _Outcome1

    def policy(self) -> TriagePolicy:
        return TriagePolicy(
            self.policy_version,
            self.may_say_normal,
            tuple(each.rule() for each in self.rules),
            Outcome(self.ai_unavailable.priority),
            Outcome(self.default.priority),
        )


class _When(_Part):
    """What else must hold of the study."""

    patient_class: tuple[_Class, ...] = Field(default=(), description="Any of these; never matches an unknown class.")
    minimum_age_years: _Age = Field(default=0, description="Matches only where the age is known.")
    maximum_age_years: _Age = 150
    with_findings: tuple[FindingName, ...] = Field(
        default=(), description="These must be called as well; a tube or line is support_devices."
    )
    sites: tuple[_Site, ...] = Field(default=(), description="Any of these sites.")
    known_on_prior: bool | None = Field(
        default=None, description="true: the finding is on the newest signed prior within known_findings.within_days."
    )

    @model_validator(mode="after")
    def _ages_leave_room(self) -> "_When":
        if self.minimum_age_years > self.maximum_age_years:
            raise ValueError("no age is between minimum_age_years and maximum_age_years")
        return self

    def conditions(self) -> Conditions:
        return Conditions(
            self.patient_class,
            self.minimum_age_years,
            self.maximum_age_years,
            self.with_findings,
            self.sites,
            self.known_on_prior,
        )


class _Rule(_Part):
    id: _RuleId = Field(description="Stored with every decision; never reuse one for another meaning.")
    finding: FindingName
    called: bool = Field(default=False, description="true: the probability reaches the model's operating point.")
    at_least: _Probability = Field(default=0.0, description="The calibrated probability is at least this.")
    below: float = Field(default=0.0, ge=0.0, le=1.0, description="... and below this; 0: no upper bound.")
    when: _When = _When()
    priority: Priority
    critical: bool = Field(default=False, description="true: a person must acknowledge it; pages escalate until then.")
    even_if_known: bool = Field(default=False, description="true: a known finding lowers nothing for this rule.")
    escalation_path: _Name = Field(default=DEFAULT_PATH, description="One of escalation_paths.")
    message: str = Field(
        default="", max_length=160, description="What the page says; see docs/triage.md for the holes."
    )
    read_within_minutes: _Minutes | None = Field(default=None, description="Reading-time target.")

    @field_validator("message")
    @classmethod
    def _message_is_plain(cls, value: str) -> str:
        if problem := problem_of(value):
            raise ValueError(problem)
        return value

    @model_validator(mode="after")
    def _band_leaves_room(self) -> "_Rule":
        if not self.called and self.at_least == 0.0:
            raise ValueError(f"rule {self.id} would match every film: set called or at_least")
        if 0.0 < self.below <= self.at_least:
            raise ValueError(f"rule {self.id} can never match: below is not above at_least")
        return self

    def rule(self) -> TriageRule:
        return TriageRule(
            self.id,
            self.finding,
            self.called,
            self.at_least,
            self.priority,
            below=self.below,
            critical=self.critical,
            when=self.when.conditions(),
            even_if_known=self.even_if_known,
            escalation_path=self.escalation_path,
            message=self.message,
            read_within_min=self.read_within_minutes or 0,
        )


class _Outcome(_Part):
    priority: Priority
    read_within_minutes: _Minutes | None = None

    def outcome(self) -> Outcome:
        return Outcome(self.priority, self.read_within_minutes or 0)


class _Waits(_Part):
    """Minutes to the next step while nobody acknowledges, by priority."""

    stat: _Minutes
    asap: _Minutes
    urgent: _Minutes
    routine: _Minutes


class _Step(_Part):
    duty: _Name = Field(description="Whom the step pages: a duty of the roster, or everyone.")
    wait_minutes: _Minutes | _Waits

    def step(self) -> EscalationStep:
        waits = self.wait_minutes
        minutes = {each: waits if isinstance(waits, int) else getattr(waits, each.value) for each in Priority}
        return EscalationStep(self.duty, {each: timedelta(minutes=wait) for each, wait in minutes.items()})


class _Path(_Part):
    steps: tuple[_Step, ...] = Field(min_length=1, description="In order; the last one repeats.")
    acknowledge_within_minutes: _Minutes = 30
    communicate_within_minutes: _Minutes = Field(default=60, description="ACR category 1: 60.")

    def path(self, name: str) -> EscalationPath:
        return EscalationPath(
            name,
            tuple(each.step() for each in self.steps),
            timedelta(minutes=self.acknowledge_within_minutes),
            timedelta(minutes=self.communicate_within_minutes),
        )


class _KnownFindings(_Part):
    within_days: int = Field(ge=1, le=3650)
    lower_to: Priority | None = Field(default=None, description="Unset: a known finding lowers nothing by itself.")


class _Models(_Part):
    conflict: ModelConflict = ModelConflict.HIGHEST


class _Order(_Part):
    waiting_cap_minutes: _Minutes = Field(default=720, description="Nobody waits longer because a model saw nothing.")
    age_step_minutes: _Minutes = Field(default=240, description="A study counts one rank more for each it has waited.")


class PolicyDocument(_Part):
    """Triage policy of a wetread site, schema 2. Data only: nothing in it is executed."""

    schema_: Literal[2] = Field(alias="schema")
    policy_version: str = Field(min_length=1, max_length=64, description="Stored with every decision.")
    may_say_normal: bool = Field(default=False, description="May a draft say that there is no acute finding?")
    rules: tuple[_Rule, ...]
    known_findings: _KnownFindings | None = None
    escalation_paths: dict[_Name, _Path] = {}
    models: _Models = _Models()
    order: _Order = _Order()
    patient_classes: dict[str, _Class] = Field(
        default={}, description="InstitutionalDepartmentName (0008,1040), whole and in any case, to a patient class."
    )
    ai_unavailable: _Outcome
    default: _Outcome

    @field_validator("patient_classes")
    @classmethod
    def _departments_differ(cls, value: dict[str, str]) -> dict[str, str]:
        if len({name.strip().lower() for name in value}) < len(value):
            raise ValueError("two departments differ in case or blanks only")
        return value

    def policy(self) -> TriagePolicy:
        known, order = self.known_findings, self.order
        return TriagePolicy(
            self.policy_version,
            self.may_say_normal,
            tuple(each.rule() for each in self.rules),
            self.ai_unavailable.outcome(),
            self.default.outcome(),
            {name: each.path(name) for name, each in self.escalation_paths.items()},
            KnownFindings(known.within_days, known.lower_to) if known else None,
            self.models.conflict,
            OrderRule(timedelta(minutes=order.waiting_cap_minutes), timedelta(minutes=order.age_step_minutes)),
            {name.strip().lower(): each for name, each in self.patient_classes.items()},
        )
