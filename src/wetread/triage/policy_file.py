"""Reads a policy file and finds everything that is wrong with it, each with its line. The safe YAML loader makes plain data only."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from wetread.domain.errors import PermanentError
from wetread.triage.policy import DEFAULT_PATH, TriagePolicy
from wetread.triage.policy_document import PolicyDocument, PolicyDocument1
from wetread.triage.said_of_file import in_words

__all__ = ["Problem", "check_policy", "policy_schema", "read_policy"]

_Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at a line (1-based; 0: the file as a whole). `where` is the path of keys, as in rules.0.finding."""

    line: int
    where: str
    message: str

    def __str__(self) -> str:
        place = ": ".join(filter(None, (f"line {self.line}" if self.line else "", self.where)))
        return f"{place}: {self.message}" if place else self.message


def read_policy(path: Path) -> TriagePolicy:
    """See `policy.load_policy`."""
    policy, problems = check_policy(_text_of(path))
    if policy is None:
        raise PermanentError(f"triage policy {path.name}: {'; '.join(map(str, problems))}", code="bad_policy")
    return policy


def check_policy(text: str) -> tuple[TriagePolicy | None, tuple[Problem, ...]]:
    """The policy, or None and every problem found."""
    try:
        data = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        return None, (_unreadable(error),)
    except RecursionError:
        return None, (Problem(0, "", "not YAML that may be read: it is nested too deeply"),)
    document, wrong = _validated(data)
    wrong += list(_across(data)) if isinstance(data, dict) else []
    if document is None or wrong:
        root = YAML(typ="safe", pure=True).compose(text)
        problems = {Problem(_line(root, place), ".".join(map(str, place)), message) for place, message in wrong}
        return None, tuple(sorted(problems, key=lambda each: (each.line, each.where, each.message)))
    return document.policy(), ()


def policy_schema() -> str:
    """JSON Schema (draft 2020-12) of schema 2, for editors."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **PolicyDocument.model_json_schema()}
    return json.dumps(schema, indent=1) + "\n"


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PermanentError(f"triage policy {path.name} cannot be read: {error}", code="bad_policy") from error


def _validated(data: object) -> tuple[PolicyDocument | PolicyDocument1 | None, list[tuple[_Place, str]]]:
    is_first = isinstance(data, dict) and data.get("schema", 1) == 1
    try:
        return (PolicyDocument1 if is_first else PolicyDocument).model_validate(data), []
    except ValidationError as error:
        return None, [(each["loc"], in_words(each["type"], each["msg"])) for each in error.errors(include_input=False)]


def _across(data: dict[str, object]) -> Iterator[tuple[_Place, str]]:
    """What no single key can tell: looked for in the raw data, so that it is found beside other problems."""
    rules = [each for each in cast("list[object]", data.get("rules") or []) if isinstance(each, dict)]
    ids = Counter(str(each.get("id")) for each in rules)
    paths = data.get("escalation_paths") or {}
    known = set(paths) if isinstance(paths, dict) else set()
    for number, rule in enumerate(rules):
        if ids[str(rule.get("id"))] > 1:
            yield ("rules", number, "id"), f"two rules share an id: {rule.get('id')}"
        path = rule.get("escalation_path", DEFAULT_PATH)
        if (
            data.get("schema") == 2
            and (rule.get("critical") is True or "escalation_path" in rule)
            and path not in known
        ):
            yield ("rules", number, "escalation_path"), f"there is no escalation path {path}"
        when = rule.get("when")
        if isinstance(when, dict) and when.get("known_on_prior") is not None and not data.get("known_findings"):
            yield (
                ("rules", number, "when", "known_on_prior"),
                "set known_findings.within_days: how old may the prior be?",
            )


def _line(root: Node | None, place: _Place) -> int:
    """The line of the deepest part of `place` that the file holds."""
    node, line = root, 1
    for step in place:
        found = _child(node, step)
        if found is None:
            break
        line, node = found
    return line


def _child(node: Node | None, step: str | int) -> tuple[int, Node] | None:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None


def _unreadable(error: YAMLError) -> Problem:
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    words = error.problem if isinstance(error, MarkedYAMLError) and error.problem else str(error)
    return Problem(mark.line + 1 if mark else 0, "", f"not YAML that may be read: {words}")
