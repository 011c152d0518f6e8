"""Views of the worklist that a person saved for themselves: which states, priorities and sites; never a text that was searched for, which may be a patient's name."""

import json
from typing import cast

from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.priority import Priority
from wetread.domain.study_state import StudyState
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.schema import Schema, array, choice, record, text

__all__ = ["VIEWS_BODY", "get_views", "save_views"]

_NAME = "worklist.views"
_STATES = (*StudyState, "preliminary")
"""`preliminary` is not a state of its own: a study in reading that awaits a co-signature."""
_VIEW: Schema = record(
    {
        "name": text(40, min_length=1, pattern=r"\S.*"),
        "view": choice("open", "reported", "rejected"),
        "states": array(choice(*_STATES), len(_STATES)),
        "priorities": array(choice(*Priority), len(Priority)),
        "sites": array(text(64), 50),
    }
)
VIEWS_BODY: Schema = record({"views": array(_VIEW, 6)})


def get_views(call: Call) -> Response:
    with call.house.services.database.begin(write=False) as unit:
        kept = unit.preference(call.signed_in.actor.actor_id, _NAME)
    return json_answer({"views": json.loads(kept) if kept else []})


def save_views(call: Call) -> Response:
    """All of them, in the order of their keys, 4 to 9."""
    actor_id, views = call.signed_in.actor.actor_id, cast(list[dict[str, object]], call.body["views"])
    if len({each["name"] for each in views}) < len(views):
        raise Refusal(400, "body_misfit", "two views have the same name")
    services = call.house.services
    with services.database.begin() as unit:
        unit.save_preference(actor_id, _NAME, json.dumps(views))
        event = AuditEvent("worklist.save_views", actor_id, detail=(("views", str(len(views))),))
        unit.audit(event, services.clock.now())
        unit.commit()
    return json_answer({"views": views})
