"""What may become of a rollout: pure steps from one to the next. A version goes on only when two people of two roles say so (docs/adr/0013); to hold it or take it back one is enough, or the machine."""

from dataclasses import replace
from datetime import datetime

from wetread.domain.errors import NotPermitted, PermanentError
from wetread.domain.model_version import VersionEvent, VersionState, next_version_state
from wetread.domain.role import Actor, Role
from wetread.domain.rollout import Approval, Ask, GatePlan, Rollout, RolloutDecision
from wetread.governance.judge import may_widen

__all__ = [
    "APPROVING_ROLES",
    "approved",
    "asked",
    "held",
    "is_approved",
    "resumed",
    "rolled_back",
    "started",
    "widened",
]

APPROVING_ROLES = frozenset({Role.QUALITY, Role.ADMIN})
"""One person of each."""


def started(previous: Rollout | None, model_key: str, site: str, plan: GatePlan, now: datetime, reason: str) -> Rollout:
    """A shadow. Raises IllegalTransition when the version is in use at the site already."""
    state = next_version_state(previous.state if previous else VersionState.CANDIDATE, VersionEvent.START)
    history = previous.history if previous else ()
    return Rollout(model_key, site, state, 0, now, plan, reason=reason, baseline_since=now, history=history)


def asked(rollout: Rollout, latest: RolloutDecision | None, actor: Actor, now: datetime) -> Rollout:
    """Asking for the next stage. Raises PermanentError while the gates do not let it go on."""
    decision = _let_go_on(rollout, latest)
    return replace(rollout, ask=Ask(actor.actor_id, now, rollout.next_percent, decision.look))


def approved(rollout: Rollout, latest: RolloutDecision | None, actor: Actor, now: datetime, reason: str) -> Rollout:
    """One person's yes to what was asked for. Raises NotPermitted for a second yes of the same person or role, or of who asked."""
    _let_go_on(rollout, latest)
    ask = rollout.ask
    if ask is None:
        raise PermanentError("nobody has asked for the next stage", code="nothing_asked")
    if actor.role not in APPROVING_ROLES:
        raise NotPermitted(f"role {actor.role.value} may not approve a promotion")
    if actor.actor_id in (ask.asked_by, *(each.actor_id for each in ask.approvals)):
        raise NotPermitted("who asked or has approved already cannot approve: it takes two people")
    if actor.role in {each.role for each in ask.approvals}:
        other = next(iter(APPROVING_ROLES - {actor.role}))
        raise NotPermitted(f"a person of this role has approved already: the other must be of role {other.value}")
    given = Approval(actor.actor_id, actor.role, now, reason)
    return replace(rollout, ask=replace(ask, approvals=(*ask.approvals, given)))


def is_approved(rollout: Rollout) -> bool:
    """True when one person of each approving role has said yes."""
    given = rollout.ask.approvals if rollout.ask else ()
    people = {each.actor_id for each in given}
    return {each.role for each in given} == APPROVING_ROLES and len(people) == len(given)


def widened(rollout: Rollout, replaces: str, now: datetime, reason: str) -> Rollout:
    """The stage that was asked for and approved. `replaces`: the version active at the site until now. Raises NotPermitted without both approvals."""
    if rollout.ask is None or not is_approved(rollout):
        raise NotPermitted("it takes the approval of two people to let a version go on")
    percent = rollout.ask.percent
    event = VersionEvent.ACTIVATE if percent == 100 else VersionEvent.WIDEN
    return replace(
        rollout,
        state=next_version_state(rollout.state, event),
        percent=percent,
        since=now,
        baseline_since=now,
        ask=None,
        replaces=replaces if percent == 100 else "",
        reason=reason,
    )


def held(rollout: Rollout, reason: str) -> Rollout:
    """Nothing may be asked or approved until people resume it; it reads on as it does. Raises PermanentError when no rollout is under way."""
    _under_way(rollout)
    return replace(rollout, held=reason, ask=None)


def resumed(rollout: Rollout, now: datetime, reason: str) -> Rollout:
    """People have looked: from now on drift is told against what comes from now on."""
    if not rollout.held:
        raise PermanentError("this rollout is not held", code="not_held")
    return replace(rollout, held="", baseline_since=now, reason=reason)


def rolled_back(rollout: Rollout, now: datetime, reason: str) -> Rollout:
    """Out of use at the site. Raises IllegalTransition when it was not in use."""
    state = next_version_state(rollout.state, VersionEvent.ROLL_BACK)
    return replace(rollout, state=state, percent=0, since=now, ask=None, held="", reason=reason)


def _let_go_on(rollout: Rollout, latest: RolloutDecision | None) -> RolloutDecision:
    """The newest decision, where it lets people let the version go on."""
    _under_way(rollout)
    if rollout.held:
        raise PermanentError(f"the rollout is held: {rollout.held}", code="rollout_held")
    if latest is None or latest.decided_at <= rollout.since:
        raise PermanentError("the gates have not looked at this stage yet", code="not_evaluated")
    if not may_widen(latest.verdict, latest.evidence):
        raise PermanentError(f"the gates say {latest.verdict.value}: {latest.reason}", code="gates_do_not_let_it_go_on")
    return latest


def _under_way(rollout: Rollout) -> None:
    if not rollout.is_open:
        raise PermanentError(
            f"this version is {rollout.state.value} at this site: no rollout is under way", code="no_rollout"
        )
