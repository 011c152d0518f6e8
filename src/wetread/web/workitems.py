"""The worklist over HTTP (PS3.18 chapter 11): create, retrieve, update, change state, request cancellation, search. No decisions; statuses of PS3.4 become those of table 11.x.3-1."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import NotPermitted, PermanentError
from wetread.domain.identifiers import StudyKey, is_valid_uid
from wetread.domain.reading import Withheld
from wetread.domain.workitem import Ruling, StepState
from wetread.ports.workitem_vault import WORKITEM_KEYS
from wetread.web.accept import DICOM_JSON, DICOM_XML, RELATED, Offer, choose
from wetread.web.operations import Call
from wetread.web.problems import Refusal, problem_from
from wetread.web.qido import base_url, page_of, rows_answer, uid_in_path
from wetread.web.qido_query import read_query
from wetread.web.reach import within
from wetread.web.veil import withheld_from, withheld_on_list
from wetread.workitems.attributes import KEYWORDS, TAGS
from wetread.workitems.book import Held
from wetread.workitems.data_set import DataSet, checked, text
from wetread.workitems.desk import WorkitemDesk

__all__ = [
    "cancel_workitem",
    "change_workitem_state",
    "create_workitem",
    "desk_of",
    "match_of",
    "refusal_of",
    "retrieve_workitem",
    "search_workitems",
    "update_workitem",
]

_OFFERS = (Offer(DICOM_JSON), Offer("application/json"), Offer(RELATED, DICOM_XML))
_PERFORMED = TAGS["UnifiedProcedureStepPerformedProcedureSequence"]
_BRIEF = frozenset(
    {
        *(TAGS[key.partition(".")[0]] for key in WORKITEM_KEYS),
        *(
            TAGS[each]
            for each in ("SpecificCharacterSet", "InputInformationSequence", "ProcedureStepProgressInformationSequence")
        ),
    }
)
"""What a search tells of each, unless more is asked for."""
_INCONSISTENT = "The submitted request is inconsistent with the current state of the UPS Instance."
_STATUS = {"0111": 409, "C301": 400, "C307": 404, "C308": 400, "C309": 400, "C314": 404} | {
    "bad_data_set": 400,
    "invalid_uid": 400,
    "bad_query": 400,
    "no_input": 400,
    "many_studies": 400,
    "too_many": 409,
}
_WARNINGS = {
    "C311": "The UPS is already COMPLETED.",
    "C312": "The performer cannot be contacted.",
    "B304": "The UPS is already in the requested state of CANCELED.",
    "B306": "The UPS is already in the requested state of COMPLETED.",
}


def desk_of(call: Call) -> WorkitemDesk:
    desk = call.house.services.workitems
    if desk is None:
        raise Refusal(404, "no_worklist", "this server keeps no worklist")
    return desk


def refusal_of(error: Exception) -> Response:
    """As PS3.18 says a refusal: with a Warning that names the conflict."""
    code = error.code if isinstance(error, PermanentError) and not isinstance(error, Refusal) else ""
    if code not in _STATUS and not code.startswith("C3"):
        return problem_from(error)
    said = _WARNINGS.get(code, _INCONSISTENT) if code.startswith("C3") and code not in _STATUS else ""
    said = str(error) if code == "C301" else said
    return problem_from(Refusal(_STATUS.get(code, 409), code, str(error), _warning(said)))


def _warning(words: str) -> dict[str, str]:
    return {"Warning": f'299 wetread "{words}"'} if words else {}


def create_workitem(call: Call) -> Response:
    if call.signed_in.actor.sites:
        raise NotPermitted("who reaches some sites only puts no work on the list of all")
    uid = next((value for name, value in call.query if name == "workitem"), "") or next(
        (name for name, value in call.query if not value and is_valid_uid(name)), ""
    )
    if uid and not is_valid_uid(uid):
        raise Refusal(400, "invalid_uid", "the workitem's UID is not one (PS3.5 section 9.1)")
    made = desk_of(call).create(uid, _sent(call), call.signed_in.actor.actor_id)
    where = f"{base_url(call)}/workitems/{made}"
    return Response(status_code=201, headers={"Location": where, "Content-Location": where})


def retrieve_workitem(call: Call) -> Response:
    offer = choose(call.headers.get("accept", "*/*"), call.query, _OFFERS)
    held = desk_of(call).retrieve(_uid(call))
    key, facts = held.workitem.study_key, (("workitem", held.workitem.workitem_key),)
    call.house.audit(AuditEvent("workitem.read", call.signed_in.actor.actor_id, study_key=key, detail=facts))
    with call.house.services.database.begin(write=False) as unit:
        hidden = [key] if key and withheld_from(call, unit, key) is not Withheld.NOTHING else []
    return rows_answer(call, offer, [_shown(held, hidden)], {}, _keyword_of)


def update_workitem(call: Call) -> Response:
    sent = _sent(call)
    given = text(sent, "TransactionUID")
    asked = next((value for name, value in call.query if name in ("transaction-uid", "transaction_uid")), "")
    if asked and given and asked != given:
        raise Refusal(400, "query_misfit", "the request names two Transaction UIDs")
    change = {tag: each for tag, each in sent.items() if tag != TAGS["TransactionUID"]}
    desk_of(call).update(_uid(call), asked or given, change, call.signed_in.actor.actor_id)
    return Response(status_code=200, headers={"Content-Location": f"{base_url(call)}/workitems/{_uid(call)}"})


def change_workitem_state(call: Call) -> Response:
    sent = _sent(call)
    try:
        wanted = StepState(text(sent, "ProcedureStepState"))
    except ValueError:
        raise Refusal(400, "bad_data_set", "the data set names no Procedure Step State there is") from None
    ruling = desk_of(call).change_state(_uid(call), wanted, text(sent, "TransactionUID"), call.signed_in.actor.actor_id)
    return _ruled(ruling, 200)


def cancel_workitem(call: Call) -> Response:
    return _ruled(desk_of(call).request_cancel(_uid(call), _sent(call), call.signed_in.actor.actor_id), 202)


def _ruled(ruling: Ruling, status: int) -> Response:
    return Response(status_code=status, headers=_warning(_WARNINGS.get(ruling.status, "")))


def search_workitems(call: Call) -> Response:
    offer = choose(call.headers.get("accept", "*/*"), call.query, _OFFERS)
    wanted, unknown = _fields([value for name, value in call.query if name == "includefield"])
    asked = read_query(tuple(each for each in call.query if each[0] != "includefield"), WORKITEM_KEYS, key_of)
    if asked.search.order:
        raise Refusal(400, "query_misfit", "workitems are answered by the time they are scheduled for")
    page, more = page_of(desk_of(call).page, asked.search, lambda rows: [each for each in rows if each])
    everywhere = not call.signed_in.actor.sites
    there = within(call, [each.workitem.study_key for each in page if each and each.workitem.study_key])
    facts = (("keys", ",".join(sorted(asked.search.match))), ("results", str(len(page))))
    call.house.audit(AuditEvent("workitem.query", call.signed_in.actor.actor_id, detail=facts))
    stand = [each for each in page if each and (everywhere or each.workitem.study_key in there)]
    hidden = _hidden(call, stand) if wanted is None or _PERFORMED in wanted else ()
    rows = [
        {tag: each for tag, each in _shown(held, hidden).items() if wanted is None or tag in wanted} for held in stand
    ]
    asked = replace(asked, ignored=(*asked.ignored, *unknown))
    return rows_answer(call, offer, rows, asked.warning(more=more), _keyword_of)


def match_of(call: Call) -> Mapping[str, str]:
    """Of a filtered subscription. Raises Refusal 400 for what would be ignored: it would be told more than it asked for."""
    query = tuple(each for each in call.query if each[0] not in ("deletionlock", "accept"))
    asked = read_query(query, WORKITEM_KEYS, key_of)
    if asked.ignored or not asked.search.match:
        raise Refusal(400, "query_misfit", "a filter names required matching keys of the worklist, at least one")
    desk_of(call).book.vault.search(replace(asked.search, limit=1))
    return asked.search.match


def key_of(name: str) -> str:
    """A key of WORKITEM_KEYS for its keyword or tag, or a path of them; else ""."""
    path = ".".join(KEYWORDS.get(part.upper(), part) for part in name.split("."))
    return path if path in WORKITEM_KEYS else ""


def _fields(asked: Sequence[str]) -> tuple[frozenset[str] | None, tuple[str, ...]]:
    """Tags that a search tells (None: all), and what of `includefield` is not known here."""
    names = [each.strip() for value in asked for each in value.split(",")[:64]]
    if "all" in names:
        return None, ()
    tags = {each: TAGS.get(each, each.upper()) for each in names}
    unknown = tuple("an attribute asked for that is none" for tag in tags.values() if len(tag) != 8)
    return _BRIEF | set(tags.values()), unknown


def _keyword_of(tag: str) -> str:
    return KEYWORDS.get(tag, "")


def _hidden(call: Call, found: Sequence[Held]) -> Collection[StudyKey]:
    """Of the studies on a list, those whose results are withheld from the caller."""
    with call.house.services.database.begin(write=False) as unit:
        states = unit.study_states({each.workitem.study_key for each in found if each.workitem.study_key})
    return withheld_on_list(call, states)


def _shown(held: Held, hidden: Collection[StudyKey]) -> DataSet:
    """What was performed names our own results: not told of a study that is `hidden`."""
    if held.workitem.study_key not in hidden:
        return held.data_set
    return {tag: each for tag, each in held.data_set.items() if tag != _PERFORMED}


def _uid(call: Call) -> str:
    return uid_in_path(call, "workitem")


def _sent(call: Call) -> DataSet:
    """One data set, alone or in a list of one."""
    sent = call.data
    if isinstance(sent, list):
        if len(sent) != 1:
            raise Refusal(400, "bad_data_set", "send one data set")
        sent = sent[0]
    return checked(sent)
