"""What the critical queue keeps (`ports.critical_store`), in memory."""

from dataclasses import replace
from datetime import datetime, timedelta

from wetread.domain.alarm import Alarm
from wetread.domain.critical import CriticalResult, CriticalState
from wetread.domain.errors import PermanentError, StaleVersion, TransientError
from wetread.domain.identifiers import StudyKey
from wetread.domain.page import Page, PageState
from wetread.domain.roster import RosterOverride
from wetread.testing.memory_state import MemoryState
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryCriticalStore", "claim_page"]


class MemoryCriticalStore(MemoryTransaction):
    def save_critical(self, result: CriticalResult, *, expected_etag: int | None) -> CriticalResult:
        held = self._changing.criticals.get(result.critical_key)
        if (held.etag if held else None) != expected_etag:
            raise StaleVersion("somebody else changed the critical result first: load it again")
        if result.state is not CriticalState.CLOSED and self._another_is_open(result):
            raise PermanentError("the study has another critical result that is not closed", code="critical_open")
        saved = replace(result, etag=(expected_etag or 0) + 1)
        self._changing.criticals[result.critical_key] = saved
        return saved

    def _another_is_open(self, result: CriticalResult) -> bool:
        others = (each for each in self._visible.criticals.values() if each.critical_key != result.critical_key)
        return any(each.study_key == result.study_key and each.state is not CriticalState.CLOSED for each in others)

    def critical(self, critical_key: str) -> CriticalResult | None:
        return self._visible.criticals.get(critical_key)

    def critical_of(self, study_key: StudyKey) -> CriticalResult | None:
        mine = [each for each in self._visible.criticals.values() if each.study_key == study_key]
        return max(mine, key=_opened, default=None)

    def criticals(self, *, closed: bool = False, limit: int = 500) -> tuple[CriticalResult, ...]:
        rows = [each for each in self._visible.criticals.values() if (each.state is CriticalState.CLOSED) == closed]
        return tuple(sorted(rows, key=_opened, reverse=closed)[:limit])

    def due_criticals(self, now: datetime) -> tuple[CriticalResult, ...]:
        due = [each for each in self._visible.criticals.values() if each.due(now)]
        return tuple(sorted(due, key=lambda each: (each.next_due_at or now, each.critical_key)))

    def queue_page(self, page: Page) -> bool:
        return self._changing.pages.setdefault(page.page_key, page) is page

    def save_page(self, page: Page) -> None:
        held = self._changing.pages.get(page.page_key)
        if held is None or held.state is not PageState.QUEUED or held.attempt != page.attempt:
            raise self._refuse(TransientError("the page was claimed again or is over already", code="lease_lost"))
        self._changing.pages[page.page_key] = page

    def pages(self, subject: str) -> tuple[Page, ...]:
        mine = [each for each in self._visible.pages.values() if each.subject == subject]
        return tuple(sorted(mine, key=lambda each: (each.queued_at, each.page_key)))

    def save_alarm(self, alarm: Alarm) -> None:
        self._changing.alarms[alarm.alarm_key] = alarm

    def alarm(self, alarm_key: str) -> Alarm | None:
        return self._visible.alarms.get(alarm_key)

    def alarms(self, *, cleared: bool = False, limit: int = 500) -> tuple[Alarm, ...]:
        rows = [each for each in self._visible.alarms.values() if each.is_open != cleared]
        return tuple(sorted(rows, key=lambda each: (each.raised_at, each.alarm_key), reverse=True)[:limit])

    def save_override(self, override: RosterOverride) -> None:
        self._changing.overrides[override.override_id] = override

    def remove_override(self, override_id: str) -> bool:
        return self._changing.overrides.pop(override_id, None) is not None

    def overrides(self, *, ends_after: datetime) -> tuple[RosterOverride, ...]:
        standing = [each for each in self._visible.overrides.values() if each.ends_at > ends_after]
        return tuple(sorted(standing, key=lambda each: (each.starts_at, each.override_id)))

    def beat(self, name: str, now: datetime) -> None:
        self._changing.beats[name] = now

    def last_beat(self, name: str) -> datetime | None:
        return self._visible.beats.get(name)

    def pull_forward(self, now: datetime, *, beyond: datetime) -> int:
        state = self._changing
        jobs = [row for row in state.jobs.values() if row.due_at and row.due_at > beyond]
        pages = [page for page in state.pages.values() if page.state is PageState.QUEUED and page.due_at > beyond]
        for row in jobs:
            state.put_job(replace(row, due_at=now))
        for page in pages:
            state.pages[page.page_key] = replace(page, due_at=now)
        return len(jobs) + len(pages)


def claim_page(state: MemoryState, now: datetime, lease_s: float) -> Page | None:
    """The queued page that is due longest, leased; critical ones (those with a study) before alarms."""
    due = [each for each in state.pages.values() if each.state is PageState.QUEUED and each.due(now)]
    if not due:
        return None
    first = min(due, key=lambda each: (each.study_key is None, each.due_at, each.page_key))
    claimed = replace(first, attempt=first.attempt + 1, due_at=now + timedelta(seconds=lease_s))
    state.pages[claimed.page_key] = claimed
    return claimed


def _opened(result: CriticalResult) -> tuple[datetime, str]:
    return result.opened_at, result.critical_key
