"""Every act that the code writes down has its place among DICOM's audit events."""

import ast
import re
from pathlib import Path

import pytest

from wetread.domain.audit import AuditEvent
from wetread.domain.audit_kind import ACTS, FAMILIES, OTHER, audit_kind

SOURCE = Path(__file__).parents[3] / "src" / "wetread"
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


@pytest.mark.parametrize(
    ("action", "event", "deed", "what"),
    [
        ("service.start", "110100", "E", "110120"),
        ("service.stop", "110100", "E", "110121"),
        ("audit.export", "110101", "R", None),
        ("study.read", "110103", "R", None),
        ("film.read", "110103", "R", None),
        ("instance.store", "110104", "C", None),
        ("dimse.retrieve", "110104", "R", None),
        ("report.deliver", "110104", "R", None),
        ("erasure.done", "110105", "D", None),
        ("predictions.export", "110106", "R", None),
        ("read.ask", "110109", "C", None),
        ("patient.unmerge", "110110", "U", None),
        ("identity.compare", "110110", "R", None),
        ("report.sign", "110111", "U", None),
        ("study.analyse", "110111", "E", None),
        ("dicomweb.query", "110112", "E", None),
        ("refused", "110113", "E", "110132"),
        ("association.reject", "110113", "E", "110126"),
        ("account.add", "110113", "U", "110137"),
        ("policy.activate", "110113", "U", "110131"),
        ("legal_hold.place", "110113", "U", "110135"),
        ("login", "110114", "E", "110122"),
        ("logout", "110114", "E", "110123"),
        ("session.revoke", "110114", "E", "110123"),
        ("nobody.knows", "110100", "E", None),
    ],
)
def test_one_event_per_act(action: str, event: str, deed: str, what: str | None) -> None:
    kind = audit_kind(AuditEvent(action, "x"))
    assert (kind.event[0], kind.deed, kind.what and kind.what[0]) == (event, deed, what)


def test_whoever_reads_the_log_through_fhir_uses_the_log() -> None:
    read, of_log = AuditEvent("fhir.read", "x"), AuditEvent("fhir.read", "x", detail=(("type", "AuditEvent"),))
    assert [audit_kind(each).event[0] for each in (read, of_log)] == ["110111", "110101"]
