"""Rows of workitems elsewhere that wetread performs."""

from sqlalchemy import bindparam, select

from wetread.domain.foreign_step import ForeignStep
from wetread.storage.codec import encode
from wetread.storage.transaction import Transaction, replacing
from wetread.storage.workitem_schema import STEP_IS_OPEN, foreign_steps

__all__ = ["ForeignStepRows"]

_STEPS = foreign_steps.c
_SAVE = replacing(foreign_steps)
_READ = select(_STEPS.body).where(_STEPS.step_key == bindparam("of"))
_OPEN = select(_STEPS.body).where(STEP_IS_OPEN).order_by(_STEPS.intended_at, _STEPS.step_key)


class ForeignStepRows(Transaction):
    def save_foreign_step(self, step: ForeignStep) -> None:
        row = {"step_key": step.step_key, "hold": step.hold.value, "intended_at": step.intended_at}
        self._write(_SAVE, {**row, "body": encode(step)})

    def foreign_step(self, step_key: str) -> ForeignStep | None:
        return self._one(ForeignStep, _READ, {"of": step_key})

    def open_foreign_steps(self, limit: int = 500) -> tuple[ForeignStep, ...]:
        return self._all(ForeignStep, _OPEN.limit(limit))
