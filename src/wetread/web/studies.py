"""One study for one reader: look, open, save, sign, amend, reject. Each handler asks the reading desk; none decides."""

import re
from collections.abc import Mapping
from typing import cast

from starlette.responses import Response

from wetread.domain.errors import StudyNotFound
from wetread.domain.finding import LATERALITIES, FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import Purpose
from wetread.domain.report import Report, ReportContent, ReportFinding, Section
from wetread.domain.study import Instance, PatientIdentity
from wetread.drafting.provenance import StudyRecord, trace
from wetread.drafting.provenance_picture import draw
from wetread.signoff.desk import Reading
from wetread.signoff.signing import RejectReason
from wetread.web.json_answer import json_answer
from wetread.web.marks_json import marks_json
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.reach import within_sites
from wetread.web.reading_json import Json, delivery_json, from_reading, identity_of, late_json, report_json, study_json
from wetread.web.reading_mode_json import lock_json, mode_json, recovery_json
from wetread.web.reliability_json import reliability_json
from wetread.web.schema import Schema, array, choice, record, text
from wetread.web.schema import integer as whole_number
from wetread.web.veil import refuse_withheld, withheld_from

__all__ = [
    "AMEND_BODY",
    "APPEND_BODY",
    "CONTENT_BODY",
    "REJECT_BODY",
    "SAVE_BODY",
    "SIGN_BODY",
    "amend_report",
    "append_to_report",
    "content_of_body",
    "get_provenance",
    "get_status",
    "get_study",
    "keep_report",
    "open_study",
    "reject_draft",
    "save_report",
    "screen_of",
    "sign_report",
    "study_key_of",
    "whole",
]

_KEY = re.compile(r"[a-z2-7]{24}")
_SCREEN = re.compile(r"[A-Za-z0-9-]{8,64}")
_MAX_SECTION = 20_000
_MAX_ADDENDUM = 4_000
_ETAG = whole_number(0, 2**53)

_CONTENT: dict[str, Schema] = {
    "sections": array(record({"section": choice(*Section), "text": text(_MAX_SECTION)}), len(Section)),
    "findings": array(
        record(
            {
                "name": choice(*FindingName),
                "present": {"type": "boolean"},
                "laterality": choice(*LATERALITIES),
            }
        ),
        len(FindingName),
    ),
}
CONTENT_BODY: Schema = record(_CONTENT)
SAVE_BODY: Schema = record(_CONTENT, {"accepted": array(text(16, min_length=16, pattern="[0-9a-f]+"), 500)})
SIGN_BODY: Schema = record({"etag": _ETAG, "meaning": text(200, min_length=1), "password": text(256, min_length=1)})
AMEND_BODY: Schema = record({"reason": text(500, min_length=1)})
APPEND_BODY: Schema = record(
    {
        "version": whole_number(1, 2**31),
        "text": text(_MAX_ADDENDUM, min_length=1),
        "meaning": text(200, min_length=1),
        "password": text(256, min_length=1),
    }
)
REJECT_BODY: Schema = record({"etag": _ETAG, "reason_code": choice(*RejectReason)})


def study_key_of(call: Call) -> StudyKey:
    """The key in the path; anything that cannot be one is not found."""
    key = call.path["study_key"]
    if not _KEY.fullmatch(key):
        raise StudyNotFound("no such study")
    return StudyKey(key)


def screen_of(call: Call) -> str:
    """The name that the asking page gave itself, "" where no page asks."""
    screen = call.headers.get("wetread-screen", "")
    if screen and not _SCREEN.fullmatch(screen):
        raise Refusal(400, "screen_malformed", "wetread-screen holds 8 to 64 letters, digits and hyphens")
    return screen


def get_study(call: Call) -> Response:
    key = study_key_of(call)
    return json_answer(whole(call, call.house.services.desk.look(call.signed_in.actor, key)))


def get_provenance(call: Call) -> Response:
    key = study_key_of(call)
    with call.house.services.database.begin(write=False) as unit:
        refuse_withheld(call, unit, key)
    seen = call.house.services.desk.look(call.signed_in.actor, key)
    record = StudyRecord(seen.study, seen.analysis, seen.decision, seen.draft, seen.reports, seen.deliveries)
    return Response(draw(trace(record)), media_type="image/svg+xml")


def get_status(call: Call) -> Response:
    """What may change while a page is open; it carries no identity and nothing of the report's text."""
    key = study_key_of(call)
    with call.house.services.database.begin(write=False) as unit:
        study, report, deliveries = unit.study(key), unit.report(key), unit.deliveries(key)
        has_analysis, has_draft = unit.analysis(key) is not None, unit.draft(key) is not None
        withheld, lock = withheld_from(call, unit, key), unit.lock(key)
        late = unit.late_images([key]).get(key)
    newest = {"version": report.version, "status": report.status.value, "etag": report.etag} if report else None
    answer: Json = {
        "study": study_json(study, withheld),
        "withheld": withheld.value,
        "lock": lock_json(lock),
        "now": call.house.services.clock.now().isoformat(),
        "report": newest,
        "has_analysis": has_analysis,
        "has_draft": has_draft,
        "late_images": len(late.instances) if late and late.is_open else 0,
        "deliveries": [delivery_json(each) for each in deliveries],
    }
    return json_answer(answer)


