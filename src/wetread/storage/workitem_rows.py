"""Rows of the worklist of UPS-RS, without identity."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, exists, insert, select

from wetread.domain.workitem import StepState, Subscription, Workitem, WorkitemEvent
from wetread.storage.codec import decode, encode
from wetread.storage.transaction import Transaction, replacing
from wetread.storage.workitem_schema import workitem_events, workitem_subscriptions, workitems

__all__ = ["WorkitemRows"]

_ITEMS, _SUBSCRIPTIONS, _EVENTS = workitems.c, workitem_subscriptions.c, workitem_events.c
_SAVE, _SAVE_SUBSCRIPTION = replacing(workitems), replacing(workitem_subscriptions)
_BODIES = select(_ITEMS.workitem_key, _ITEMS.body).where(_ITEMS.workitem_key.in_(bindparam("keys", expanding=True)))
_LOCKED = exists().where(_SUBSCRIPTIONS.scope == _ITEMS.workitem_key, _SUBSCRIPTIONS.deletion_lock)
_ENDED = (
    select(_ITEMS.body)
    .where(_ITEMS.state.in_([each.value for each in StepState if each.is_final]))
    .where(_ITEMS.changed_at < bindparam("before"), ~_LOCKED)
    .order_by(_ITEMS.changed_at, _ITEMS.workitem_key)
    .limit(bindparam("most"))
)
_END = delete(workitem_subscriptions).where(
    _SUBSCRIPTIONS.subscriber == bindparam("who"), _SUBSCRIPTIONS.scope == bindparam("what")
)
_HAPPENED = (
    select(_EVENTS.body)
    .join(workitem_subscriptions, _SUBSCRIPTIONS.scope == _EVENTS.workitem_key)
    .where(_SUBSCRIPTIONS.subscriber == bindparam("who"), _EVENTS.sequence > bindparam("after"))
    .order_by(_EVENTS.sequence, _EVENTS.number)
    .limit(bindparam("most"))
)
_DROP_OLD = delete(workitem_events).where(_EVENTS.happened_at < bindparam("before"))


class WorkitemRows(Transaction):
    def save_workitem(self, workitem: Workitem) -> None:
        row = {name: getattr(workitem, name) for name in ("workitem_key", "version", "changed_at")}
        self._write(_SAVE, {**row, "state": workitem.state.value, "body": encode(workitem)})

    def workitem(self, workitem_key: str) -> Workitem | None:
        return self.workitems((workitem_key,)).get(workitem_key)

    def workitems(self, keys: Collection[str]) -> dict[str, Workitem]:
        return {row.workitem_key: decode(Workitem, row.body) for row in self._of_keys(_BODIES, keys)}

    def ended_workitems(self, before: datetime, limit: int = 100) -> tuple[Workitem, ...]:
        return self._all(Workitem, _ENDED, {"before": before, "most": limit})

    def forget_workitem(self, workitem_key: str) -> None:
        self._write(delete(workitem_subscriptions).where(_SUBSCRIPTIONS.scope == workitem_key))
        self._write(delete(workitem_events).where(_EVENTS.workitem_key == workitem_key))
        self._write(delete(workitems).where(_ITEMS.workitem_key == workitem_key))

    def save_subscription(self, subscription: Subscription) -> None:
        row = {name: getattr(subscription, name) for name in ("subscriber", "scope", "owner_id", "deletion_lock")}
        self._write(_SAVE_SUBSCRIPTION, {**row, "query": "filtered" if subscription.filtered else ""})

    def end_subscription(self, subscriber: str, scope: str) -> bool:
        return self._write(_END, {"who": subscriber, "what": scope}).rowcount == 1

    def subscriptions_of(self, subscriber: str) -> tuple[Subscription, ...]:
        rows = select(workitem_subscriptions).where(_SUBSCRIPTIONS.subscriber == subscriber)
        return tuple(map(_subscription, self._read(rows.order_by(_SUBSCRIPTIONS.scope))))

    def subscriptions_to(self, scope: str) -> tuple[Subscription, ...]:
        rows = select(workitem_subscriptions).where(_SUBSCRIPTIONS.scope == scope)
        return tuple(map(_subscription, self._read(rows.order_by(_SUBSCRIPTIONS.subscriber))))

    def save_event(self, event: WorkitemEvent, *, forget_before: datetime) -> None:
        self._write(_DROP_OLD, {"before": forget_before})
        row = {name: getattr(event, name) for name in ("sequence", "number", "workitem_key", "happened_at")}
        self._write(insert(workitem_events), {**row, "body": encode(event)})

    def events_for(self, subscriber: str, *, after: int, limit: int = 100) -> tuple[WorkitemEvent, ...]:
        return self._all(WorkitemEvent, _HAPPENED, {"who": subscriber, "after": after, "most": limit})


def _subscription(row: Any) -> Subscription:
    return Subscription(row.subscriber, row.scope, row.owner_id, row.deletion_lock, row.query == "filtered")
