"""Erasures and legal holds over HTTP: what stands, what was asked for, what stays of erased studies; and each act, with the person's own password."""

from collections.abc import Callable

from starlette.responses import Response

from wetread.domain.erasure import A_PERSONS_REASONS, Erasure, ErasureReason, Tombstone
from wetread.domain.identifiers import StudyKey
from wetread.domain.legal_hold import HoldReason, LegalHold
from wetread.domain.role import Act, Actor
from wetread.governance.erasure_desk import ErasureDesk
from wetread.governance.legal_hold_desk import LegalHoldDesk
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call, Operation, by_person
from wetread.web.problems import Refusal
from wetread.web.reach import refuse_out_of_reach
from wetread.web.reading_json import Json
from wetread.web.schema import Schema, boolean, choice, record, text

__all__ = ["ERASURE_OPERATIONS"]

_PASSWORD, _REFERENCE = {"password": text(256, min_length=1)}, {"reference": text(40)}
_SUBJECT = {"study_key": text(64, min_length=1), "whole_patient": boolean()}
_REASONS = tuple(each.value for each in A_PERSONS_REASONS)
_ASK_BODY: Schema = record({**_SUBJECT, "reason": choice(*_REASONS), **_PASSWORD}, _REFERENCE)
_LOOK_BODY: Schema = record({**_SUBJECT, "reason": choice(*_REASONS)})
_HOLD_BODY: Schema = record(
    {**_SUBJECT, "reason": choice(*(each.value for each in HoldReason)), **_PASSWORD}, _REFERENCE
)
_STEP_BODY: Schema = record(_PASSWORD)
_RELEASE_BODY: Schema = record({"study_key": text(64, min_length=1), **_PASSWORD})


def get_erasures(call: Call) -> Response:
    """What was asked for, newest first, what came again, what stays, and the holds that stand."""
    with call.house.services.database.begin(write=False) as unit:
        erasures, returned, stones = unit.erasures(), unit.returned(), unit.tombstones()
        holds, lifted = unit.legal_holds(), unit.legal_holds(lifted=True, limit=100)
    return json_answer(
        {
            "erasures": [_erasure(each) for each in erasures],
            "returned": [each.study_key for each in returned],
            "tombstones": [_tombstone(each) for each in stones],
            "legal_holds": [_hold(each) for each in holds],
            "lifted_holds": [_hold(each) for each in lifted],
        }
    )


def look(call: Call) -> Response:
    """What an erasure would meet now. Changes nothing."""
    desk = _desk(call)
    keys = desk.studies_of(_study_key(call), whole_patient=bool(call.body["whole_patient"]))
    looks = desk.look(keys, ErasureReason(call.text("reason")))
    studies = [
        {
            "study_key": each.study_key,
            "in_the_way": [{"code": one.value, "words": one.words} for one in each.in_the_way],
        }
        for each in looks
    ]
    return json_answer({"studies": studies})


def ask(call: Call) -> Response:
    reason, whole = ErasureReason(call.text("reason")), bool(call.body["whole_patient"])
    key, reference = _study_key(call), call.text("reference")
    return _step(call, lambda desk, actor: desk.ask(actor, key, reason, reference=reference, whole_patient=whole))


def approve(call: Call) -> Response:
    return _step(call, lambda desk, actor: desk.approve(actor, _number(call)))


def withdraw(call: Call) -> Response:
    return _step(call, lambda desk, actor: desk.withdraw(actor, _number(call)))


def release(call: Call) -> Response:
    """A study that was erased and came again may be read."""
    call.confirm()
    return json_answer(_tombstone(_desk(call).release(call.signed_in.actor, _study_key(call))))


def set_hold(call: Call) -> Response:
    call.confirm()
    reason, whole = HoldReason(call.text("reason")), bool(call.body["whole_patient"])
    key, reference = _study_key(call), call.text("reference")
    desk = _holds(call)
    return json_answer(
        _hold(desk.set_hold(call.signed_in.actor, key, reason, reference=reference, whole_patient=whole))
    )


def lift_hold(call: Call) -> Response:
    call.confirm()
    return json_answer(_hold(_holds(call).lift(call.signed_in.actor, _number(call))))


def _step(call: Call, step: Callable[[ErasureDesk, Actor], Erasure]) -> Response:
    """The person's own password first: nothing brings back what is erased."""
    call.confirm()
    return json_answer(_erasure(step(_desk(call), call.signed_in.actor)))


