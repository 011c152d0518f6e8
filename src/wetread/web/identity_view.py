"""Films that may be another patient's: what is open, what film and order say side by side, and a person's answer."""

from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.identity_access import Purpose
from wetread.domain.identity_hold import IdentityHold, Resolution, stops_signing
from wetread.domain.order import Person, person_of
from wetread.domain.role import Act
from wetread.signoff.identity import IdentityDesk
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call, Operation, by_person
from wetread.web.reach import within_sites
from wetread.web.reading_json import Json
from wetread.web.schema import Schema, choice, record, text
from wetread.web.studies import study_key_of

__all__ = ["ANSWER_BODY", "IDENTITY_OPERATIONS", "answer_hold", "get_holds", "get_open_holds", "hold_json"]

ANSWER_BODY: Schema = record({"hold_key": text(64, min_length=1), "answer": choice(*Resolution)})


def hold_json(hold: IdentityHold) -> Json:
    """Without identity: which attributes differ, never what they are."""
    return {
        "hold_key": hold.hold_key,
        "study_key": hold.study_key,
        "kind": hold.kind.value,
        "differs": list(hold.differs),
        "opened_at": hold.opened_at.isoformat(),
        "stops_signing": stops_signing(hold),
        "answer": hold.resolution.value if hold.resolution else None,
        "answered_by": hold.resolved_by,
        "answered_at": hold.resolved_at.isoformat() if hold.resolved_at else None,
    }


def get_open_holds(call: Call) -> Response:
    """What nobody has answered, then what was found to be another patient's and still stops a signature."""
    with call.house.services.database.begin(write=False) as unit:
        holds = (*unit.open_holds(), *unit.wrong_patients())
        there = within_sites(unit, call.signed_in.actor, frozenset(each.study_key for each in holds))
    return json_answer({"holds": [hold_json(each) for each in holds if each.study_key in there]})


def get_holds(call: Call) -> Response:
    """Every hold of a study, with what the film says and what the message said: identity, for those who may read the study."""
    key = study_key_of(call)
    with call.house.services.database.begin(write=False) as unit:
        unit.study(key)
        holds = unit.holds_of((key,)).get(key, ())
    if holds:
        call.house.audit_seldom(AuditEvent("identity.compare", call.signed_in.actor.actor_id, study_key=key))
    identity = call.named(Purpose.COMPARE).identities([key]).get(key) if holds else None
    film = _person(person_of(identity)) if identity else None
    return json_answer({"holds": [_compared(call, film, each) for each in holds]})


def _compared(call: Call, film: Json | None, hold: IdentityHold) -> Json:
    services = call.house.services
    said = services.order_store.claim(hold.hold_key) if services.order_store else None
    return {
        **hold_json(hold),
        "film": film,
        "said": _person(said) if said else None,
    }


def _person(person: Person) -> Json:
    return {
        "patient_id": person.number.patient_id,
        "issuer_of_patient_id": person.number.issuer_of_patient_id,
        "patient_name": person.name,
        "patient_birth_date": person.birth_date,
        "patient_sex": person.sex.value,
    }


def answer_hold(call: Call) -> Response:
    services, key = call.house.services, study_key_of(call)
    desk = IdentityDesk(services.database, services.clock)
    answered = desk.answer(call.signed_in.actor, key, call.text("hold_key"), Resolution(call.text("answer")))
    return json_answer(hold_json(answered))


_STUDY = "/api/studies/{study_key}/identity"

IDENTITY_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "/api/identity-holds", "identity_holds", "Films that may be another patient's, and changes of identity that nobody has looked at.",
        get_open_holds, "holds, without identity", act=Act.READ_STUDY,
    ),
    Operation("GET", _STUDY, "identity", "What film and order say of the patient, side by side. Audited.", get_holds, "holds of this study", act=Act.READ_STUDY),
    by_person(
        "POST", _STUDY, "answer_identity", "Is it the right patient? Until somebody says so, nothing of a mismatch is signed or sent. Audited.",
        answer_hold, "the hold", Act.EDIT_DRAFT, ANSWER_BODY,
    ),
)  # fmt: skip
