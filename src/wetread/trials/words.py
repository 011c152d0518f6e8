"""A criterion in words, as `wetread trials check` reads it back to whoever wrote the file."""

from wetread.domain.drafting_context import RecordKind
from wetread.domain.finding import concept
from wetread.trials.criteria import AgeRule, Event, EventRule, FindingRule, LaboratoryRule, Relation, Rule, SexRule
from wetread.trials.truth import Truth

__all__ = ["in_words"]

_NOUNS = {
    RecordKind.CONDITION: "condition",
    RecordKind.MEDICATION_STATEMENT: "medicine",
    RecordKind.PROCEDURE: "procedure",
}


def in_words(rule: Rule) -> str:
    if isinstance(rule, AgeRule):
        return f"age {_band(rule.at_least, rule.at_most, 'at most')} years"
    if isinstance(rule, SexRule):
        return f"sex {' or '.join(sorted(rule.sexes))}"
    if isinstance(rule, FindingRule):
        return _finding(rule)
    if isinstance(rule, LaboratoryRule):
        which = "any" if rule.any_value else "the latest"
        value = _band(rule.at_least, rule.below, "below")
        return f"laboratory {_codes(rule.codes)}: {which} in {rule.within_days} days {value} {rule.unit}"
    return _event(rule)


def _band(low: float | None, high: float | None, word: str) -> str:
    parts = [f"at least {low:g}" if low is not None else "", f"{word} {high:g}" if high is not None else ""]
    return " and ".join(filter(None, parts))


def _finding(rule: FindingRule) -> str:
    name = concept(rule.finding).display
    if rule.signed:
        side = f", {rule.laterality}" if rule.laterality else ""
        return f"{name} signed as {'present' if rule.present else 'absent'}{side}"
    return f"{name}, calibrated probability {_band(rule.at_least, rule.below, 'below')}"


def _event(rule: EventRule) -> str:
    verb = "done" if rule.event.kind is RecordKind.PROCEDURE else "going on"
    parts = [
        _noun(rule.event),
        "" if rule.active is None else "active now" if rule.active else "not active now",
        "" if rule.within_days is None else f"{verb} in the last {rule.within_days} days",
        "" if rule.began_within_days is None else f"begun in the last {rule.began_within_days} days",
        _relation(rule.relation) if rule.relation else "",
        "unknown where not recorded" if rule.not_recorded is Truth.UNKNOWN else "",
    ]
    return ", ".join(filter(None, parts))


def _relation(relation: Relation) -> str:
    least = f"{relation.at_least_days} to " if relation.at_least_days else "at most "
    return f"{least}{relation.within_days} days {'after' if relation.after else 'before'} {_noun(relation.other)}"


def _noun(event: Event) -> str:
    return f"{_NOUNS[event.kind]} {_codes(event.codes)}"


def _codes(codes: frozenset[tuple[str, str]]) -> str:
    return " or ".join(f"{scheme}|{value}" for scheme, value in sorted(codes))
