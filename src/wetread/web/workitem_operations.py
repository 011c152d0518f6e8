"""The operations of the worklist (PS3.18 table 11.1-1); the event channel stands beside the table (`web/subscribers.py`)."""

from wetread.domain.role import Act
from wetread.ports.workitem_vault import WORKITEM_KEYS
from wetread.web import subscribing, workitems
from wetread.web.accept import DICOM_JSON
from wetread.web.operations import Handler, Operation, Query

__all__ = ["WORKITEM_OPERATIONS"]

_ROOT = "/dicom-web/workitems"
_ONE = _ROOT + "/{workitem}"
_SUBSCRIBER = _ONE + "/subscribers/{subscriber}"
_ACCEPT = Query("accept", "stands in for the Accept header")
_LOCK = Query("deletionlock", "true: what it is subscribed to is kept until it unsubscribes")
_MATCHING = tuple(Query(each, "matching key (PS3.4 table CC.2.5-3)") for each in sorted(WORKITEM_KEYS))
_PAGING = (
    Query("limit", "at most this many, up to 1000"),
    Query("offset", "skip this many"),
    Query("fuzzymatching", "true: names by the beginnings and sounds of their words"),
    Query("includefield", "further attributes by keyword or tag, or all"),
    _ACCEPT,
)


def _operation(
    method: str,
    path: str,
    name: str,
    summary: str,
    handler: Handler,
    act: Act,
    answers: str = "nothing",
    *,
    query: tuple[Query, ...] = (),
    sent: bool = False,
    status: int = 200,
) -> Operation:
    return Operation(
        method, path, name, f"UPS-RS: {summary}", handler, answers,
        act=act, query=query, takes=(DICOM_JSON, "application/json") if sent else (), media_type=DICOM_JSON,
        status=status, refusal=workitems.refusal_of,
    )  # fmt: skip


_DATA_SET = "DICOM JSON, or Native DICOM Model XML in parts"
WORKITEM_OPERATIONS = (
    _operation(
        "POST", _ROOT, "create_workitem", "put a workitem on the worklist.", workitems.create_workitem,
        Act.ASK_FOR_READ, "its address", query=(Query("workitem", "its UID; else the server gives one"),), sent=True, status=201,
    ),
    _operation(
        "GET", _ROOT, "search_workitems", "search the worklist. 204 where nothing matches.", workitems.search_workitems,
        Act.SEE_WORKITEMS, _DATA_SET, query=(*_MATCHING, *_PAGING),
    ),
    _operation(
        "GET", _ONE, "retrieve_workitem", "a workitem.", workitems.retrieve_workitem, Act.SEE_WORKITEMS, _DATA_SET,
        query=(_ACCEPT,),
    ),
    _operation(
        "POST", _ONE, "update_workitem", "change a workitem's attributes.", workitems.update_workitem, Act.ASK_FOR_READ,
        query=(Query("transaction-uid", "the performer's Transaction UID, once it is in progress"),), sent=True,
    ),
    _operation(
        "PUT", _ONE + "/state", "change_workitem_state", "claim, complete or cancel a workitem.",
        workitems.change_workitem_state, Act.PERFORM_WORKITEM, sent=True,
    ),
    _operation(
        "POST", _ONE + "/cancelrequest", "cancel_workitem", "ask for a workitem's end.", workitems.cancel_workitem,
        Act.ASK_FOR_READ, sent=True, status=202,
    ),
    _operation(
        "POST", _SUBSCRIBER, "subscribe", "be told of a workitem, of the worklist, or of what fits a filter.",
        subscribing.subscribe, Act.SEE_WORKITEMS, "the address of the event channel", query=(_LOCK, *_MATCHING), status=201,
    ),
    _operation(
        "DELETE", _SUBSCRIBER, "unsubscribe", "be told no more.", subscribing.unsubscribe, Act.SEE_WORKITEMS
    ),
    _operation(
        "POST", _SUBSCRIBER + "/suspend", "suspend_subscription", "be told of no further workitems of the worklist.",
        subscribing.suspend, Act.SEE_WORKITEMS,
    ),
)  # fmt: skip