def _desk(call: Call) -> ErasureDesk:
    desk = call.house.services.erasures
    if desk is None:
        raise Refusal(503, "no_erasures", "nothing can be erased here")
    return desk


def _holds(call: Call) -> LegalHoldDesk:
    desk = _desk(call)
    return LegalHoldDesk(desk.database, desk.vault, desk.eraser, desk.clock, desk.secret)


def _study_key(call: Call) -> StudyKey:
    return refuse_out_of_reach(call, StudyKey(call.text("study_key")))


def _number(call: Call) -> int:
    given = call.path["number"]
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Refusal(404, "no_erasure", "there is nothing of that number")
    return int(given)


def _erasure(erasure: Erasure) -> Json:
    return {
        "number": erasure.number,
        "study_keys": list(erasure.study_keys),
        "whole_patient": erasure.patient is not None,
        "reason": erasure.reason.value,
        "reference": erasure.reference,
        "state": erasure.state.value,
        "problem": erasure.problem,
        "acts": [
            {
                "action": each.action,
                "actor_id": each.actor_id,
                "role": each.role.value,
                "acted_at": each.acted_at.isoformat(),
            }
            for each in erasure.acts
        ],
    }


def _tombstone(stone: Tombstone) -> Json:
    return {
        "study_key": stone.study_key,
        "erasure": stone.number,
        "state": stone.state.value,
        "reason": stone.reason.value,
        "asked_by": stone.asked_by,
        "approved_by": stone.approved_by,
        "erased_at": stone.erased_at and stone.erased_at.isoformat(),
        "counts": dict(stone.counts),
        "objects_sha256": stone.objects_sha256,
        "sent_out": [
            {
                "sink": each.sink,
                "report_version": each.report_version,
                "state": each.state,
                "at": each.at.isoformat(),
            }
            for each in stone.sent_out
        ],
    }


def _hold(hold: LegalHold) -> Json:
    return {
        "number": hold.number,
        "scope": hold.scope.value,
        "subject": hold.subject,
        "reason": hold.reason.value,
        "reference": hold.reference,
        "set_by": hold.set_by,
        "set_at": hold.set_at.isoformat(),
        "lifted_by": hold.lifted_by,
        "lifted_at": hold.lifted_at and hold.lifted_at.isoformat(),
    }


_ERASURES, _HOLDS = "/api/erasures", "/api/legal-holds"
_A = Act
ERASURE_OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", _ERASURES, "erasures", "Erasures, what stays of erased studies, legal holds.", get_erasures, "erasures, tombstones, holds", act=_A.SEE_ERASURES),
    Operation("POST", f"{_ERASURES}/look", "look_at_erasure", "What an erasure would meet now. Changes nothing.", look, "studies with what is in the way", act=_A.SEE_ERASURES, body=_LOOK_BODY),
    by_person("POST", _ERASURES, "ask_for_erasure", "Ask for a study, or all of its patient, to be erased. Audited.", ask, "the erasure", _A.ASK_FOR_ERASURE, _ASK_BODY),
    by_person("POST", f"{_ERASURES}/{{number}}/approve", "approve_erasure", "A worker carries it out from now on. Audited.", approve, "the erasure", _A.APPROVE_ERASURE, _STEP_BODY),
    by_person("POST", f"{_ERASURES}/{{number}}/withdraw", "withdraw_erasure", "Take back what has not begun. Audited.", withdraw, "the erasure", _A.ASK_FOR_ERASURE, _STEP_BODY),
    by_person("POST", f"{_ERASURES}/release", "release_returned", "Let an erased study that came again be read. Audited.", release, "its tombstone", _A.APPROVE_ERASURE, _RELEASE_BODY),
    by_person("POST", _HOLDS, "set_legal_hold", "Hold a study, or all of its patient. Audited.", set_hold, "the hold", _A.SET_LEGAL_HOLD, _HOLD_BODY),
    by_person("POST", f"{_HOLDS}/{{number}}/lift", "lift_legal_hold", "End a hold that somebody in the other role set. Audited.", lift_hold, "the hold", _A.LIFT_LEGAL_HOLD, _STEP_BODY),
)  # fmt: skip
"""A part of the table in `operation_table`."""
