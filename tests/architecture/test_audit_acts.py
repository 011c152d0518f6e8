"""Every act that the code writes down has its place among DICOM's audit events (domain/audit_kind.py)."""

import ast
import re
from pathlib import Path

from wetread.domain.audit import AuditEvent
from wetread.domain.audit_kind import ACTS, FAMILIES, OTHER, audit_kind

SOURCE = Path(__file__).parents[2] / "src" / "wetread"
ACT = re.compile(r"[a-z_]+\.[a-z_]+")
WRITERS = re.compile(r"AuditEvent|Written|_?audit\w*|_finish|_act|_save|_end|_event|_step|_change\w*|_open\w*")


def acts_of_the_code() -> set[str]:
    """The verbs, or their families, that stand as texts in a call that writes an audit record."""
    found = set()
    texts = [text for file in SOURCE.rglob("*.py") if "AuditEvent" in (text := file.read_text("utf-8"))]
    for text in texts:
        for call in ast.walk(ast.parse(text)):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            for argument in call.args if WRITERS.fullmatch(name) else ():
                found |= _verbs(argument)
    return found


def _verbs(argument: ast.expr) -> set[str]:
    if isinstance(argument, ast.JoinedStr):  # f"policy.{act}": its family is written out
        argument = argument.values[0]
        return (
            {f"{argument.value}any"}
            if isinstance(argument, ast.Constant) and str(argument.value)[-1:] == "."
            else set()
        )
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return {argument.value} if ACT.fullmatch(argument.value) else set()
    return set()


def test_no_act_is_without_a_place() -> None:
    acts = acts_of_the_code()
    assert len(acts) > 80
    assert {each for each in acts if audit_kind(AuditEvent(each, "x")) is OTHER} == set()
    assert {each for each in ACTS if each.partition(".")[0] not in FAMILIES} == set()
