"""Rows of pages: an outbox like the jobs, claimed by lease and fenced by the attempt number; and the pull that a clock which went back needs.

`due_at` is the one time that decides, null once the page is over; the body's own is only what the last holder wrote.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.errors import TransientError
from wetread.domain.page import Page, PageState
from wetread.storage import schema
from wetread.storage.codec import decode, encode
from wetread.storage.transaction import Row, Transaction

__all__ = ["CLAIM_PAGE", "PageRows", "claim_until", "page_of"]

_PAGES = schema.pages.c
_QUEUE = (
    insert(schema.pages).on_conflict_do_nothing(index_elements=["page_key"]).execution_options(preserve_rowcount=True)
)
_HELD = update(schema.pages).where(
    _PAGES.page_key == bindparam("held_key"),
    _PAGES.attempt == bindparam("held_attempt"),
    _PAGES.state == PageState.QUEUED.value,
)
_OF_SUBJECT = select(schema.pages).where(_PAGES.subject == bindparam("of")).order_by(_PAGES.queued_at, _PAGES.page_key)
_LONGEST_DUE = (
    select(_PAGES.page_key)
    .where(schema.IS_DUE_ONCE)
    .where(or_(_PAGES.due_at <= bindparam("now"), and_(_PAGES.attempt == 0, _PAGES.due_at == _PAGES.queued_at)))
    .order_by(_PAGES.urgency, _PAGES.due_at, _PAGES.page_key)
    .limit(1)
    .with_for_update(skip_locked=True)
)
CLAIM_PAGE = (
    update(schema.pages)
    .where(_PAGES.page_key == _LONGEST_DUE.scalar_subquery())
    .values(attempt=_PAGES.attempt + 1)
    .returning(*_PAGES)
)
"""Lease the page that is due longest in one statement; rows that another claimer holds are skipped, never waited for."""
_PULL = tuple(
    update(table).where(table.c.due_at > bindparam("beyond")).values(due_at=bindparam("now", type_=schema.UtcDateTime))
    for table in (schema.jobs, schema.pages)
)


class PageRows(Transaction):
    def queue_page(self, page: Page) -> bool:
        return self._write(_QUEUE, _row(page)).rowcount == 1

    def save_page(self, page: Page) -> None:
        mine = {"held_key": page.page_key, "held_attempt": page.attempt}
        if self._write(_HELD, {**_row(page), **mine}).rowcount != 1:
            raise self._refuse(TransientError("the page was claimed again or is over already", code="lease_lost"))

    def pages(self, subject: str) -> tuple[Page, ...]:
        return tuple(page_of(row) for row in self._read(_OF_SUBJECT, {"of": subject}))

    def pull_forward(self, now: datetime, *, beyond: datetime) -> int:
        return sum(self._write(statement, {"now": now, "beyond": beyond}).rowcount for statement in _PULL)


def claim_until(now: datetime, lease_s: float) -> Row:
    return {"now": now, "due_at": now + timedelta(seconds=lease_s)}


def _row(page: Page) -> Row:
    return {
        "page_key": page.page_key,
        "subject": page.subject,
        "study_key": page.study_key,
        "urgency": 0 if page.study_key else 1,  # an alarm is about no study
        "state": page.state.value,
        "attempt": page.attempt,
        "due_at": page.due_at if page.state is PageState.QUEUED else None,
        "queued_at": page.queued_at,
        "body": encode(page),
    }


def page_of(row: Any) -> Page:
    page = decode(Page, row.body)
    return replace(page, attempt=row.attempt, due_at=row.due_at or page.due_at)
