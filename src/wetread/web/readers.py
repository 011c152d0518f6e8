"""How a person reads: their mode and macros, a second reader's commit, what a page showed, who has a study open. Each handler asks a desk; none decides."""

from typing import cast

from starlette.responses import Response

from wetread.domain.errors import NotPermitted
from wetread.domain.finding import LATERALITIES, FindingName
from wetread.domain.identifiers import StudyKey
from wetread.domain.reading import Macro, OwnFinding, ReaderProfile, ReadingMode, Withheld
from wetread.domain.relabelling import Answer
from wetread.domain.statement import Presence
from wetread.domain.study_lock import TakeOverReason
from wetread.governance.relabelling_desk import answer_task
from wetread.signoff.contradictions import ReportWarning, report_warnings
from wetread.signoff.exposure import Reading, tasks_for
from wetread.signoff.locking import LockDesk
from wetread.signoff.macros import MACRO_NAME
from wetread.signoff.reader_desk import ReaderDesk, Sight
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.reading_json import Json
from wetread.web.reading_mode_json import lock_json
from wetread.web.schema import Schema, array, choice, integer, record, text
from wetread.web.studies import CONTENT_BODY, content_of_body, screen_of, study_key_of, whole
from wetread.web.veil import withheld_from

__all__ = [
    "FINDINGS_BODY",
    "LOCK_BODY",
    "MACROS_BODY",
    "MODE_BODY",
    "RECOVERY_BODY",
    "SEEN_BODY",
    "check_report",
    "choose_mode",
    "commit_findings",
    "drop_unsaved",
    "get_reader",
    "keep_macros",
    "keep_unsaved",
    "note_seen",
    "release_lock",
    "reveal_ai",
    "take_lock",
]

FINDINGS_BODY: Schema = record(
    {
        "findings": array(
            record(
                {"name": choice(*FindingName), "presence": choice(*Presence)},
                {"laterality": choice(*LATERALITIES), "confidence_percent": integer(0, 100)},
            ),
            len(FindingName),
        )
    }
)
SEEN_BODY: Schema = record({"what": choice(*Sight)}, {"finding": choice(*FindingName)})
MODE_BODY: Schema = record({"mode": choice(*ReadingMode)})
MACROS_BODY: Schema = record(
    {
        "macros": array(
            record({"name": text(33, min_length=2, pattern=MACRO_NAME), "text": text(2000, min_length=1)}),
            200,
        )
    }
)
LOCK_BODY: Schema = record(
    {"screen": text(64, min_length=8, pattern=r"[A-Za-z0-9-]+")}, {"reason": choice(*TakeOverReason)}
)
RECOVERY_BODY: Schema = record({"version": integer(1, 2**31), "content": CONTENT_BODY})
_ANSWERS = {
    Presence.POSITIVE: Answer.POSITIVE,
    Presence.NEGATIVE: Answer.NEGATIVE,
    Presence.UNCERTAIN: Answer.UNCERTAIN,
}


def get_reader(call: Call) -> Response:
    return json_answer(_profile(call, _desk(call).profile(call.signed_in.actor)))


def choose_mode(call: Call) -> Response:
    chosen = _desk(call).choose_mode(call.signed_in.actor, ReadingMode(call.text("mode")))
    return json_answer(_profile(call, chosen))


def keep_macros(call: Call) -> Response:
    given = cast(list[dict[str, str]], call.body["macros"])
    macros = [Macro(each["name"], each["text"]) for each in given]
    return json_answer(_profile(call, _desk(call).keep_macros(call.signed_in.actor, macros)))


def commit_findings(call: Call) -> Response:
    """A second reader's findings; from an adjudicator, the answer to every finding of every round that waits for them."""
    key, actor, desk = study_key_of(call), call.signed_in.actor, call.house.services.desk
    findings = [_own(each) for each in cast(list[dict[str, object]], call.body["findings"])]
    if desk.exposure(actor, key).withheld is not Withheld.ADJUDICATION:
        return json_answer(whole(call, desk.commit_findings(actor, key, findings, screen_of(call))))
    return json_answer(whole(call, _answered(call, key, findings)))


