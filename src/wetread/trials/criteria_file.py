"""A trial's criteria file (TOML: data, never expressions) to checked criteria. A refusal names the file, each key that is wrong and what is needed there."""

import tomllib
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

from wetread.domain.drafting_context import RecordKind
from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName, concept
from wetread.domain.study import Sex
from wetread.trials.criteria import (
    AgeRule,
    Criterion,
    Event,
    EventRule,
    FindingRule,
    LaboratoryRule,
    Relation,
    Rule,
    SexRule,
    TrialCriteria,
)
from wetread.trials.table import Table
from wetread.trials.truth import Truth

__all__ = ["EXAMPLE_CRITERIA", "read_criteria"]

EXAMPLE_CRITERIA = Path(__file__).parent / "example_criteria.toml"
"""An invented trial that uses every key."""

_SCHEMA = 1
_MOST_BYTES = 65_536
_MOST_CRITERIA = 100
_MOST_DAYS = 36_500
_NAME = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}"
_SIDES = ("left", "right", "bilateral")
_EVENTS = {
    "condition": RecordKind.CONDITION,
    "medication": RecordKind.MEDICATION_STATEMENT,
    "procedure": RecordKind.PROCEDURE,
}


def read_criteria(path: Path) -> TrialCriteria:
    """Raises PermanentError 'bad_criteria' that names the file, every key that is wrong and what is needed there."""
    content = _content(path)
    root = Table(_parsed(path, content))
    root.need("schema", Table.whole(_SCHEMA, _SCHEMA), _SCHEMA)
    trial = root.need("trial", Table.text(_NAME), "")
    title = root.need("title", Table.line(200), "")
    criteria = [
        _criterion(table, excludes=part == "exclude")
        for part in ("include", "exclude")
        for table in root.tables(part, _MOST_CRITERIA)
    ]
    names = [each.name for each in criteria if each is not None and each.name]
    root.refuse_if(len(set(names)) < len(names), "name", "each criterion needs a name of its own")
    root.refuse_if(not criteria, "include", "at least one criterion is needed")
    if faults := root.finished():
        raise _refused(path, "; ".join(faults))
    whole = tuple(each for each in criteria if each is not None)
    return TrialCriteria(trial, title, sha256(content).hexdigest(), whole)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _refused(path, f"cannot be read ({type(error).__name__})") from None
    if len(content) > _MOST_BYTES:
        raise _refused(path, f"is larger than {_MOST_BYTES} bytes")
    return content


def _parsed(path: Path, content: bytes) -> Mapping[str, object]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _refused(path, f"is no TOML in UTF-8 ({error})") from None


def _refused(path: Path, what: str) -> PermanentError:
    return PermanentError(f"criteria file {path.name}: {what}", code="bad_criteria")


def _criterion(table: Table, *, excludes: bool) -> Criterion | None:
    name = table.need("name", Table.text(_NAME), "")
    subjects = [key for key in _READERS if key in table]
    if len(subjects) != 1:
        table.refuse_if(True, "", f"exactly one of {', '.join(_READERS)} is needed")
        table.drop_rest()
        return None
    rule = _READERS[subjects[0]](table, subjects[0])
    return Criterion(name, rule, excludes) if rule is not None else None


def _age(table: Table, key: str) -> Rule:
    inner = table.table(key)
    rule = AgeRule(inner.may("at_least", Table.whole(0, 130), None), inner.may("at_most", Table.whole(0, 130), None))
    _refuse_empty(inner, rule.at_least, rule.at_most, "at_most")
    return rule


def _sex(table: Table, key: str) -> Rule:
    known = tuple(each.value for each in Sex if each is not Sex.UNKNOWN)
    none: tuple[str, ...] = ()
    return SexRule(frozenset(map(Sex, table.need(key, Table.choices(known), none))))


