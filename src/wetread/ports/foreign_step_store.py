"""Workitems elsewhere that wetread performs, kept in the same transaction as everything else."""

from typing import Protocol

from wetread.domain.foreign_step import ForeignStep

__all__ = ["ForeignStepStore"]


class ForeignStepStore(Protocol):
    """Part of every unit of work."""

    def save_foreign_step(self, step: ForeignStep) -> None:
        """Insert or replace by step_key."""
        ...

    def foreign_step(self, step_key: str) -> ForeignStep | None: ...
    def open_foreign_steps(self, limit: int = 500) -> tuple[ForeignStep, ...]:
        """Those whose end the manager does not know yet, oldest first."""
        ...
