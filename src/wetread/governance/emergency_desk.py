"""Emergency access: who may open one study that their account does not reach, for how long, and who judges it afterwards (ADR-0027). Each act is one transaction with its audit record."""

from dataclasses import dataclass, replace
from datetime import timedelta

from wetread.domain.alarm import AlarmKind
from wetread.domain.audit import AuditEvent
from wetread.domain.emergency import EmergencyAccess, EmergencyReason, EmergencyVerdict
from wetread.domain.errors import NotPermitted, PermanentError, StudyNotFound
from wetread.domain.identifiers import StudyKey
from wetread.domain.role import Act, Actor, require
from wetread.monitoring.alarms import Silence, clear_alarm, raise_alarm
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork

__all__ = ["LEAST_WORDS", "EmergencyDesk"]

LEAST_WORDS = 10


@dataclass(frozen=True, slots=True)
class EmergencyDesk:
    """`minutes`: how long one lasts; afterwards it is opened anew, with its reason and its alarm."""

    database: Database
    clock: Clock
    minutes: int = 60

    def open(self, actor: Actor, study_key: StudyKey | None, reason: EmergencyReason, words: str) -> EmergencyAccess:
        """Raises NotPermitted for a role that has no emergencies, PermanentError ('no_reason', 'within_reach', 'emergency_open'), StudyNotFound; each refusal is written down.

        `study_key` None: nothing was found by what the person typed.
        """
        require(actor, Act.OPEN_IN_EMERGENCY)
        words = words.strip()
        with self.database.begin() as unit:
            study = unit.find_study(study_key) if study_key else None
            refusal = self._refusal(unit, actor, study_key, words)
            if study is None or refusal:
                refusal = refusal or StudyNotFound("no such study")
                event = AuditEvent("emergency.open", actor.actor_id, refusal.code, study.study_key if study else None)
                unit.audit(event, self.clock.now())
                unit.commit()
                raise refusal
            now, last = self.clock.now(), unit.emergencies(1)
            number = last[0].number + 1 if last else 1
            access = EmergencyAccess(
                number, actor.actor_id, study.study_key, reason, words, now, now + timedelta(minutes=self.minutes)
            )
            unit.save_emergency(access)
            self._audit(unit, "emergency.open", actor, access, reason=reason.value, minutes=str(self.minutes))
            raise_alarm(unit, _alarm(access, study.traits.site), now)
            unit.commit()
        return access

    def review(self, actor: Actor, number: int, verdict: EmergencyVerdict, note: str) -> EmergencyAccess:
        """Another person's judgement, once; one that still runs ends with it. Raises NotPermitted, StudyNotFound for one of a study out of reach, PermanentError ('reviewed', 'own_emergency')."""
        require(actor, Act.REVIEW_EMERGENCIES)
        with self.database.begin() as unit:
            access = unit.emergency(number)
            if access is None or not actor.reaches(unit.study(access.study_key).traits.site):
                raise StudyNotFound("there is no emergency access of that number", code="no_emergency")
            if access.actor_id == actor.actor_id:
                raise NotPermitted("an emergency of one's own is for somebody else to judge", code="own_emergency")
            if access.verdict is not None:
                raise PermanentError("somebody has judged it already: load the page again", code="reviewed")
            now = self.clock.now()
            judged = replace(
                access, verdict=verdict, note=note.strip(), reviewed_by=actor.actor_id, reviewed_at=now,
                ends_at=min(access.ends_at, now),
            )  # fmt: skip
            unit.save_emergency(judged)
            self._audit(unit, "emergency.review", actor, judged, verdict=verdict.value, account=access.actor_id)
            clear_alarm(unit, _key(number), now)
            unit.commit()
        return judged

    def listed(self, actor: Actor, limit: int = 100) -> tuple[EmergencyAccess, ...]:
        """Of studies within reach: those that wait for a verdict first, the oldest of them on top; then the others, newest first."""
        require(actor, Act.REVIEW_EMERGENCIES)
        with self.database.begin(write=False) as unit:
            every = unit.emergencies(1000)
            sites = unit.sites_of({each.study_key for each in every})
        there = [each for each in every if actor.reaches(sites[each.study_key])]
        waiting = [each for each in reversed(there) if each.verdict is None]
        return (*waiting, *(each for each in there if each.verdict is not None))[:limit]

    def _refusal(self, unit: UnitOfWork, actor: Actor, study_key: StudyKey | None, words: str) -> PermanentError | None:
        if len(words) < LEAST_WORDS:
            return PermanentError(f"say why, in {LEAST_WORDS} letters or more", code="no_reason")
        study = unit.find_study(study_key) if study_key else None
        if study is None:
            return None
        if actor.reaches(study.traits.site):
            return PermanentError("this study is open to you as it is", code="within_reach")
        if unit.emergency_of(actor.actor_id, study.study_key, self.clock.now()):
            return PermanentError("you opened it already, and the time is not over", code="emergency_open")
        return None

    def _audit(self, unit: UnitOfWork, action: str, actor: Actor, access: EmergencyAccess, **facts: str) -> None:
        detail = (("emergency", str(access.number)), *facts.items())
        unit.audit(AuditEvent(action, actor.actor_id, study_key=access.study_key, detail=detail), self.clock.now())


def _key(number: int) -> str:
    return f"{AlarmKind.EMERGENCY_ACCESS.value}/{number}"


def _alarm(access: EmergencyAccess, site: str) -> Silence:
    message = (
        f"{access.actor_id} opened study {access.study_key} in an emergency ({access.reason.value.replace('_', ' ')}), until "
        f"{access.ends_at:%H:%M} UTC: judge it at /administration/emergencies, number {access.number}"
    )
    return Silence(AlarmKind.EMERGENCY_ACCESS, _key(access.number), site, message, pages=True)
