"""The triage policy over HTTP: as it is, checked as it is typed, tried on stored studies, proposed by one person and brought into use by another."""

from collections.abc import Callable
from datetime import timedelta

from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.policy_version import PolicyVersion
from wetread.domain.priority import Priority, TriageDecision
from wetread.domain.role import Actor
from wetread.governance.policy_desk import PolicyDesk
from wetread.triage.dry_run import Comparison, DryRun, compare
from wetread.triage.policy import TriagePolicy
from wetread.triage.policy_advice import advice_on
from wetread.triage.policy_file import check_policy
from wetread.triage.replay import replay
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.problems import Refusal
from wetread.web.reading_json import Json
from wetread.web.schema import Schema, integer, record, text

__all__ = [
    "POLICY_BODY",
    "PROPOSE_BODY",
    "STEP_BODY",
    "TRY_BODY",
    "approve",
    "check",
    "get_policy",
    "get_version",
    "propose",
    "revert",
    "try_policy",
    "withdraw",
]

_POLICY = text(200_000, min_length=1)
POLICY_BODY: Schema = record({"policy": _POLICY})
TRY_BODY: Schema = record({"policy": _POLICY, "hours": integer(1, 24 * 90), "most": integer(1, 5000)})
_REASON, _PASSWORD = text(500, min_length=1), text(256, min_length=1)
PROPOSE_BODY: Schema = record({"policy": _POLICY, "reason": _REASON, "password": _PASSWORD})
STEP_BODY: Schema = record({"reason": _REASON, "password": _PASSWORD})
_SHOWN = 50


def get_policy(call: Call) -> Response:
    """The text that decides, saved or the file's, and the saved versions, newest first."""
    services = call.house.services
    with services.database.begin(write=False) as unit:
        active, versions = unit.active_policy(), unit.policies(_SHOWN)
    shown, problem = services.administration, ""
    if services.policies is not None:
        problem = services.policies.deciding().problem
    return json_answer(
        {
            "policy": active.text if active else shown.policy_text(),
            "site_policy": shown.site_policy,
            "active": active.number if active else None,
            "problem": problem,
            "versions": [_version(each) for each in versions],
        }
    )


def get_version(call: Call) -> Response:
    """One saved version with its text."""
    with call.house.services.database.begin(write=False) as unit:
        version = unit.policy(_number(call))
    if version is None:
        raise Refusal(404, "no_policy", "there is no saved policy of that number")
    return json_answer({**_version(version), "text": version.text})


def propose(call: Call) -> Response:
    return _step(call, lambda desk, actor: desk.propose(actor, call.text("policy"), call.text("reason")))


def approve(call: Call) -> Response:
    return _step(call, lambda desk, actor: desk.approve(actor, _number(call), call.text("reason")))


def withdraw(call: Call) -> Response:
    return _step(call, lambda desk, actor: desk.withdraw(actor, _number(call), call.text("reason")))


def revert(call: Call) -> Response:
    return _step(call, lambda desk, actor: desk.revert(actor, _number(call), call.text("reason")))


def _step(call: Call, step: Callable[[PolicyDesk, Actor], PolicyVersion]) -> Response:
    """The person's own password first: what is read first tomorrow is decided here."""
    call.confirm()
    services = call.house.services
    desk = PolicyDesk(services.database, services.clock, services.administration.policy_text)
    return json_answer(_version(step(desk, call.signed_in.actor)))


def _number(call: Call) -> int:
    given = call.path["number"]
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Refusal(404, "no_policy", "there is no saved policy of that number")
    return int(given)


def _version(version: PolicyVersion) -> Json:
    return {
        "number": version.number,
        "name": version.name,
        "sha256": version.sha256,
        "state": version.state.value,
        "replaced": version.replaced,
        "acts": [
            {
                "action": each.action,
                "actor_id": each.actor_id,
                "role": each.role.value,
                "acted_at": each.acted_at.isoformat(),
                "reason": each.reason,
            }
            for each in version.acts
        ],
    }


def check(call: Call) -> Response:
    return json_answer(_checked(call.text("policy"))[1])


def try_policy(call: Call) -> Response:
    """What it would have decided on the studies received in the last `hours`, the newest `most` of them. Writes nothing but that it was tried."""
    policy, said = _checked(call.text("policy"))
    if policy is None:
        return json_answer({**said, "dry_run": None})
    services, hours = call.house.services, call.number("hours")
    since = services.clock.now() - timedelta(hours=hours)
    pairs = list(replay(services.database, services.vault, policy, since=since, most=call.number("most")))
    facts = (("policy", policy.policy_version[:60]), ("studies", str(len(pairs))), ("hours", str(hours)))
    call.house.audit(AuditEvent("policy.try", call.signed_in.actor.actor_id, detail=facts))
    return json_answer({**said, "dry_run": _dry_run(compare(pairs, policy))})


def _checked(given: str) -> tuple[TriagePolicy | None, Json]:
    policy, problems = check_policy(given)
    said: Json = {
        "version": policy.policy_version if policy else None,
        "problems": [{"line": each.line, "where": each.where, "message": each.message} for each in problems],
        "advice": list(advice_on(policy)) if policy else [],
        "rules": len(policy.rules) if policy else 0,
        "critical_rules": sum(rule.critical for rule in policy.rules) if policy else 0,
    }
    return policy, said


def _dry_run(run: DryRun) -> Json:
    order = [each.value for each in reversed(Priority)]
    return {
        "studies": run.studies,
        "moved": run.moved,
        "priorities": order,
        "table": [[run.moves[Priority(before), Priority(after)] for after in order] for before in order],
        "critical_before": run.critical_before,
        "critical_after": run.critical_after,
        "becoming_critical": run.becoming_critical,
        "no_longer_critical": run.no_longer_critical,
        "rules": [
            {"rule": name, "before": run.rules_before[name], "after": run.rules_after[name]}
            for name in sorted({*run.rules_before, *run.rules_after})
        ],
        "silent": list(run.silent),
        "changed": [_change(each) for each in run.changed[:_SHOWN]],
        "changed_total": len(run.changed),
    }


def _change(pair: Comparison) -> Json:
    return {"study_key": pair.study_key, "before": _decision(pair.before), "after": _decision(pair.after)}


def _decision(decision: TriageDecision) -> Json:
    return {"priority": decision.priority.value, "critical": decision.critical, "reason": decision.reason}
