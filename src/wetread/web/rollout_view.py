"""Rollouts over HTTP, for deployment controllers: has a version been let go on, is it waiting, was it taken back? Reads only; nothing here promotes."""

from starlette.responses import Response

from wetread.domain.model_version import VersionState
from wetread.domain.rollout import Rollout, RolloutDecision, Verdict
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.reading_json import Json

__all__ = ["get_analysis"]


def get_analysis(call: Call) -> Response:
    """`result` over the sites asked for (`site`, else all with a rollout): "fail" when one took the version back, "pass" when people have let it read `percent` of every one, else "hold"."""
    asked = dict(call.query)
    percent = _percent(asked.get("percent", "100"))
    with call.house.services.database.begin(write=False) as unit:
        rollouts = unit.rollouts(model_key=call.path["model"], site=asked.get("site"))
        looks = [unit.last_decision(each.model_key, each.site) for each in rollouts]
    if not rollouts:
        raise Refusal(404, "no_rollout", "this version has no rollout there")
    sites = [_site(each, look, percent) for each, look in zip(rollouts, looks, strict=True)]
    results = {each["result"] for each in sites}
    result = "fail" if "fail" in results else "hold" if "hold" in results else "pass"
    return json_answer({"model": call.path["model"], "percent": percent, "result": result, "sites": sites})


def _site(rollout: Rollout, look: RolloutDecision | None, percent: int) -> Json:
    if rollout.state is VersionState.RETIRED:
        result = "fail"
    else:
        result = "pass" if rollout.percent >= percent and not rollout.held else "hold"
    this_stage = look is not None and look.decided_at > rollout.since
    return {
        "site": rollout.site,
        "result": result,
        "state": rollout.state.value,
        "percent": rollout.percent,
        "since": rollout.since.isoformat(),
        "held": rollout.held,
        "asked_percent": rollout.ask.percent if rollout.ask else None,
        "approvals": len(rollout.ask.approvals) if rollout.ask else 0,
        "recommended": bool(this_stage and look and look.verdict is Verdict.PROMOTE),
        "verdict": look.verdict.value if look else None,
        "reason": look.reason if look else "the gates have not looked yet",
        "decided_at": look.decided_at.isoformat() if look else None,
        "looks": look.look if look else 0,
    }


def _percent(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 0 <= int(text) <= 100):
        raise Refusal(400, "query_misfit", "percent is a whole number from 0 to 100")
    return int(text)
