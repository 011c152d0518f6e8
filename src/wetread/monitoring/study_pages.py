"""Every study since some day, newest first, page by page: years of them are never held in memory, nor a transaction for as long as somebody works with what it read."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar

from wetread.domain.study import Study
from wetread.ports.database import Database, UnitOfWork

__all__ = ["study_pages"]

_PAGE = 200
_Read = TypeVar("_Read")


def study_pages(
    database: Database, since: datetime | None, read: Callable[[UnitOfWork, Study], _Read]
) -> Iterator[list[tuple[Study, _Read]]]:
    """Studies that arrived at or after `since`, each with what `read` finds of it in the transaction of its page."""
    last: Study | None = None
    while True:
        with database.begin(write=False) as unit:
            page = [(each, read(unit, each)) for each in unit.studies(since=since, older_than=last, limit=_PAGE)]
        if not page:
            return
        last = page[-1][0]
        yield page
