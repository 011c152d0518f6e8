"""What an EHR opened, for who is signed in: one study, several of one patient to choose from, or why nothing is opened (SMART App Launch 2.2)."""

from collections.abc import Collection, Sequence

from starlette.requests import cookie_parser
from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import Purpose
from wetread.domain.role import Act
from wetread.domain.study_state import StudyState
from wetread.ports.ehr import EhrLaunches, LaunchContext
from wetread.ports.vault import Search, VaultReads, VaultStudy
from wetread.web.elsewhere_routes import launch_cookie
from wetread.web.house import House
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call, Operation
from wetread.web.problems import Refusal
from wetread.web.reach import within

__all__ = ["LAUNCH_OPERATIONS", "get_launch", "launches_of", "opened"]

_MOST = 200
_NOT_READ_HERE = (StudyState.FETCHED, StudyState.RECEIVED, StudyState.REJECTED)


def get_launch(call: Call) -> Response:
    """Once: what the EHR opened is forgotten with the answer."""
    services, cookie = call.house.services, launch_cookie(call.house)
    context = launches_of(call.house).context(cookie_parser(call.headers.get("cookie", "")).get(cookie, ""))
    found, code = opened(call.named(Purpose.LAUNCH), context)
    if not code:
        here = _here(call, [each.study_key for each in found])
        found = [each for each in found if each.study_key in here]
        code = "" if found else "no_study"
    shown = found if not code else []
    event = AuditEvent("launch.open", call.signed_in.actor.actor_id, code or "success", detail=(("ehr", context.ehr), ("studies", str(len(shown)))))  # fmt: skip
    call.house.audit(event)
    answer = json_answer({"code": code, "ehr": context.ehr, "studies": [_shown(each) for each in shown]})
    answer.delete_cookie(cookie, path="/", secure=services.settings.secure, httponly=True, samesite="strict")
    return answer


def launches_of(house: House) -> EhrLaunches:
    """Raises Refusal 404."""
    if house.services.ehr_launches is None:
        raise Refusal(404, "no_launches", "no record system opens studies here: ehr_launches is not set")
    return house.services.ehr_launches


def opened(vault: VaultReads, context: LaunchContext) -> tuple[list[VaultStudy], str]:
    """The studies that are meant, newest first, or a code of why none is: 'no_study', 'another_patient' (a study of somebody else was named), 'several_patients' (its numbers are of different people here)."""
    if context.study_uids:
        named = [study for uid in context.study_uids for study in _search(vault, {"StudyInstanceUID": uid})]
        if any(_number(each) not in context.patients for each in named):
            return [], "another_patient"
        return named, "" if named else "no_study"
    found = [
        study
        for issuer, number in context.patients
        for study in _search(vault, {"PatientID": number})
        if _number(study) == (issuer, number)
    ]
    if len({_number(each) for each in found}) > 1:
        return [], "several_patients"
    return found, "" if found else "no_study"


def _search(vault: VaultReads, match: dict[str, str]) -> Sequence[VaultStudy]:
    return vault.search_studies(Search(match=match, limit=_MOST))


def _number(study: VaultStudy) -> tuple[str, str]:
    return study.identity.issuer_of_patient_id, study.identity.patient_id


def _here(call: Call, keys: Collection[StudyKey]) -> frozenset[StudyKey]:
    """Held to be read, and within what this account reaches."""
    with call.house.services.database.begin(write=False) as unit:
        states = unit.study_states(keys)
    return within(call, (key for key, state in states.items() if state not in _NOT_READ_HERE))


def _shown(study: VaultStudy) -> dict[str, str]:
    told = study.identity
    return {"study_key": study.study_key, "study_date": told.study_date, "study_description": told.study_description}


LAUNCH_OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/api/launch", "launch", "What the record system opened, once. Audited.", get_launch, "studies, or a code of why none", act=Act.READ_STUDY),
)  # fmt: skip
