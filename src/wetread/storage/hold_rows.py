"""Rows of doubts about who a study is of."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_hold import IdentityHold, Resolution
from wetread.storage import schema
from wetread.storage.codec import decode, encode
from wetread.storage.transaction import Row, Transaction

__all__ = ["HoldRows"]

_HOLDS = schema.identity_holds.c
_OPEN = insert(schema.identity_holds).on_conflict_do_nothing(index_elements=["hold_key"])
_SAVE = update(schema.identity_holds).where(_HOLDS.hold_key == bindparam("of"))
_READ = select(_HOLDS.body).where(_HOLDS.hold_key == bindparam("of"))
_OLDEST = select(_HOLDS.study_key, _HOLDS.body).order_by(_HOLDS.opened_at, _HOLDS.hold_key)
_OF_STUDIES = _OLDEST.where(_HOLDS.study_key.in_(bindparam("keys", expanding=True)))
_UNANSWERED = _OLDEST.where(text("resolved_at IS NULL"))
_WRONG = _OLDEST.where(
    _HOLDS.resolved_at.is_not(None), _HOLDS.body.contains(f'"resolution":"{Resolution.WRONG_PATIENT}"')
)


class HoldRows(Transaction):
    def open_hold(self, hold: IdentityHold) -> bool:
        statement = _OPEN.execution_options(preserve_rowcount=True)
        return self._write(statement, _row(hold)).rowcount == 1

    def save_hold(self, hold: IdentityHold) -> None:
        changed = {"of": hold.hold_key, "resolved_at": hold.resolved_at, "body": encode(hold)}
        if self._write(_SAVE, changed).rowcount != 1:
            raise PermanentError("no such question about a patient was ever open", code="no_hold")

    def hold(self, hold_key: str) -> IdentityHold | None:
        return self._one(IdentityHold, _READ, {"of": hold_key})

    def holds_of(self, study_keys: Collection[StudyKey]) -> dict[StudyKey, tuple[IdentityHold, ...]]:
        found: dict[StudyKey, tuple[IdentityHold, ...]] = {}
        for row in self._of_keys(_OF_STUDIES, study_keys):
            key = StudyKey(row.study_key)
            found[key] = (*found.get(key, ()), _hold(row))
        return found

    def open_holds(self, limit: int = 500) -> tuple[IdentityHold, ...]:
        return tuple(map(_hold, self._read(_UNANSWERED.limit(limit))))

    def wrong_patients(self, limit: int = 500) -> tuple[IdentityHold, ...]:
        return tuple(map(_hold, self._read(_WRONG.limit(limit))))


def _row(hold: IdentityHold) -> Row:
    return {
        "hold_key": hold.hold_key,
        "study_key": hold.study_key,
        "opened_at": hold.opened_at,
        "resolved_at": hold.resolved_at,
        "body": encode(hold),
    }


def _hold(row: Any) -> IdentityHold:
    return decode(IdentityHold, row.body)
