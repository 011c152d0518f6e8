"""The model registry over HTTP: which version reads where, what its gates last said, and what people may do about it. The desk decides."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.responses import Response

from wetread.domain.model_version import ModelVersion
from wetread.domain.role import Actor
from wetread.domain.rollout import GateEvidence, Rollout, RolloutAct, RolloutDecision
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.reading_json import Json
from wetread.web.schema import Schema, record, text

if TYPE_CHECKING:
    from wetread.governance.desk import RolloutDesk

__all__ = ["ASK_BODY", "STEP_BODY", "approve", "ask", "get_models", "get_version_card", "hold", "resume", "roll_back"]

_SITE = text(64)
ASK_BODY: Schema = record({"site": _SITE, "password": text(256, min_length=1)})
STEP_BODY: Schema = record({"site": _SITE, "reason": text(500, min_length=1), "password": text(256, min_length=1)})


def get_models(call: Call) -> Response:
    """Every registered version with its rollouts, newest first."""
    with call.house.services.database.begin(write=False) as unit:
        versions, rollouts = unit.versions(), unit.rollouts()
        looks = {(each.model_key, each.site): unit.last_decision(each.model_key, each.site) for each in rollouts}
    rows = [_version(each, rollouts, looks) for each in sorted(versions, key=lambda v: v.registered_at, reverse=True)]
    return json_answer({"versions": rows})


def get_version_card(call: Call) -> Response:
    with call.house.services.database.begin(write=False) as unit:
        version = unit.version(call.path["model"])
    if version is None:
        raise Refusal(404, "no_version", "no such version is registered")
    return Response(call.house.services.version_card(version), media_type="text/plain; charset=utf-8")


def ask(call: Call) -> Response:
    return _step(call, lambda desk: desk.ask(call.signed_in.actor, call.path["model"], call.text("site")))


def approve(call: Call) -> Response:
    return _step(call, lambda desk: desk.approve(*_named(call)))


def hold(call: Call) -> Response:
    return _step(call, lambda desk: desk.hold(*_named(call)))


def resume(call: Call) -> Response:
    return _step(call, lambda desk: desk.resume(*_named(call)))


def roll_back(call: Call) -> Response:
    return _step(call, lambda desk: desk.roll_back(*_named(call)))


def _named(call: Call) -> tuple[Actor, str, str, str]:
    return call.signed_in.actor, call.path["model"], call.text("site"), call.text("reason")


def _step(call: Call, step: "Callable[[RolloutDesk], Rollout]") -> Response:
    """The person's own password first: what reads tomorrow's films is decided here. The desk's statistics are loaded when somebody acts: a server that only serves stays small."""
    from wetread.governance.desk import RolloutDesk

    call.confirm()
    services = call.house.services
    return json_answer(_rollout(step(RolloutDesk(services.database, services.clock)), None))


def _version(
    version: ModelVersion,
    rollouts: tuple[Rollout, ...],
    looks: dict[tuple[str, str], RolloutDecision | None],
) -> Json:
    mine = [each for each in rollouts if each.model_key == version.key]
    return {
        "model": version.key,
        "bundle_sha256": version.bundle_sha256,
        "registered_by": version.registered_by,
        "registered_at": version.registered_at.isoformat(),
        "signer": version.signer,
        "note": version.note,
        "rollouts": [_rollout(each, looks[each.model_key, each.site]) for each in mine],
    }


def _rollout(rollout: Rollout, look: RolloutDecision | None) -> Json:
    asked = rollout.ask
    return {
        "site": rollout.site,
        "state": rollout.state.value,
        "percent": rollout.percent,
        "next_percent": rollout.next_percent,
        "since": rollout.since.isoformat(),
        "open": rollout.is_open,
        "held": rollout.held,
        "reason": rollout.reason,
        "expects": rollout.plan.expects if rollout.is_open else "",
        "ask": None if asked is None else {
            "percent": asked.percent,
            "asked_by": asked.asked_by,
            "approvals": [{"actor_id": each.actor_id, "role": each.role.value} for each in asked.approvals],
        },
        "look": None if look is None else {
            "look": look.look,
            "decided_at": look.decided_at.isoformat(),
            "verdict": look.verdict.value,
            "reason": look.reason,
            "studies": look.studies,
            "gates": [_gate(each) for each in look.evidence],
        },
        "history": [_done(each) for each in reversed(rollout.history)],
    }  # fmt: skip


def _gate(gate: GateEvidence) -> Json:
    return {
        "gate": gate.gate.value,
        "finding": gate.finding.value if gate.finding else None,
        "result": gate.result.value,
        "statistic": gate.statistic,
        "value": _finite(gate.value),
        "threshold": _finite(gate.threshold),
        "events": gate.events,
        "n": gate.n,
    }


def _finite(value: float | None) -> float | str | None:
    return value if value is None or value - value == 0 else repr(value)


def _done(act: RolloutAct) -> Json:
    return {
        "action": act.action,
        "actor_id": act.actor_id,
        "role": act.role.value,
        "acted_at": act.acted_at.isoformat(),
        "percent": act.percent,
        "reason": act.reason,
    }
