"""What we write into a FHIR R4 Task, and which Tasks are ours. Pure."""

from datetime import datetime

from wetread.domain.asked_task import AskedTask, TaskStatus
from wetread.fhir.datatypes import Json, instant, report_identifier
from wetread.fhir.record_values import objects, text_of

__all__ = ["ours", "report_output", "why_of", "with_status"]


def ours(task: Json, owner: str, base_url: str) -> bool:
    """`owner` is a reference ('Device/12') or an identifier ('system|value')."""
    said = task.get("owner")
    if not isinstance(said, dict) or not owner:
        return False
    system, bar, value = owner.rpartition("|")
    if not bar:
        return text_of(said.get("reference"), 500).removeprefix(f"{base_url}/") == owner
    named = said.get("identifier")
    return isinstance(named, dict) and (named.get("system"), named.get("value")) == (system, value)


def with_status(task: Json, asked: AskedTask, secret: bytes, now: datetime) -> Json:
    """The Task as it is, with our status, its reason in words, and the report once there is one."""
    kept = {name: value for name, value in task.items() if name not in ("businessStatus", "statusReason")}
    changed: Json = {**kept, "status": asked.status.value, "lastModified": instant(now), **why_of(asked)}
    if asked.status is TaskStatus.COMPLETED and asked.study_key:
        report = report_output(secret, asked)
        changed["output"] = [*(each for each in objects(task.get("output")) if each and each != report), report]
    return changed


def why_of(asked: AskedTask) -> Json:
    """The reason of its status in words: where R4 has it for what goes on, or for what has ended."""
    name = "businessStatus" if asked.status is TaskStatus.IN_PROGRESS else "statusReason"
    return {name: {"text": asked.reason}} if asked.reason else {}


def report_output(secret: bytes, asked: AskedTask, place: str = "") -> Json:
    """The report by the identifier under which the sink sends it; `place` is where it stands, if that is known."""
    named: Json = {"type": "DiagnosticReport", "identifier": report_identifier(secret, str(asked.study_key))}
    return {"type": {"text": "report"}, "valueReference": {**({"reference": place} if place else {}), **named}}
