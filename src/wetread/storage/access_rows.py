"""Rows of second factors and of emergency accesses."""

from datetime import datetime

from sqlalchemy import bindparam, delete, select

from wetread.domain.emergency import EmergencyAccess
from wetread.domain.identifiers import StudyKey
from wetread.domain.second_factor import SecondFactor
from wetread.storage.access_schema import emergency_accesses, second_factors
from wetread.storage.codec import encode
from wetread.storage.transaction import Transaction, replacing

__all__ = ["AccessRows"]

_F, _E = second_factors.c, emergency_accesses.c
_SAVE_FACTOR, _SAVE_EMERGENCY = replacing(second_factors), replacing(emergency_accesses)
_FACTOR = select(_F.body).where(_F.actor_id == bindparam("actor"))
_FACTORS = select(_F.body).order_by(_F.actor_id)
_EMERGENCY = select(_E.body).where(_E.number == bindparam("of"))
_EMERGENCIES = select(_E.body).order_by(_E.number.desc()).limit(bindparam("most"))
_HELD = (
    select(_E.body)
    .where(_E.actor_id == bindparam("actor"), _E.study_key == bindparam("study"), _E.ends_at > bindparam("now"))
    .order_by(_E.ends_at)
)


class AccessRows(Transaction):
    def save_second_factor(self, factor: SecondFactor) -> None:
        self._write(_SAVE_FACTOR, {"actor_id": factor.actor_id, "body": encode(factor)})

    def second_factor(self, actor_id: str) -> SecondFactor | None:
        return self._one(SecondFactor, _FACTOR, {"actor": actor_id})

    def second_factors(self) -> tuple[SecondFactor, ...]:
        return self._all(SecondFactor, _FACTORS)

    def drop_second_factor(self, actor_id: str) -> None:
        self._write(delete(second_factors).where(_F.actor_id == actor_id))

    def save_emergency(self, access: EmergencyAccess) -> None:
        row = {
            "number": access.number,
            "actor_id": access.actor_id,
            "study_key": access.study_key,
            "ends_at": access.ends_at,
            "body": encode(access),
        }
        self._write(_SAVE_EMERGENCY, row)

    def emergency(self, number: int) -> EmergencyAccess | None:
        return self._one(EmergencyAccess, _EMERGENCY, {"of": number})

    def emergencies(self, limit: int = 200) -> tuple[EmergencyAccess, ...]:
        return self._all(EmergencyAccess, _EMERGENCIES, {"most": limit})

    def emergency_of(self, actor_id: str, study_key: StudyKey, now: datetime) -> EmergencyAccess | None:
        mine = self._all(EmergencyAccess, _HELD, {"actor": actor_id, "study": study_key, "now": now})
        return next((each for each in mine if each.holds(now)), None)
