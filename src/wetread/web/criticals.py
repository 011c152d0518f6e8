"""Critical results and alarms over HTTP: what is open, what people did, and the acts. Each handler asks the critical desk; none decides."""

import re

from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.critical import ClosureReason, CriticalResult
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_access import Purpose
from wetread.domain.reading import Withheld
from wetread.domain.role import Act
from wetread.monitoring.alarms import acknowledge_alarm
from wetread.ports.database import UnitOfWork
from wetread.triage.critical_desk import HOW, CriticalDesk
from wetread.web.critical_context import last_pages, names_of, next_duty, people_in
from wetread.web.critical_json import alarm_json, critical_json, page_json
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.reach import within_sites
from wetread.web.reading_json import Json, identity_json
from wetread.web.schema import Schema, boolean, choice, record, text
from wetread.web.schema import integer as whole_number
from wetread.web.veil import withheld_from

__all__ = [
    "ACKNOWLEDGE_BODY",
    "ALARM_BODY",
    "CLOSE_BODY",
    "COMMUNICATE_BODY",
    "RELEASE_BODY",
    "acknowledge",
    "acknowledge_an_alarm",
    "close",
    "communicate",
    "get_alarms",
    "get_critical",
    "get_criticals",
    "release",
]

_KEY = re.compile(r"[a-z2-7]{24}:\d{1,9}")
_MOST = 200
_ETAG = whole_number(1, 2**53)
_WORDS = text(500, min_length=1)
ACKNOWLEDGE_BODY: Schema = record({"etag": _ETAG, "read_back": _WORDS})
COMMUNICATE_BODY: Schema = record(
    {"etag": _ETAG, "to_whom": _WORDS, "how": choice(*HOW), "read_back_confirmed": boolean()}
)
CLOSE_BODY: Schema = record({"etag": _ETAG, "reason": choice(*ClosureReason), "note": text(500)})
RELEASE_BODY: Schema = record({"etag": _ETAG})
ALARM_BODY: Schema = record({"alarm_key": text(200, min_length=1)})


def get_criticals(call: Call) -> Response:
    """The open ones, oldest first, or the closed ones, newest first. Identity and colleagues' words only for roles that may read a study."""
    view = dict(call.query).get("view", "open")
    if view not in ("open", "closed"):
        raise Refusal(400, "unknown_view", "view is one of open, closed")
    services, actor = call.house.services, call.signed_in.actor
    with services.database.begin(write=False) as unit:
        results = unit.criticals(closed=view == "closed", limit=_MOST)
        there = within_sites(unit, actor, frozenset(each.study_key for each in results))
        told = [(each, withheld_from(call, unit, each.study_key)) for each in results if each.study_key in there]
        rows = [_row(call, each, unit, why) for each, why in told if why is not Withheld.ADJUDICATION]
    shown = "named" if actor.may(Act.READ_STUDY) else "de-identified"
    call.house.audit_seldom(AuditEvent("criticals.read", actor.actor_id, detail=(("shown", shown),)))
    return json_answer({"view": view, "now": services.clock.now().isoformat(), "criticals": _named(call, rows)})


def get_critical(call: Call) -> Response:
    key = _key(call)
    with call.house.services.database.begin(write=False) as unit:
        result = unit.critical(key)
        why = withheld_from(call, unit, result.study_key) if result else Withheld.NOTHING
        if result is None or why is Withheld.ADJUDICATION:
            raise _unknown()
        pages = [page_json(page) for page in unit.pages(key)]
        row = _row(call, result, unit, why)
    return json_answer({**_named(call, [row])[0], "now": call.house.services.clock.now().isoformat(), "pages": pages})


def _row(call: Call, result: CriticalResult, unit: UnitOfWork, why: Withheld) -> Json:
    """With the pages of the newest step and who is next; `names` tells the colleagues behind account names. An adjudicator is shown none: its being critical is what they must not know."""
    services, hidden = call.house.services, why is not Withheld.NOTHING
    reads = call.signed_in.actor.may(Act.READ_STUDY)
    pages = unit.pages(result.critical_key)
    return {
        **critical_json(result, services.clock.now(), with_words=reads and not hidden),
        **({"reason": ""} if hidden else {}),
        "withheld": hidden,
        "last_pages": [page_json(page) for page in last_pages(pages)],
        "next_duty": next_duty(result, services.paths),
        "names": names_of(people_in(result, pages), unit, services.book),
    }


def _named(call: Call, rows: list[Json]) -> list[Json]:
    """With identity, for roles that may read a study."""
    if not call.signed_in.actor.may(Act.READ_STUDY):
        return rows
    keys = [StudyKey(str(row["study_key"])) for row in rows]
    held = call.named(Purpose.PAGE).identities(keys)
    return [{**row, **identity_json(held.get(key))} for key, row in zip(keys, rows, strict=True)]


def _answer(call: Call, result: CriticalResult) -> Response:
    with call.house.services.database.begin(write=False) as unit:
        row = _row(call, result, unit, withheld_from(call, unit, result.study_key))
    return json_answer(_named(call, [row])[0])


def acknowledge(call: Call) -> Response:
    result = _desk(call).acknowledge(call.signed_in.actor, _key(call), call.number("etag"), call.text("read_back"))
    return _answer(call, result)


def communicate(call: Call) -> Response:
    result = _desk(call).communicate(
        call.signed_in.actor,
        _key(call),
        call.number("etag"),
        to_whom=call.text("to_whom"),
        how=call.text("how"),
        read_back_confirmed=bool(call.body["read_back_confirmed"]),
    )
    return _answer(call, result)


def close(call: Call) -> Response:
    reason = ClosureReason(call.text("reason"))
    result = _desk(call).close(call.signed_in.actor, _key(call), call.number("etag"), reason, call.text("note"))
    return _answer(call, result)


def release(call: Call) -> Response:
    return _answer(call, _desk(call).release(call.signed_in.actor, _key(call), call.number("etag")))


def get_alarms(call: Call) -> Response:
    services = call.house.services
    with services.database.begin(write=False) as unit:
        alarms = unit.alarms()
        names = names_of({each.acknowledged_by for each in alarms} - {""}, unit, services.book)
    found = [alarm_json(each) for each in alarms]
    return json_answer({"now": services.clock.now().isoformat(), "alarms": found, "names": names})


def acknowledge_an_alarm(call: Call) -> Response:
    services = call.house.services
    with services.database.begin() as unit:
        alarm = acknowledge_alarm(unit, call.text("alarm_key"), call.signed_in.actor.actor_id, services.clock.now())
        unit.commit()
    return json_answer(alarm_json(alarm))


def _desk(call: Call) -> CriticalDesk:
    return CriticalDesk(call.house.services.database, call.house.services.clock)


def _key(call: Call) -> str:
    """The key in the path; anything that cannot be one is not found."""
    key = call.path["critical_key"]
    if not _KEY.fullmatch(key):
        raise _unknown()
    return key


def _unknown() -> Refusal:
    return Refusal(404, "no_such_critical", "there is no such critical result")
