"""Rows of FHIR Tasks that ask for a read, and of how far a server's news was read."""

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.asked_task import AskedTask
from wetread.storage.codec import decode, encode
from wetread.storage.task_schema import IS_OPEN, asked_tasks, news_cursors
from wetread.storage.transaction import Transaction

__all__ = ["TaskRows"]

_TASKS, _CURSORS = asked_tasks.c, news_cursors.c
_INSERT = insert(asked_tasks)
_SAVE = _INSERT.on_conflict_do_update(
    index_elements=["task_key"], set_={name: _INSERT.excluded[name] for name in ("is_open", "asked_at", "body")}
)
_READ = select(_TASKS.body).where(_TASKS.task_key == bindparam("of"))
_OPEN = select(_TASKS.body).where(IS_OPEN).order_by(_TASKS.asked_at, _TASKS.task_key)
_INSERT_CURSOR = insert(news_cursors)
_SAVE_CURSOR = _INSERT_CURSOR.on_conflict_do_update(
    index_elements=["name"], set_={"moment": _INSERT_CURSOR.excluded.moment}
)
_CURSOR = select(_CURSORS.moment).where(_CURSORS.name == bindparam("of"))


class TaskRows(Transaction):
    def save_task(self, task: AskedTask) -> None:
        row = {"task_key": task.task_key, "asked_at": task.asked_at, "is_open": int(task.is_open)}
        self._write(_SAVE, {**row, "body": encode(task)})

    def asked_task(self, task_key: str) -> AskedTask | None:
        body = self._read(_READ, {"of": task_key}).scalar_one_or_none()
        return None if body is None else decode(AskedTask, body)

    def open_tasks(self, limit: int = 500) -> tuple[AskedTask, ...]:
        return tuple(decode(AskedTask, body) for body in self._read(_OPEN.limit(limit)).scalars())

    def save_news_cursor(self, name: str, moment: datetime) -> None:
        self._write(_SAVE_CURSOR, {"name": name, "moment": moment})

    def news_cursor(self, name: str) -> datetime | None:
        moment: datetime | None = self._read(_CURSOR, {"of": name}).scalar_one_or_none()
        return moment
