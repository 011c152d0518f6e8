"""How a triage policy comes into use (ADR-0013's pattern): one person proposes, another in the other role approves; one is enough to take it back. Each act is one transaction with its audit record."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import IllegalTransition, NotPermitted, PermanentError, StaleVersion
from wetread.domain.policy_version import PolicyAct, PolicyState, PolicyVersion, policy_sha256
from wetread.domain.role import Act, Actor, require
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.triage.policy import TriagePolicy
from wetread.triage.policy_file import check_policy

__all__ = ["PolicyDesk"]

_LONGEST = 500


@dataclass(frozen=True, slots=True)
class PolicyDesk:
    """`file_text` is the text of the settings' file: what decides where no saved version does."""

    database: Database
    clock: Clock
    file_text: Callable[[], str]

    def propose(self, actor: Actor, text: str, reason: str) -> PolicyVersion:
        """Raises PermanentError ('bad_policy') for a text that cannot decide, IllegalTransition for the one that decides already."""
        require(actor, Act.PROPOSE_POLICY)
        policy, why, now = _checked(text), _reason(reason), self.clock.now()
        with self.database.begin() as unit:
            based_on, sha256 = self._deciding(unit), policy_sha256(text)
            if sha256 == based_on:
                raise IllegalTransition("this very text decides already")
            number = next((each.number for each in unit.policies(1)), 0) + 1
            act = PolicyAct("propose", actor.actor_id, actor.role, now, why)
            version = PolicyVersion(number, policy.policy_version, text, sha256, based_on, PolicyState.PROPOSED, (act,))
            unit.save_policy(version)
            _audit(unit, version, act)
            unit.commit()
        return version

    def approve(self, actor: Actor, number: int, reason: str) -> PolicyVersion:
        """It decides from the commit on. Raises NotPermitted for who proposed it and for their role, StaleVersion where something else decides than when it was proposed, PermanentError ('bad_policy')
        where this release cannot read it."""
        require(actor, Act.APPROVE_POLICY)
        why, now = _reason(reason), self.clock.now()
        with self.database.begin() as unit:
            version, asked = _proposed(unit, number)
            if actor.actor_id == asked.actor_id or actor.role is asked.role:
                raise NotPermitted(
                    "whoever proposes a policy does not approve it: somebody else does, in the other role",
                    code="four_eyes",
                )
            _checked(version.text)
            if policy_sha256(version.text) != version.sha256:
                raise PermanentError("the text is not what was proposed: propose it again", code="bad_policy")
            if self._deciding(unit) != version.based_on:
                raise StaleVersion(
                    "another policy decides since this was proposed: try it against that, and propose it again"
                )
            before = unit.active_policy()
            if before is not None:
                unit.save_policy(replace(before, state=PolicyState.SUPERSEDED))
            act = PolicyAct("approve", actor.actor_id, actor.role, now, why)
            replaced = before.number if before else None
            saved = _save(unit, replace(version, state=PolicyState.ACTIVE, replaced=replaced), act)
            unit.commit()
        return saved

    def withdraw(self, actor: Actor, number: int, reason: str) -> PolicyVersion:
        """A proposal that nobody shall approve any more."""
        require(actor, Act.PROPOSE_POLICY)
        why, now = _reason(reason), self.clock.now()
        with self.database.begin() as unit:
            version, _ = _proposed(unit, number)
            act = PolicyAct("withdraw", actor.actor_id, actor.role, now, why)
            saved = _save(unit, replace(version, state=PolicyState.WITHDRAWN), act)
            unit.commit()
        return saved

    def revert(self, actor: Actor, number: int, reason: str) -> PolicyVersion:
        """What decided before decides again: two people had approved that, or it is the file. One person is enough."""
        require(actor, Act.APPROVE_POLICY)
        why, now = _reason(reason), self.clock.now()
        with self.database.begin() as unit:
            version = unit.policy(number)
            if version is None or version.state is not PolicyState.ACTIVE:
                raise IllegalTransition("only the policy that decides can be taken back")
            act = PolicyAct("revert", actor.actor_id, actor.role, now, why)
            saved = _save(unit, replace(version, state=PolicyState.REVERTED), act)
            before = unit.policy(version.replaced) if version.replaced is not None else None
            if before is not None:
                unit.save_policy(replace(before, state=PolicyState.ACTIVE))
            unit.commit()
        return saved

    def _deciding(self, unit: UnitOfWork) -> str:
        active = unit.active_policy()
        return active.sha256 if active else policy_sha256(self.file_text())


def _proposed(unit: UnitOfWork, number: int) -> tuple[PolicyVersion, PolicyAct]:
    version = unit.policy(number)
    if version is None or version.state is not PolicyState.PROPOSED:
        raise IllegalTransition("there is no open proposal of that number")
    return version, version.acts[0]


def _save(unit: UnitOfWork, version: PolicyVersion, act: PolicyAct) -> PolicyVersion:
    saved = replace(version, acts=(*version.acts, act))
    unit.save_policy(saved)
    _audit(unit, saved, act)
    return saved


def _audit(unit: UnitOfWork, version: PolicyVersion, act: PolicyAct) -> None:
    facts = (("number", str(version.number)), ("policy", version.name[:60]), ("sha256", version.sha256))
    at: datetime = act.acted_at
    unit.audit(AuditEvent(f"policy.{act.action}", act.actor_id, detail=facts), at)


def _checked(text: str) -> TriagePolicy:
    policy, problems = check_policy(text)
    if policy is None:
        raise PermanentError(f"this policy cannot decide: {problems[0]}", code="bad_policy")
    return policy


def _reason(given: str) -> str:
    if not given.strip():
        raise PermanentError("say why: the reason is kept", code="no_reason")
    return given.strip()[:_LONGEST]
