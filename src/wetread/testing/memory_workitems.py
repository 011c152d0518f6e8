"""The worklist of UPS-RS in memory: `ports.workitem_store`, and its data sets (`ports.workitem_vault`)."""

from collections.abc import Collection, Mapping
from datetime import datetime

from wetread.domain.errors import PermanentError
from wetread.domain.foreign_step import ForeignStep
from wetread.domain.workitem import Subscription, Workitem, WorkitemEvent
from wetread.ports.vault import Search
from wetread.ports.workitem_vault import WORKITEM_KEYS, VaultWorkitem
from wetread.testing.memory_transaction import MemoryTransaction
from wetread.testing.memory_vault_search import DAYS, MOMENTS, NAMES, ONE_OF, WILDCARD, Kind

__all__ = ["MemoryWorkitemStore", "MemoryWorkitemVault"]


class MemoryWorkitemStore(MemoryTransaction):
    def save_workitem(self, workitem: Workitem) -> None:
        self._changing.workitems[workitem.workitem_key] = workitem

    def workitem(self, workitem_key: str) -> Workitem | None:
        return self._visible.workitems.get(workitem_key)

    def workitems(self, keys: Collection[str]) -> dict[str, Workitem]:
        return {key: found for key in keys if (found := self.workitem(key))}

    def ended_workitems(self, before: datetime, limit: int = 100) -> tuple[Workitem, ...]:
        locked = {scope for (_, scope), each in self._visible.subscriptions.items() if each.deletion_lock}
        ended = [
            each
            for each in self._visible.workitems.values()
            if each.state.is_final and each.changed_at < before and each.workitem_key not in locked
        ]
        return tuple(sorted(ended, key=lambda each: (each.changed_at, each.workitem_key))[:limit])

    def forget_workitem(self, workitem_key: str) -> None:
        state = self._changing
        state.workitems.pop(workitem_key, None)
        state.subscriptions = {key: each for key, each in state.subscriptions.items() if key[1] != workitem_key}
        state.workitem_events = {
            key: each for key, each in state.workitem_events.items() if each.workitem_key != workitem_key
        }

    def save_subscription(self, subscription: Subscription) -> None:
        self._changing.subscriptions[subscription.subscriber, subscription.scope] = subscription

    def end_subscription(self, subscriber: str, scope: str) -> bool:
        return self._changing.subscriptions.pop((subscriber, scope), None) is not None

    def subscriptions_of(self, subscriber: str) -> tuple[Subscription, ...]:
        return tuple(each for key, each in sorted(self._visible.subscriptions.items()) if key[0] == subscriber)

    def subscriptions_to(self, scope: str) -> tuple[Subscription, ...]:
        return tuple(each for key, each in sorted(self._visible.subscriptions.items()) if key[1] == scope)

    def save_event(self, event: WorkitemEvent, *, forget_before: datetime) -> None:
        state = self._changing
        kept = {key: each for key, each in state.workitem_events.items() if each.happened_at >= forget_before}
        state.workitem_events = {**kept, (event.sequence, event.number): event}

    def save_foreign_step(self, step: ForeignStep) -> None:
        self._changing.foreign_steps[step.step_key] = step

    def foreign_step(self, step_key: str) -> ForeignStep | None:
        return self._visible.foreign_steps.get(step_key)

    def open_foreign_steps(self, limit: int = 500) -> tuple[ForeignStep, ...]:
        found = [each for each in self._visible.foreign_steps.values() if each.is_open]
        return tuple(sorted(found, key=lambda each: (each.intended_at, each.step_key))[:limit])

    def events_for(self, subscriber: str, *, after: int, limit: int = 100) -> tuple[WorkitemEvent, ...]:
        scopes = {each.scope for each in self.subscriptions_of(subscriber)}
        events = [each for _, each in sorted(self._visible.workitem_events.items())]
        return tuple(each for each in events if each.sequence > after and each.workitem_key in scopes)[:limit]


class MemoryWorkitemVault:
    def __init__(self) -> None:
        self._items: dict[tuple[str, int], VaultWorkitem] = {}
        self._filters: dict[str, Mapping[str, str]] = {}

    def keep(self, item: VaultWorkitem) -> None:
        stays = (item.workitem_key, item.version - 1)
        held = {key: each for key, each in self._items.items() if key[0] != item.workitem_key or key == stays}
        self._items = {**held, (item.workitem_key, item.version): item}

    def find(self, workitem_key: str, version: int) -> VaultWorkitem | None:
        return self._items.get((workitem_key, version))

    def search(self, search: Search) -> tuple[tuple[str, int], ...]:
        if any(value.strip("*") and keyword not in WORKITEM_KEYS for keyword, value in search.match.items()):
            raise PermanentError("workitems cannot be searched by this attribute", code="bad_query")
        found = [each for each in self._items.values() if _matches(each, search)]
        found.sort(key=lambda each: (each.scheduled_at, each.workitem_key, each.version))
        page = found[search.offset : search.offset + search.limit]
        return tuple((each.workitem_key, each.version) for each in page)

    def naming(self, uids: Collection[str], patient_ids: Collection[str]) -> tuple[str, ...]:
        """Keys of the data sets that say one of these UIDs anywhere, or are of one of these numbers."""
        found = {
            each.workitem_key
            for each in self._items.values()
            if any(f'"{uid}"' in each.body for uid in uids)
            or any(name == "PatientID" and value in patient_ids for name, value in each.values)
        }
        return tuple(sorted(found))

    def forget(self, workitem_key: str) -> None:
        self._items = {key: each for key, each in self._items.items() if key[0] != workitem_key}

    def keep_filter(self, subscriber: str, match: Mapping[str, str]) -> None:
        self._filters[subscriber] = dict(match)

    def filter_of(self, subscriber: str) -> Mapping[str, str]:
        return self._filters.get(subscriber, {})


def _matches(item: VaultWorkitem, search: Search) -> bool:
    return all(
        any(_kind(keyword)(held, value, search.fuzzy) for name, held in item.values if name == keyword)
        for keyword, value in search.match.items()
        if value.strip("*")
    )


def _kind(keyword: str) -> Kind:
    if keyword.endswith("UID"):
        return ONE_OF
    if keyword.endswith("DateTime"):
        return MOMENTS
    if keyword.endswith("Date"):
        return DAYS
    return NAMES if keyword == "PatientName" else WILDCARD
