"""The worklist of UPS-RS without identity: states, subscriptions and events, kept in the same transaction as everything else."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from wetread.domain.workitem import Subscription, Workitem, WorkitemEvent

__all__ = ["WorkitemStore"]


class WorkitemStore(Protocol):
    """Part of every unit of work."""

    def save_workitem(self, workitem: Workitem) -> None:
        """Insert or replace by workitem_key."""
        ...

    def workitem(self, workitem_key: str) -> Workitem | None: ...
    def workitems(self, keys: Collection[str]) -> dict[str, Workitem]:
        """Those of them that there are."""
        ...

    def ended_workitems(self, before: datetime, limit: int = 100) -> tuple[Workitem, ...]:
        """In a final state since before then and under no deletion lock, oldest first."""
        ...

    def forget_workitem(self, workitem_key: str) -> None:
        """With its subscriptions and events."""
        ...

    def save_subscription(self, subscription: Subscription) -> None:
        """Insert or replace by subscriber and scope."""
        ...

    def end_subscription(self, subscriber: str, scope: str) -> bool:
        """False where there is none."""
        ...

    def subscriptions_of(self, subscriber: str) -> tuple[Subscription, ...]:
        """By scope."""
        ...

    def subscriptions_to(self, scope: str) -> tuple[Subscription, ...]:
        """By subscriber."""
        ...

    def save_event(self, event: WorkitemEvent, *, forget_before: datetime) -> None:
        """Append; events from before then are dropped: a subscriber away for so long is told what stands."""
        ...

    def events_for(self, subscriber: str, *, after: int, limit: int = 100) -> tuple[WorkitemEvent, ...]:
        """Of the workitems that it is subscribed to now, later than that sequence, in order."""
        ...
