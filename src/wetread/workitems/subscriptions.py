"""Who is told of which workitems (PS3.4 §CC.2.3): of one, of the worklist, or of those of the worklist that fit a filter. A subscriber, an AE title, belongs to the account that first used it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import NotPermitted, PermanentError
from wetread.domain.workitem import GLOBAL, Subscription
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.vault import Search
from wetread.workitems.book import Held, WorkitemBook

__all__ = ["FILTERED_WORKLIST", "WORKLIST", "SubscriptionDesk", "is_subscriber"]

WORKLIST, FILTERED_WORKLIST = "1.2.840.10008.5.1.4.34.5", "1.2.840.10008.5.1.4.34.5.1"
_AE_TITLE = re.compile(r"[A-Za-z0-9_.-]{1,16}", re.ASCII)
_MOST = 10_000
_PAGE = 500


def is_subscriber(ae_title: str) -> bool:
    """As it can stand in a path."""
    return _AE_TITLE.fullmatch(ae_title) is not None


@dataclass(frozen=True, slots=True)
class SubscriptionDesk:
    database: Database
    book: WorkitemBook
    clock: Clock

    def subscribe(
        self, uid: str, subscriber: str, by: str, *, deletion_lock: bool = False, match: Mapping[str, str] | None = None
    ) -> None:
        """`match` is for FILTERED_WORKLIST. To a worklist means: to all that stand on it, and to all that come. Raises PermanentError 'C307', 'too_many'; NotPermitted for another's AE title."""
        to_list = uid in (WORKLIST, FILTERED_WORKLIST)
        filtered = uid == FILTERED_WORKLIST and bool(match)
        with self.database.begin() as unit:
            self.require_owner(unit, subscriber, by)
            if to_list:
                if filtered:
                    self.book.vault.keep_filter(subscriber, match or {})
                scopes = [GLOBAL, *self._standing(unit, match or {})]
            else:
                scopes = [self.book.find(unit, uid).workitem.workitem_key]
            for scope in scopes:
                unit.save_subscription(Subscription(subscriber, scope, by, deletion_lock, filtered and scope == GLOBAL))
            self._audit(unit, "subscribe", subscriber, by, GLOBAL if to_list else scopes[0])
            unit.commit()

    def unsubscribe(self, uid: str, subscriber: str, by: str) -> None:
        """From a worklist means: from everything. Raises PermanentError 'C307', 'C314' where nobody was subscribed."""
        with self.database.begin() as unit:
            self.require_owner(unit, subscriber, by)
            if uid in (WORKLIST, FILTERED_WORKLIST):
                ended = [unit.end_subscription(subscriber, each.scope) for each in unit.subscriptions_of(subscriber)]
            else:
                ended = [unit.end_subscription(subscriber, self.book.key(uid))]
            if not any(ended):
                raise PermanentError("there is no such subscription", code="C314")
            self._audit(unit, "unsubscribe", subscriber, by, GLOBAL if len(ended) > 1 else self.book.key(uid))
            unit.commit()

    def suspend(self, subscriber: str, by: str) -> None:
        """No more of what comes; what it is subscribed to already stays. Raises PermanentError 'C314'."""
        with self.database.begin() as unit:
            self.require_owner(unit, subscriber, by)
            if not unit.end_subscription(subscriber, GLOBAL):
                raise PermanentError("there is no such subscription", code="C314")
            self._audit(unit, "suspend", subscriber, by, GLOBAL)
            unit.commit()

    def require_owner(self, unit: UnitOfWork, subscriber: str, by: str) -> tuple[Subscription, ...]:
        """What it is subscribed to. Raises PermanentError 'C308' for what is no AE title, NotPermitted for another account's."""
        if not is_subscriber(subscriber):
            raise PermanentError("the subscriber is no AE title of letters, digits, _ . and -", code="C308")
        held = unit.subscriptions_of(subscriber)
        if any(each.owner_id != by for each in held):
            raise NotPermitted("this AE title belongs to another account")
        return held

    def held(self, unit: UnitOfWork, workitem_keys: set[str]) -> dict[str, Held]:
        """Those that stand, by key."""
        found = unit.workitems(workitem_keys)
        return {key: held for key, each in found.items() if (held := self.book.held(each))}

    def _standing(self, unit: UnitOfWork, match: Mapping[str, str]) -> list[str]:
        keys: dict[str, None] = {}
        for offset in range(0, _MOST + 1, _PAGE):
            found = self.book.vault.search(Search(match, _PAGE, offset))
            current = unit.workitems({key for key, _ in found})
            keys |= {key: None for key, version in found if key in current and current[key].version == version}
            if len(found) < _PAGE:
                return list(keys)
        raise PermanentError("more workitems than one subscription may be to: give a narrower filter", code="too_many")

    def _audit(self, unit: UnitOfWork, act: str, subscriber: str, by: str, scope: str) -> None:
        facts = (("subscriber", subscriber), ("workitem", scope))
        unit.audit(AuditEvent(f"workitem.{act}", by, detail=facts), self.clock.now())