def _answered(call: Call, key: StudyKey, findings: list[OwnFinding]) -> Reading:
    services, actor = call.house.services, call.signed_in.actor
    with services.database.begin(write=False) as unit:
        tasks = tasks_for(unit, actor, unit.study(key), unit.reading(key, actor.actor_id))
    answers = {each.name.value: _ANSWERS[each.presence] for each in findings}
    if missing := sorted({name for task in tasks for name in task.findings} - set(answers)):
        raise Refusal(422, "bad_answer", f"answer for every finding of the round: {', '.join(missing)}")
    for task in tasks:
        mine = {name: answers[name] for name in task.findings}
        answer_task(services.database, actor, task.round_id, key, mine, services.clock.now())
    return services.desk.look(actor, key)


def reveal_ai(call: Call) -> Response:
    key = study_key_of(call)
    return json_answer(whole(call, call.house.services.desk.reveal(call.signed_in.actor, key)))


def check_report(call: Call) -> Response:
    """What of these words contradicts itself, the marks or the patient. Nothing is kept of them."""
    services, key = call.house.services, study_key_of(call)
    with services.database.begin(write=False) as unit:
        traits = unit.study(key).traits
        if withheld_from(call, unit, key) in (Withheld.UNTIL_COMMIT, Withheld.ADJUDICATION):
            raise NotPermitted("commit your own findings first", code="commit_first")
    warnings = report_warnings(content_of_body(call, key, call.body), traits, services.labeller)
    return json_answer({"warnings": [_warning(each) for each in warnings]})


def _warning(warning: ReportWarning) -> Json:
    return {
        "code": warning.code.value,
        "says": warning.says,
        "finding": warning.finding.value if warning.finding else None,
        "section": warning.section.value if warning.section else None,
        "start": warning.start,
        "end": warning.end,
    }


def note_seen(call: Call) -> Response:
    finding = FindingName(call.text("finding")) if call.text("finding") else None
    _desk(call).saw(call.signed_in.actor, study_key_of(call), Sight(call.text("what")), finding)
    return Response(status_code=204)


def take_lock(call: Call) -> Response:
    reason = TakeOverReason(call.text("reason")) if call.text("reason") else None
    held = _locks(call).take(call.signed_in.actor, study_key_of(call), call.text("screen"), reason)
    now = call.house.services.clock.now().isoformat()
    mine = held.is_of(call.signed_in.actor.actor_id, call.text("screen"))
    return json_answer({"lock": lock_json(held), "mine": mine, "now": now})


def release_lock(call: Call) -> Response:
    _locks(call).release(call.signed_in.actor, study_key_of(call), screen_of(call))
    return Response(status_code=204)


def keep_unsaved(call: Call) -> Response:
    key = study_key_of(call)
    content = content_of_body(call, key, cast(dict[str, object], call.body["content"]))
    _locks(call).keep_unsaved(call.signed_in.actor, key, call.number("version"), content)
    return Response(status_code=204)


def drop_unsaved(call: Call) -> Response:
    _locks(call).drop_unsaved(call.signed_in.actor, study_key_of(call))
    return Response(status_code=204)


def _own(given: dict[str, object]) -> OwnFinding:
    confidence = cast(int | None, given.get("confidence_percent"))
    name, presence = FindingName(cast(str, given["name"])), Presence(cast(str, given["presence"]))
    return OwnFinding(name, presence, cast(str, given.get("laterality", "")), confidence)


def _profile(call: Call, profile: ReaderProfile) -> Json:
    modes, actor = call.house.services.desk.modes, call.signed_in.actor
    return {
        "mode": modes.effective(actor, profile).value,
        "allowed": [each.value for each in modes.allowed(actor)],
        "site_mode": modes.default.value,
        "macros": [{"name": each.name, "text": each.text} for each in profile.macros],
        "site_macros": [{"name": name, "text": words} for name, words in call.house.services.macros.items()],
    }


def _desk(call: Call) -> ReaderDesk:
    services = call.house.services
    return ReaderDesk(services.database, services.clock, services.desk.modes)


def _locks(call: Call) -> LockDesk:
    return LockDesk(call.house.services.database, call.house.services.clock)
