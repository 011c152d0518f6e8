"""What people, and the machine within its bounds, do to the registry: each act is one transaction with its audit record."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from wetread.domain.alarm import AlarmKind
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import IllegalTransition, PermanentError, StaleVersion
from wetread.domain.model_version import ModelVersion, VersionEvent, VersionState, next_version_state
from wetread.domain.role import SERVICE, Act, Actor, require
from wetread.domain.rollout import GatePlan, GateResult, Rollout, RolloutAct, RolloutDecision, Verdict
from wetread.governance import steps
from wetread.governance.judge import may_widen
from wetread.monitoring.alarms import Silence, clear_alarm, raise_alarm
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork

__all__ = ["RolloutDesk"]

_LONGEST = 500
_Step = Callable[[Rollout, RolloutDecision | None, datetime], Rollout]


@dataclass(frozen=True, slots=True)
class RolloutDesk:
    """Every act raises NotPermitted, PermanentError where it does not fit the state, or StaleVersion when somebody was faster."""

    database: Database
    clock: Clock

    def register(self, actor: Actor, version: ModelVersion) -> bool:
        """False when this very bundle is registered already."""
        require(actor, Act.REGISTER_MODEL)
        with self.database.begin() as unit:
            if not unit.add_version(version):
                return False
            facts = (("model", version.key), ("bundle_sha256", version.bundle_sha256))
            unit.audit(AuditEvent("model.register", actor.actor_id, detail=facts), self.clock.now())
            unit.commit()
        return True

    def start(self, actor: Actor, model_key: str, site: str, plan: GatePlan, reason: str) -> Rollout:
        """A registered version reads along at the site, unseen."""
        require(actor, Act.REGISTER_MODEL)
        why = _reason(reason)
        with self.database.begin() as unit:
            if unit.version(model_key) is None:
                raise PermanentError(f"{model_key} is not registered: `wetread rollout register`", code="no_version")
            previous, now = unit.rollout(model_key, site), self.clock.now()
            rollout = steps.started(previous, model_key, site, plan, now, why)
            saved = _save(unit, rollout, previous, "rollout.start", actor, now, why)
            unit.commit()
        return saved

    def ask(self, actor: Actor, model_key: str, site: str) -> Rollout:
        """The next stage is asked for; two people decide."""
        require(actor, Act.ASK_FOR_PROMOTION)

        def step(rollout: Rollout, latest: RolloutDecision | None, now: datetime) -> Rollout:
            return steps.asked(rollout, latest, actor, now)

        return self._act(actor, "rollout.ask", model_key, site, step, "")

    def approve(self, actor: Actor, model_key: str, site: str, reason: str) -> Rollout:
        """One yes. With the second, of another person in the other role, the version goes on in the same transaction."""
        require(actor, Act.APPROVE_PROMOTION)
        why = _reason(reason)
        with self.database.begin() as unit:
            rollout, latest, now = *_found(unit, model_key, site), self.clock.now()
            after = steps.approved(rollout, latest, actor, now, why)
            saved = _save(unit, after, rollout, "rollout.approve", actor, now, why)
            if steps.is_approved(saved):
                saved = _go_on(unit, saved, now, why)
            unit.commit()
        return saved

    def hold(self, actor: Actor, model_key: str, site: str, reason: str) -> Rollout:
        require(actor, Act.STOP_ROLLOUT)
        why = _reason(reason)
        return self._act(actor, "rollout.hold", model_key, site, lambda rollout, _, __: steps.held(rollout, why), why)

    def resume(self, actor: Actor, model_key: str, site: str, reason: str) -> Rollout:
        require(actor, Act.APPROVE_PROMOTION)
        why = _reason(reason)

        def step(rollout: Rollout, _: RolloutDecision | None, now: datetime) -> Rollout:
            return steps.resumed(rollout, now, why)

        return self._act(actor, "rollout.resume", model_key, site, step, why)

    def roll_back(self, actor: Actor, model_key: str, site: str, reason: str) -> Rollout:
        """Out of use at once. An active version gives the site back to the one it replaced, or to the installed model."""
        require(actor, Act.STOP_ROLLOUT)
        why = _reason(reason)
        with self.database.begin() as unit:
            rollout, _ = _found(unit, model_key, site)
            saved = _take_back(unit, rollout, actor, self.clock.now(), why)
            unit.commit()
        return saved

    def record(self, decision: RolloutDecision, expected_etag: int) -> Rollout:
        """The machine's own act: the decision with its evidence, its audit record and, where it says so, hold or rollback, in one transaction.

        Raises StaleVersion when the rollout changed, or somebody else evaluated it, since it was read: nothing is written then.
        """
        with self.database.begin() as unit:
            rollout, _ = _found(unit, decision.model_key, decision.site)
            if rollout.etag != expected_etag or not rollout.is_open:
                raise StaleVersion("the rollout changed while its gates were weighed: look again")
            now = decision.decided_at
            unit.add_decision(decision)
            failing = [each for each in decision.evidence if each.result is GateResult.FAILS]
            facts = {"look": str(decision.look), "verdict": decision.verdict.value, "studies": str(decision.studies)}
            if failing:
                facts["failed"] = ",".join(
                    f"{each.gate.value}:{each.finding.value if each.finding else 'all'}" for each in failing
                )
            _audit(unit, "rollout.evaluate", SERVICE, rollout, now, **facts)
            saved = _obey(unit, rollout, decision, now)
            unit.commit()
        return saved

    def _act(self, actor: Actor, action: str, model_key: str, site: str, step: _Step, why: str) -> Rollout:
        with self.database.begin() as unit:
            rollout, latest, now = *_found(unit, model_key, site), self.clock.now()
            saved = _save(unit, step(rollout, latest, now), rollout, action, actor, now, why)
            unit.commit()
        return saved


def _obey(unit: UnitOfWork, rollout: Rollout, decision: RolloutDecision, now: datetime) -> Rollout:
    """What the machine may do of itself, and never silently: roll back, or hold. A longest stay that is over holds nothing back from people."""
    if decision.verdict is Verdict.ROLL_BACK:
        taken = _take_back(unit, rollout, SERVICE, now, decision.reason)
        raise_alarm(unit, _stopped(taken, "was taken back", decision.reason), now)
        return taken
    only_dwell = may_widen(decision.verdict, decision.evidence)
    if decision.verdict is Verdict.HOLD and not only_dwell and not rollout.held:
        held = steps.held(rollout, decision.reason)
        raise_alarm(unit, _stopped(held, "is held", decision.reason), now)
        return _save(unit, held, rollout, "rollout.hold", SERVICE, now, decision.reason)
    return rollout


def _stopped(rollout: Rollout, what: str, why: str) -> Silence:
    """Pages nobody: the machine has done what could not wait."""
    message = f"{rollout.model_key} {what} at {rollout.site} ({why}): wetread rollout explain {rollout.model_key}"
    return Silence(AlarmKind.ROLLOUT_STOPPED, _alarm_key(rollout), rollout.site, message, pages=False)


def _alarm_key(rollout: Rollout) -> str:
    return f"{AlarmKind.ROLLOUT_STOPPED.value}/{rollout.site}/{rollout.model_key}"


def _go_on(unit: UnitOfWork, rollout: Rollout, now: datetime, why: str) -> Rollout:
    others = [each for each in unit.rollouts(site=rollout.site) if each.model_key != rollout.model_key]
    if clash := next((each for each in others if each.state is VersionState.CANARY), None):
        raise PermanentError(
            f"{clash.model_key} is the canary of this site: finish or roll it back first", code="another_canary"
        )
    active = next((each for each in others if each.state is VersionState.ACTIVE), None)
    people = "+".join(each.actor_id for each in rollout.ask.approvals) if rollout.ask else ""
    wide = steps.widened(rollout, active.model_key if active else "", now, why)
    action = "rollout.activate" if wide.state is VersionState.ACTIVE else "rollout.widen"
    saved = _save(unit, wide, rollout, action, SERVICE, now, "", approved_by=people)
    if saved.state is VersionState.ACTIVE and active:
        state, why = next_version_state(active.state, VersionEvent.SUPERSEDE), f"superseded by {saved.model_key}"
        gone = replace(active, state=state, percent=0, since=now, reason=why)
        _save(unit, gone, active, "rollout.supersede", SERVICE, now, why)
    return saved


def _take_back(unit: UnitOfWork, rollout: Rollout, actor: Actor, now: datetime, why: str) -> Rollout:
    was_active = rollout.state is VersionState.ACTIVE
    saved = _save(unit, steps.rolled_back(rollout, now, why), rollout, "rollout.roll_back", actor, now, why)
    before = unit.rollout(rollout.replaces, rollout.site) if was_active and rollout.replaces else None
    if before is not None:
        _restore(unit, before, now)
    return saved


def _restore(unit: UnitOfWork, before: Rollout, now: datetime) -> None:
    """The predecessor reads again, as two people had approved; one that was itself begun anew since stays where it is and the installed model reads."""
    try:
        state = next_version_state(before.state, VersionEvent.RESTORE)
    except IllegalTransition:
        return
    why = "its successor was rolled back"
    back = replace(before, state=state, percent=100, since=now, reason=why)
    _save(unit, back, before, "rollout.restore", SERVICE, now, why)


def _found(unit: UnitOfWork, model_key: str, site: str) -> tuple[Rollout, RolloutDecision | None]:
    rollout = unit.rollout(model_key, site)
    if rollout is None:
        raise PermanentError(f"{model_key} has no rollout at this site: `wetread rollout status`", code="no_rollout")
    return rollout, unit.last_decision(model_key, site)


def _save(
    unit: UnitOfWork,
    after: Rollout,
    before: Rollout | None,
    action: str,
    actor: Actor,
    now: datetime,
    why: str,
    **facts: str,
) -> Rollout:
    """The rollout with the act in its history, and the act, without words that people typed, in the audit log."""
    percent = after.ask.percent if after.ask else after.percent
    done = RolloutAct(action.partition(".")[2], actor.actor_id, actor.role, now, percent, why)
    kept = replace(after, history=(*after.history, done))
    saved = unit.save_rollout(kept, expected_etag=before.etag if before else None)
    if actor != SERVICE:
        clear_alarm(unit, _alarm_key(saved), now)  # a person has acted on it
    asked = {"asked": f"{after.ask.percent}"} if after.ask else {}
    _audit(unit, action, actor, saved, now, **asked, **facts)
    return saved


def _audit(unit: UnitOfWork, action: str, actor: Actor, rollout: Rollout, now: datetime, **facts: str) -> None:
    known = {
        "model": rollout.model_key,
        "site": rollout.site,
        "state": rollout.state.value,
        "percent": f"{rollout.percent}",
    }
    unit.audit(AuditEvent(action, actor.actor_id, detail=tuple((known | facts).items())), now)


def _reason(given: str) -> str:
    """Kept with the rollout, never in the audit log: a person typed it."""
    text = " ".join(given.split())
    if not 3 <= len(text) <= _LONGEST:
        raise PermanentError(f"say why, in 3 to {_LONGEST} characters", code="reason_missing")
    return text
