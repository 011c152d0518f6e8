"""How a study comes to be erased (ADR-0013's pattern): one person asks, another in the other role approves, and a worker does it. Each act is one transaction with its audit record."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta

from wetread.domain.audit import AuditEvent
from wetread.domain.erasure import (
    Erasure,
    ErasureAct,
    ErasureReason,
    ErasureState,
    Obstacle,
    Standing,
    Tombstone,
    TombstoneState,
    approved,
    obstacles,
    withdrawn,
)
from wetread.domain.errors import IllegalTransition, PermanentError, StaleVersion, StudyNotFound
from wetread.domain.identifiers import StudyKey
from wetread.domain.role import Act, Actor, require
from wetread.governance.erasure_standing import next_number, patient_keys, standings_of
from wetread.ingest.returned import readmit
from wetread.ingest.suitability import SuitabilityPolicy
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.vault import Vault
from wetread.ports.vault_eraser import VaultEraser

__all__ = ["ErasureDesk", "Look", "checked_reference"]

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{0,39}", re.ASCII)
_WHILE_APPROVED = frozenset({Obstacle.ALREADY})


@dataclass(frozen=True, slots=True)
class Look:
    """One study as it stands, and what is in the way of its erasure now."""

    study_key: StudyKey
    standing: Standing
    in_the_way: tuple[Obstacle, ...]


def checked_reference(given: str) -> str:
    """The number of a site's own file, or "". Raises PermanentError (code 'bad_reference') for what looks like more than a number: it stays for ever."""
    if given and not _REFERENCE.fullmatch(given):
        raise PermanentError(
            "a reference is the number of your own file: up to 40 letters, digits, spaces and ./_-",
            code="bad_reference",
        )
    return given


@dataclass(frozen=True, slots=True)
class ErasureDesk:
    """`kept_for`: how long the site has to keep a study, None where no period is set."""

    database: Database
    vault: Vault
    eraser: VaultEraser
    clock: Clock
    secret: bytes
    policy: SuitabilityPolicy
    kept_for: timedelta | None = None

    def look(self, study_keys: tuple[StudyKey, ...], reason: ErasureReason) -> tuple[Look, ...]:
        """What an erasure would meet now; nothing is changed."""
        with self.database.begin(write=False) as unit:
            return self._looks(unit, study_keys, reason)

    def studies_of(self, study_key: StudyKey, *, whole_patient: bool) -> tuple[StudyKey, ...]:
        """The study, or all of its patient with the study first. Raises StudyNotFound, PermanentError (code 'no_patient_number') for a patient whom nothing tells from others."""
        self.vault.unnamed.study(study_key)
        if not whole_patient:
            return (study_key,)
        if not self.eraser.numbers(study_key):
            raise PermanentError(
                "the study has no PatientID, so nobody knows what else is this patient's: ask for each study",
                code="no_patient_number",
            )
        return (study_key, *sorted(self.vault.unnamed.priors(study_key)))

    def ask(
        self,
        actor: Actor,
        study_key: StudyKey,
        reason: ErasureReason,
        *,
        reference: str = "",
        whole_patient: bool = False,
    ) -> Erasure:
        """What is in the way now may be out of it when a worker begins; only a legal hold and an erasure under way refuse at once (IllegalTransition). Raises what `studies_of` and
        `checked_reference` do."""
        require(actor, Act.ASK_FOR_ERASURE)
        keys, now = self.studies_of(study_key, whole_patient=whole_patient), self.clock.now()
        patients = patient_keys(self.secret, self.eraser.numbers(study_key))
        act = ErasureAct("ask", actor.actor_id, actor.role, now)
        with self.database.begin() as unit:
            for look in self._looks(unit, keys, reason):
                self._refuse(look)
            erasure = Erasure(
                next_number(unit),
                keys,
                reason,
                ErasureState.ASKED,
                (act,),
                patients[0] if whole_patient else None,
                checked_reference(reference),
            )
            _save(unit, erasure, act)
            unit.commit()
        return erasure

    def approve(self, actor: Actor, number: int) -> Erasure:
        """Raises NotPermitted for who asked and for their role, StaleVersion where more of the patient came since, IllegalTransition under a legal hold."""
        require(actor, Act.APPROVE_ERASURE)
        with self.database.begin(write=False) as unit:
            asked = _found(unit, number)
        if asked.patient is not None:
            now_theirs = self.studies_of(asked.study_keys[0], whole_patient=True)
            if set(now_theirs) != set(asked.study_keys):
                raise StaleVersion("this patient's studies are others than when this was asked for: ask again")
        with self.database.begin() as unit:
            erasure = approved(_found(unit, number), actor, self.clock.now())
            for look in self._looks(unit, erasure.study_keys, erasure.reason):
                self._refuse(replace(look, in_the_way=tuple(o for o in look.in_the_way if o not in _WHILE_APPROVED)))
            _save(unit, erasure, erasure.acts[-1])
            unit.commit()
        return erasure

    def withdraw(self, actor: Actor, number: int) -> Erasure:
        """By anybody who may ask, until it has begun."""
        require(actor, Act.ASK_FOR_ERASURE)
        with self.database.begin() as unit:
            erasure = withdrawn(_found(unit, number), actor, self.clock.now())
            _save(unit, erasure, erasure.acts[-1])
            unit.commit()
        return erasure

    def release(self, actor: Actor, study_key: StudyKey) -> Tombstone:
        """A study that was erased and came again may be read. Raises IllegalTransition for one that waits for nobody."""
        require(actor, Act.APPROVE_ERASURE)
        now = self.clock.now()
        with self.database.begin() as unit:
            tombstone, study = unit.tombstone(study_key), unit.find_study(study_key)
            if tombstone is None or study is None or tombstone.state is not TombstoneState.ERASED:
                raise IllegalTransition("no study of this key was erased, came again and waits for a person")
            released = replace(tombstone, state=TombstoneState.RELEASED, released_by=actor.actor_id, released_at=now)
            unit.save_tombstone(released)
            readmit(unit, study, self.policy)
            unit.audit(AuditEvent("erasure.release", actor.actor_id, study_key=study_key), now)
            unit.commit()
        return released

    def _looks(self, unit: UnitOfWork, study_keys: tuple[StudyKey, ...], reason: ErasureReason) -> tuple[Look, ...]:
        now = self.clock.now()
        patients = {each: patient_keys(self.secret, self.eraser.numbers(each)) for each in study_keys}
        standings = standings_of(unit, patients, self.kept_for, now)
        return tuple(Look(key, each, obstacles(each, reason, now)) for key, each in standings.items())

    def _refuse(self, look: Look) -> None:
        """What does not go away by waiting. Raises StudyNotFound, IllegalTransition."""
        for each in look.in_the_way:
            if each is Obstacle.NOT_HERE:
                raise StudyNotFound(f"{look.study_key}: {each.words}")
            if each in (Obstacle.ALREADY, Obstacle.LEGAL_HOLD, Obstacle.RETENTION):
                raise IllegalTransition(f"{look.study_key}: {each.words}", code=each.value)


def _found(unit: UnitOfWork, number: int) -> Erasure:
    erasure = unit.erasure(number)
    if erasure is None:
        raise PermanentError("no erasure of that number was asked for", code="no_erasure")
    return erasure


def _save(unit: UnitOfWork, erasure: Erasure, act: ErasureAct) -> None:
    unit.save_erasure(erasure)
    facts = (("erasure", str(erasure.number)), ("reason", erasure.reason.value))
    for each in erasure.study_keys:
        unit.audit(AuditEvent(f"erasure.{act.action}", act.actor_id, study_key=each, detail=facts), act.acted_at)
