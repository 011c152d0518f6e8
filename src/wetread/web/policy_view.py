"""The triage policy over HTTP: as it is, checked as it is typed, tried on stored studies. Nothing here changes what decides: policies are files that are read at start."""

from datetime import timedelta

from starlette.responses import Response

from wetread.domain.audit import AuditEvent
from wetread.domain.priority import Priority, TriageDecision
from wetread.triage.dry_run import Comparison, DryRun, compare
from wetread.triage.policy import TriagePolicy
from wetread.triage.policy_advice import advice_on
from wetread.triage.policy_file import check_policy
from wetread.triage.replay import replay
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.reading_json import Json
from wetread.web.schema import Schema, integer, record, text

__all__ = ["POLICY_BODY", "TRY_BODY", "check", "get_policy", "try_policy"]

_POLICY = text(200_000, min_length=1)
POLICY_BODY: Schema = record({"policy": _POLICY})
TRY_BODY: Schema = record({"policy": _POLICY, "hours": integer(1, 24 * 90), "most": integer(1, 5000)})
_SHOWN = 50


def get_policy(call: Call) -> Response:
    """The text of the file as it is now, and the version that decides since the start."""
    shown = call.house.services.administration
    return json_answer({"policy": shown.policy_text(), "site_policy": shown.site_policy})


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
