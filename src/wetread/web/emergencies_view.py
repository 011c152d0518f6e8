"""Emergency access over HTTP: opened with a reason and one's own password, listed for review, judged by somebody else."""

from starlette.responses import Response

from wetread.domain.audit import AuditQuery
from wetread.domain.emergency import EmergencyAccess, EmergencyReason, EmergencyVerdict
from wetread.domain.identifiers import StudyKey
from wetread.domain.role import Act
from wetread.governance.emergency_desk import EmergencyDesk
from wetread.ports.vault import Search
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call, Operation, by_person
from wetread.web.problems import Refusal
from wetread.web.reading_json import Json
from wetread.web.schema import Schema, choice, record, text

__all__ = ["EMERGENCY_OPERATIONS", "emergency_json"]

_MOST_COUNTED = 1000
OPEN_BODY: Schema = record(
    {
        "study": text(64, min_length=1),
        "reason": choice(*EmergencyReason),
        "words": text(500),
        "password": text(256, min_length=1),
    }
)
REVIEW_BODY: Schema = record({"verdict": choice(*EmergencyVerdict), "note": text(500)})


def open_in_emergency(call: Call) -> Response:
    """`study`: its key, or its whole accession number; nothing is searched for by beginnings."""
    call.confirm()
    key, reason = _study(call, call.text("study").strip()), EmergencyReason(call.text("reason"))
    return json_answer(emergency_json(_desk(call).open(call.signed_in.actor, key, reason, call.text("words"))))


def get_emergencies(call: Call) -> Response:
    """`accesses`: how many requests were answered under it, as the audit log has them."""
    now = call.house.services.clock.now()
    rows = [
        {**emergency_json(each), "words": each.words, "accesses": _accesses(call, each), "running": each.holds(now)}
        for each in _desk(call).listed(call.signed_in.actor)
    ]
    return json_answer({"emergencies": rows, "verdicts": list(EmergencyVerdict)})


def review(call: Call) -> Response:
    number = call.path["number"]
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Refusal(404, "no_emergency", "there is no emergency access of that number")
    judged = _desk(call).review(
        call.signed_in.actor, int(number), EmergencyVerdict(call.text("verdict")), call.text("note")
    )
    return json_answer(emergency_json(judged))


def emergency_json(access: EmergencyAccess) -> Json:
    """Without the person's words, which may tell of the patient."""
    return {
        "number": access.number,
        "actor_id": access.actor_id,
        "study_key": access.study_key,
        "reason": access.reason.value,
        "opened_at": access.opened_at.isoformat(),
        "ends_at": access.ends_at.isoformat(),
        "verdict": access.verdict.value if access.verdict else None,
        "note": access.note,
        "reviewed_by": access.reviewed_by,
        "reviewed_at": access.reviewed_at.isoformat() if access.reviewed_at else None,
    }


def _study(call: Call, named: str) -> StudyKey | None:
    with call.house.services.database.begin(write=False) as unit:
        if unit.find_study(StudyKey(named)):
            return StudyKey(named)
    if set("*?\\") & set(named):
        return None
    found = call.house.services.vault.unnamed.search_studies(Search({"AccessionNumber": named}, 2))
    return found[0].study_key if len(found) == 1 else None


def _accesses(call: Call, access: EmergencyAccess) -> int:
    query = AuditQuery(
        access.actor_id, "emergency.access", access.study_key, since=access.opened_at, limit=_MOST_COUNTED
    )
    mark = ("emergency", str(access.number))
    return sum(mark in each.event.detail for each in call.house.services.database.search_audit(query))


def _desk(call: Call) -> EmergencyDesk:
    services = call.house.services
    return EmergencyDesk(services.database, services.clock, services.settings.emergency_minutes)


_ALL = "/api/emergencies"
EMERGENCY_OPERATIONS: tuple[Operation, ...] = (
    by_person("POST", _ALL, "open_in_emergency", "See one study out of reach, saying why; asks for the password. Audited; rings.", open_in_emergency, "the access", Act.OPEN_IN_EMERGENCY, OPEN_BODY),
    Operation("GET", _ALL, "emergencies", "Emergency accesses, what waits for a verdict first.", get_emergencies, "accesses with their reasons", act=Act.REVIEW_EMERGENCIES),
    by_person("POST", f"{_ALL}/{{number}}/review", "review_emergency", "Judge what somebody else opened; it ends with it. Audited.", review, "the access", Act.REVIEW_EMERGENCIES, REVIEW_BODY),
)  # fmt: skip
