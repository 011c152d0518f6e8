"""FHIR Tasks that ask for a read, and how far a server's news was read: kept in the same transaction as everything else."""

from datetime import datetime
from typing import Protocol

from wetread.domain.asked_task import AskedTask

__all__ = ["TaskStore"]


class TaskStore(Protocol):
    """Part of every unit of work."""

    def save_task(self, task: AskedTask) -> None:
        """Insert or replace by task_key."""
        ...

    def asked_task(self, task_key: str) -> AskedTask | None: ...
    def open_tasks(self, limit: int = 500, *, after: AskedTask | None = None) -> tuple[AskedTask, ...]:
        """Those that are open, oldest first; the page after another by its last one."""
        ...

    def save_news_cursor(self, name: str, moment: datetime) -> None:
        """Insert or replace by name."""
        ...

    def news_cursor(self, name: str) -> datetime | None: ...