def open_study(call: Call) -> Response:
    key = study_key_of(call)
    return json_answer(whole(call, call.house.services.desk.open(call.signed_in.actor, key, screen_of(call))))


def save_report(call: Call) -> Response:
    key, etag = study_key_of(call), _if_match(call)
    content = content_of_body(call, key, call.body)
    accepted = cast(list[str] | None, call.body.get("accepted"))
    desk, actor = call.house.services.desk, call.signed_in.actor
    return _report_answer(desk.save(actor, key, content, etag, screen_of(call), accepted))


def sign_report(call: Call) -> Response:
    """Two components make a signature (21 CFR 11.200(a)(1)): the session, and the password given with this very act."""
    key, principal = study_key_of(call), call.signed_in
    call.confirm()
    etag, meaning = call.number("etag"), call.text("meaning")
    signed = call.house.services.desk.sign(principal.actor, key, etag, meaning, screen_of(call))
    return _report_answer(signed)


def amend_report(call: Call) -> Response:
    key = study_key_of(call)
    actor, reason = call.signed_in.actor, call.text("reason")
    return _report_answer(call.house.services.desk.amend(actor, key, reason, screen_of(call)))


def append_to_report(call: Call) -> Response:
    """Signed as a report is: with the password given with this very act."""
    key, principal = study_key_of(call), call.signed_in
    call.confirm()
    words, meaning, version = call.text("text"), call.text("meaning"), call.number("version")
    desk = call.house.services.desk
    return _report_answer(desk.append(principal.actor, key, version, words, meaning, screen_of(call)))


def keep_report(call: Call) -> Response:
    """The images that came after signing change nothing."""
    key = study_key_of(call)
    return json_answer({"state": call.house.services.desk.no_change(call.signed_in.actor, key).state.value})


def reject_draft(call: Call) -> Response:
    key, reason = study_key_of(call), RejectReason(call.text("reason_code"))
    actor, etag = call.signed_in.actor, call.number("etag")
    return _report_answer(call.house.services.desk.reject(actor, key, reason, etag, screen_of(call)))


def _report_answer(report: Report) -> Response:
    return json_answer(report_json(report), headers={"ETag": f'"{report.etag}"'})


def whole(call: Call, reading: Reading) -> Json:
    services, key = call.house.services, reading.study.study_key
    with services.database.begin(write=False) as unit:
        instances: tuple[Instance, ...] = unit.instances(key)
        counted = unit.reliability()
        earlier = services.vault.unnamed.priors(key)
        there = within_sites(unit, call.signed_in.actor, frozenset(earlier))
        earlier = tuple(each for each in earlier if each in there)
        copies = {prior: copy.archive for prior in earlier if (copy := unit.copy(prior))}
        search = unit.prior_search(key)
    named = call.named(Purpose.PAGE, ("study_date", "study_description")).identities(earlier)
    return {
        **from_reading(reading, instances),
        "marks": marks_json(reading, call.signed_in.actor.actor_id),
        "reliability": reliability_json(reading, counted),
        "reading": mode_json(reading),
        "lock": lock_json(reading.lock),
        "recovery": recovery_json(reading.recovery),
        "now": services.clock.now().isoformat(),
        "identity": identity_of(call.named(Purpose.PAGE), key),
        "priors": [_prior(each, named[each], copies.get(each, "")) for each in earlier if each in named],
        "prior_search": [
            {"archive": each.archive, "outcome": each.outcome.value} for each in (search.fetches if search else ())
        ],
        "late_images": late_json(reading.late),
    }


def _prior(key: StudyKey, identity: PatientIdentity, fetched_from: str) -> Json:
    """`fetched_from`: the archive that it is a copy of, "" for a study of ours."""
    told = {"study_date": identity.study_date, "study_description": identity.study_description}
    return {"study_key": key, **told, "fetched_from": fetched_from}


def _if_match(call: Call) -> int:
    tag = call.headers.get("if-match", "")
    if not tag:
        raise Refusal(428, "if_match_missing", "say which version you edited, with If-Match")
    found = re.fullmatch(r'"(\d{1,15})"', tag)
    if not found:
        raise Refusal(400, "if_match_malformed", "If-Match holds one entity tag of this report")
    return int(found[1])


def content_of_body(call: Call, key: StudyKey, body: Mapping[str, object]) -> ReportContent:
    """What the person wrote (`CONTENT_BODY`). A finding's probability is the model's and comes from its analysis, never from the body."""
    with call.house.services.database.begin(write=False) as unit:
        analysis = unit.analysis(key)
    probability = {each.name: each.probability for each in analysis.findings} if analysis else {}
    sections = cast(list[dict[str, str]], body["sections"])
    findings = cast(list[dict[str, object]], body["findings"])
    names = [FindingName(cast(str, each["name"])) for each in findings]
    if len({each["section"] for each in sections}) != len(sections) or len(set(names)) != len(names):
        raise Refusal(400, "body_misfit", "each section and each finding may appear once")
    return ReportContent(
        tuple((Section(each["section"]), each["text"]) for each in sections),
        tuple(
            ReportFinding(name, bool(each["present"]), cast(str, each["laterality"]), probability.get(name))
            for name, each in zip(names, findings, strict=True)
        ),
    )
