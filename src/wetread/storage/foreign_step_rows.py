"""Rows of workitems elsewhere that wetread performs."""

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.foreign_step import ForeignStep
from wetread.storage.codec import decode, encode
from wetread.storage.transaction import Transaction
from wetread.storage.workitem_schema import STEP_IS_OPEN, foreign_steps

__all__ = ["ForeignStepRows"]

_STEPS = foreign_steps.c
_INSERT = insert(foreign_steps)
_SAVE = _INSERT.on_conflict_do_update(
    index_elements=["step_key"], set_={name: _INSERT.excluded[name] for name in ("hold", "intended_at", "body")}
)
_READ = select(_STEPS.body).where(_STEPS.step_key == bindparam("of"))
_OPEN = select(_STEPS.body).where(STEP_IS_OPEN).order_by(_STEPS.intended_at, _STEPS.step_key)


class ForeignStepRows(Transaction):
    def save_foreign_step(self, step: ForeignStep) -> None:
        row = {"step_key": step.step_key, "hold": step.hold.value, "intended_at": step.intended_at}
        self._write(_SAVE, {**row, "body": encode(step)})

    def foreign_step(self, step_key: str) -> ForeignStep | None:
        body = self._read(_READ, {"of": step_key}).scalar_one_or_none()
        return None if body is None else decode(ForeignStep, body)

    def open_foreign_steps(self, limit: int = 500) -> tuple[ForeignStep, ...]:
        return tuple(decode(ForeignStep, body) for body in self._read(_OPEN.limit(limit)).scalars())
