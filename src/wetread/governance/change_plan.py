"""A predetermined change control plan: which changes of a model are foreseen, by what protocol, and whether a measured version meets what was promised.

The parts are those of FDA's PCCP guidance (final December 2024, reissued 18 August 2025): description of modifications, modification protocol (data management, re-training, performance evaluation,
update procedure), impact assessment. Acceptance is judged on the lower end of the 95 % interval; what cannot be measured is not met.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wetread.domain.analysis import Rate
from wetread.domain.errors import PermanentError

__all__ = ["PROTOCOL", "Acceptance", "ChangePlan", "Criterion", "Modification", "Outcome", "judge", "read_plan"]

PROTOCOL = ("data_management", "retraining", "performance_evaluation", "update_procedure")
METRICS = ("auroc", "sensitivity", "specificity")


@dataclass(frozen=True, slots=True)
class Criterion:
    """The lower end of the 95 % interval of `metric` for `finding` must be `at_least` this."""

    finding: str
    metric: str
    at_least: float


@dataclass(frozen=True, slots=True)
class Modification:
    """One foreseen change; texts are "" where the plan is silent."""

    modification_id: str
    description: str
    protocol: tuple[tuple[str, str], ...]
    benefits: str
    risks: str
    mitigations: str
    acceptance: tuple[Criterion, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Parts that the guidance asks for and the plan does not say."""
        parts = (*self.protocol, ("benefits", self.benefits), ("risks", self.risks), ("mitigations", self.mitigations))
        silent = [name for name, text in (("description", self.description), *parts) if not text]
        return (*silent, *(() if self.acceptance else ("acceptance",)))


@dataclass(frozen=True, slots=True)
class ChangePlan:
    plan_id: str
    device: str
    modifications: tuple[Modification, ...]


class Outcome(StrEnum):
    MET = "met"
    NOT_MET = "not met"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A criterion beside what was measured: `measured` None where nothing may be said."""

    criterion: Criterion
    outcome: Outcome
    measured: Rate | None


def judge(criterion: Criterion, measured: Mapping[tuple[str, str], Rate]) -> Acceptance:
    """Held against the measured value by (finding, metric)."""
    found = measured.get((criterion.finding, criterion.metric))
    if found is None:
        return Acceptance(criterion, Outcome.NOT_MEASURED, None)
    return Acceptance(criterion, Outcome.MET if found.low >= criterion.at_least else Outcome.NOT_MET, found)


def read_plan(document: object) -> ChangePlan:
    """A plan from parsed JSON. Raises PermanentError ('bad_plan') that names the place."""
    whole = _object(document, "the plan")
    modifications = whole.get("modifications")
    if not isinstance(modifications, list) or not modifications:
        raise _bad("the plan foresees no modification")
    made = tuple(_modification(each, place) for place, each in enumerate(modifications, 1))
    if len({each.modification_id for each in made}) != len(made):
        raise _bad("two modifications have one id")
    return ChangePlan(_text(whole, "plan_id", "the plan", needed=True), _text(whole, "device", "the plan"), made)


def _modification(document: object, place: int) -> Modification:
    where = f"modification {place}"
    stated = _object(document, where)
    impact = _object(stated.get("impact_assessment", {}), f"{where}, impact_assessment")
    acceptance = stated.get("acceptance", [])
    if not isinstance(acceptance, list):
        raise _bad(f"{where}: acceptance is a list")
    return Modification(
        _text(stated, "id", where, needed=True),
        _text(stated, "description", where),
        tuple((name, _text(stated, name, where)) for name in PROTOCOL),
        _text(impact, "benefits", where),
        _text(impact, "risks", where),
        _text(impact, "mitigations", where),
        tuple(_criterion(each, where) for each in acceptance),
    )


def _criterion(document: object, where: str) -> Criterion:
    stated = _object(document, f"{where}, acceptance")
    metric, limit = _text(stated, "metric", where, needed=True), stated.get("at_least")
    if metric not in METRICS:
        raise _bad(f"{where}: a metric is {', '.join(METRICS)}")
    if isinstance(limit, bool) or not isinstance(limit, (int, float)) or not 0 < limit <= 1:
        raise _bad(f"{where}: at_least lies above 0 and at most at 1")
    return Criterion(_text(stated, "finding", where, needed=True), metric, float(limit))


def _object(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise _bad(f"{where} is an object")
    return value


def _text(stated: Mapping[str, object], name: str, where: str, *, needed: bool = False) -> str:
    value = stated.get(name, "")
    if not isinstance(value, str) or (needed and not value.strip()):
        raise _bad(f"{where}: {name} is a text")
    return value.strip()


def _bad(message: str) -> PermanentError:
    return PermanentError(message, code="bad_plan")
