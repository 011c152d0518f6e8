"""Subscriptions to the worklist over HTTP (PS3.18 §11.10 to §11.12)."""

from starlette.responses import Response

from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.qido import base_url, uid_in_path
from wetread.web.subscribers import subscription_desk
from wetread.web.workitems import match_of
from wetread.workitems.subscriptions import FILTERED_WORKLIST, WORKLIST

__all__ = ["subscribe", "suspend", "unsubscribe"]


def subscribe(call: Call) -> Response:
    uid, subscriber, by = uid_in_path(call, "workitem"), call.path["subscriber"], call.signed_in.actor.actor_id
    lock = dict(call.query).get("deletionlock", "false")
    if lock not in ("true", "false"):
        raise Refusal(400, "query_misfit", "deletionlock is true or false")
    match = match_of(call) if uid == FILTERED_WORKLIST else None
    subscription_desk(call.house).subscribe(uid, subscriber, by, deletion_lock=lock == "true", match=match)
    base = base_url(call)
    channel = {"Content-Location": f"ws{base.removeprefix('http')}/subscribers/{subscriber}"} if base else {}
    return Response(status_code=201, headers=channel)


def unsubscribe(call: Call) -> Response:
    subscription_desk(call.house).unsubscribe(
        uid_in_path(call, "workitem"), call.path["subscriber"], call.signed_in.actor.actor_id
    )
    return Response(status_code=200)


def suspend(call: Call) -> Response:
    if uid_in_path(call, "workitem") not in (WORKLIST, FILTERED_WORKLIST):
        raise Refusal(400, "query_misfit", "only a subscription to the worklist can be suspended")
    subscription_desk(call.house).suspend(call.path["subscriber"], call.signed_in.actor.actor_id)
    return Response(status_code=200)
