"""Rows of FHIR Tasks that ask for a read, and of how far a server's news was read."""

from datetime import datetime

from sqlalchemy import bindparam, select, tuple_

from wetread.domain.asked_task import AskedTask
from wetread.storage.codec import encode
from wetread.storage.task_schema import IS_OPEN, asked_tasks, news_cursors
from wetread.storage.transaction import Transaction, replacing

__all__ = ["TaskRows"]

_TASKS, _CURSORS = asked_tasks.c, news_cursors.c
_SAVE, _SAVE_CURSOR = replacing(asked_tasks), replacing(news_cursors)
_READ = select(_TASKS.body).where(_TASKS.task_key == bindparam("of"))
_OPEN = select(_TASKS.body).where(IS_OPEN).order_by(_TASKS.asked_at, _TASKS.task_key)
_CURSOR = select(_CURSORS.moment).where(_CURSORS.name == bindparam("of"))


class TaskRows(Transaction):
    def save_task(self, task: AskedTask) -> None:
        row = {"task_key": task.task_key, "asked_at": task.asked_at, "is_open": int(task.is_open)}
        self._write(_SAVE, {**row, "body": encode(task)})

    def asked_task(self, task_key: str) -> AskedTask | None:
        return self._one(AskedTask, _READ, {"of": task_key})

    def open_tasks(self, limit: int = 500, *, after: AskedTask | None = None) -> tuple[AskedTask, ...]:
        query = _OPEN.limit(limit)
        if after is not None:
            query = query.where(tuple_(_TASKS.asked_at, _TASKS.task_key) > (after.asked_at, after.task_key))
        return self._all(AskedTask, query)

    def save_news_cursor(self, name: str, moment: datetime) -> None:
        self._write(_SAVE_CURSOR, {"name": name, "moment": moment})

    def news_cursor(self, name: str) -> datetime | None:
        moment: datetime | None = self._read(_CURSOR, {"of": name}).scalar_one_or_none()
        return moment
