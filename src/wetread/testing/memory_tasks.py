"""FHIR Tasks that ask for a read (`ports.task_store`), in memory."""

from datetime import datetime

from wetread.domain.asked_task import AskedTask
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryTaskStore"]


class MemoryTaskStore(MemoryTransaction):
    def save_task(self, task: AskedTask) -> None:
        self._changing.asked_tasks[task.task_key] = task

    def asked_task(self, task_key: str) -> AskedTask | None:
        return self._visible.asked_tasks.get(task_key)

    def open_tasks(self, limit: int = 500, *, after: AskedTask | None = None) -> tuple[AskedTask, ...]:
        by_age = sorted(self._visible.asked_tasks.values(), key=_age)
        later = (each for each in by_age if after is None or _age(each) > _age(after))
        return tuple(each for each in later if each.is_open)[:limit]

    def save_news_cursor(self, name: str, moment: datetime) -> None:
        self._changing.news_cursors[name] = moment

    def news_cursor(self, name: str) -> datetime | None:
        return self._visible.news_cursors.get(name)


def _age(task: AskedTask) -> tuple[datetime, str]:
    return task.asked_at, task.task_key