def _finding(table: Table, key: str) -> Rule | None:
    finding = table.may(key, Table.choice(tuple(FindingName)), None)
    by_report, by_model = (
        [k for k in ("signed", "laterality") if k in table],
        [k for k in ("at_least", "below") if k in table],
    )
    signed = table.may("signed", Table.choice(("present", "absent")), None)
    laterality = table.may("laterality", Table.choice(_SIDES), "")
    at_least, below = (table.may(each, Table.number(0, 1), None) for each in ("at_least", "below"))
    table.refuse_if(
        bool(by_report) == bool(by_model),
        "signed",
        "a finding is asked for by signed (and laterality), or by at_least and below of the model's probability",
    )
    table.refuse_if(bool(laterality) and signed != "present", "laterality", 'only with signed = "present"')
    _refuse_empty(table, at_least, below, "below", half_open=True, needed=bool(by_model))
    if finding is None:
        return None
    name = FindingName(finding)
    table.refuse_if(bool(laterality) and not concept(name).lateralised, "laterality", "this finding has no side")
    return FindingRule(name, signed is not None, signed != "absent", laterality, at_least, below)


def _laboratory(table: Table, key: str) -> Rule:
    rule = LaboratoryRule(
        codes=table.need(key, Table.codes, frozenset()),
        unit=table.need("unit", Table.line(40), ""),
        within_days=table.need("within_days", Table.whole(0, _MOST_DAYS), 0),
        at_least=table.may("at_least", Table.number(-1e12, 1e12), None),
        below=table.may("below", Table.number(-1e12, 1e12), None),
        any_value=table.may("value", Table.choice(("latest", "any")), "latest") == "any",
    )
    _refuse_empty(table, rule.at_least, rule.below, "below", half_open=True)
    return rule


def _event(table: Table, key: str) -> Rule:
    kind = _EVENTS[key]
    days = Table.whole(0, _MOST_DAYS)
    is_procedure = kind is RecordKind.PROCEDURE
    for each in ("began_within_days", "active"):
        table.refuse_if(is_procedure and each in table, each, "a procedure is done on a day: use within_days")
    unrecorded = table.may("not_recorded", Table.choice(("no", "unknown")), "no")
    return EventRule(
        event=Event(kind, table.need(key, Table.codes, frozenset())),
        within_days=table.may("within_days", days, None),
        began_within_days=table.may("began_within_days", days, None),
        active=table.may("active", Table.flag, None),
        relation=_relation(table),
        not_recorded=Truth.NO if unrecorded == "no" else Truth.UNKNOWN,
    )


def _relation(table: Table) -> Relation | None:
    stated = [key for key in ("after", "before") if key in table]
    table.refuse_if(len(stated) > 1, "after", "a criterion stands after or before one other event, not both")
    if not stated:
        return None
    inner = table.table(stated[0])
    kinds = [key for key in _EVENTS if key in inner]
    inner.refuse_if(len(kinds) != 1, "", f"exactly one of {', '.join(_EVENTS)} is needed")
    kind = kinds[0] if kinds else "condition"
    relation = Relation(
        other=Event(_EVENTS[kind], inner.need(kind, Table.codes, frozenset())),
        after=stated[0] == "after",
        within_days=inner.need("within_days", Table.whole(0, _MOST_DAYS), 0),
        at_least_days=inner.may("at_least_days", Table.whole(0, _MOST_DAYS), 0),
    )
    inner.refuse_if(relation.at_least_days > relation.within_days, "at_least_days", "must not be more than within_days")
    return relation


def _refuse_empty(
    table: Table, low: float | None, high: float | None, key: str, *, half_open: bool = False, needed: bool = True
) -> None:
    """A band that nothing can be in, or that everything is in."""
    table.refuse_if(needed and low is None and high is None, "at_least", f"at_least or {key} is needed")
    if low is not None and high is not None:
        table.refuse_if(low >= high if half_open else low > high, key, "leaves nothing: must be more than at_least")


_READERS: Mapping[str, Callable[[Table, str], Rule | None]] = {
    "age_years": _age,
    "sex": _sex,
    "finding": _finding,
    "laboratory": _laboratory,
    "condition": _event,
    "medication": _event,
    "procedure": _event,
}
