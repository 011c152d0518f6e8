"""Reports on storage commitment that we owe to neighbours that asked, as the connections page shows them, and calling once more."""

from typing import cast

from starlette.responses import Response

from wetread.delivery.owed_desk import OwedDesk
from wetread.domain.commitment import OwedState, OwedTotal
from wetread.domain.role import Act
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call, Operation, by_person
from wetread.web.problems import Refusal
from wetread.web.reading_json import Json
from wetread.web.schema import Schema, record, text

__all__ = ["COMMITMENT_OPERATIONS"]

AGAIN_BODY: Schema = record({"ae_title": text(16, min_length=1)})


def get_commitments(call: Call) -> Response:
    """By AE title; null for a state that it has no report in."""
    rows: dict[str, Json] = {}
    for each in _desk(call).totals():
        row = rows.setdefault(each.ae_title, {"ae_title": each.ae_title, "owed": None, "aside": None})
        row["aside" if each.state is OwedState.ASIDE else "owed"] = _total(each)
    return json_answer({"commitments": list(rows.values())})


def again(call: Call) -> Response:
    return json_answer({"again": _desk(call).put_back(call.signed_in.actor, [cast(str, call.body["ae_title"])])})


def _total(of: OwedTotal) -> Json:
    return {"reports": of.reports, "since": of.since.isoformat(), "problem": of.problem}


def _desk(call: Call) -> OwedDesk:
    if (desk := call.house.services.owed) is None:
        raise Refusal(503, "no_commitments", "nobody is owed a report here")
    return desk


COMMITMENT_OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/api/commitments", "commitments", "Reports on storage commitment that we owe or put aside, by AE title, since when and why.", get_commitments, "commitments", act=Act.SEE_SETTINGS),
    by_person("POST", "/api/commitments/again", "commit_again", "Call an AE title once more for what was put aside. Audited.", again, "how many reports", Act.RETRY_WORK, AGAIN_BODY),
)  # fmt: skip
