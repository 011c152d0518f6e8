"""The site's triage policy: a YAML file read once, checked against a schema, frozen. It holds data only; no expression in it is executed."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.domain.priority import Priority

__all__ = ["DEFAULT_POLICY", "TriagePolicy", "TriageRule", "load_policy"]

DEFAULT_POLICY = Path(__file__).parent / "default_policy.yaml"


@dataclass(frozen=True, slots=True)
class TriageRule:
    """All conditions that are set must hold. Ages in years; a rule with an age bound does not match an unknown age."""

    rule_id: str
    finding: FindingName
    called: bool
    probability_at_least: float
    minimum_age_years: int
    maximum_age_years: int
    priority: Priority
    critical: bool


@dataclass(frozen=True, slots=True)
class TriagePolicy:
    policy_version: str
    may_say_normal: bool
    rules: tuple[TriageRule, ...]
    ai_unavailable: Priority
    default: Priority


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _RuleDocument(_Document):
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    finding: FindingName
    called: bool = False
    probability_at_least: float = Field(default=0.0, ge=0.0, le=1.0)
    minimum_age_years: int = Field(default=0, ge=0, le=150)
    maximum_age_years: int = Field(default=150, ge=0, le=150)
    priority: Priority
    critical: bool = False

    @model_validator(mode="after")
    def _must_ask_something(self) -> "_RuleDocument":
        if not self.called and self.probability_at_least == 0.0:
            raise ValueError(f"rule {self.id} would match every film: set called or probability_at_least")
        return self


class _OutcomeDocument(_Document):
    priority: Priority


class _PolicyDocument(_Document):
    policy_version: str = Field(min_length=1, max_length=64)
    may_say_normal: bool = False
    rules: tuple[_RuleDocument, ...]
    ai_unavailable: _OutcomeDocument
    default: _OutcomeDocument

    @model_validator(mode="after")
    def _ids_are_unique(self) -> "_PolicyDocument":
        ids = [rule.id for rule in self.rules]
        if len(set(ids)) != len(ids):
            raise ValueError("two rules share an id")
        return self


def load_policy(path: Path) -> TriagePolicy:
    """Read a policy; raises PermanentError(code='bad_policy') naming the file, the rule and the problem."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = _PolicyDocument.model_validate(YAML(typ="safe", pure=True).load(path.read_text("utf-8")))
    except (OSError, YAMLError, ValidationError) as error:
        raise PermanentError(f"triage policy {path.name}: {error}", code="bad_policy") from error
    rules = tuple(
        TriageRule(
            rule.id,
            rule.finding,
            rule.called,
            rule.probability_at_least,
            rule.minimum_age_years,
            rule.maximum_age_years,
            rule.priority,
            rule.critical,
        )
        for rule in document.rules
    )
    return TriagePolicy(
        document.policy_version,
        document.may_say_normal,
        rules,
        document.ai_unavailable.priority,
        document.default.priority,
    )
