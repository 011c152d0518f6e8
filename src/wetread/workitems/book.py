"""The worklist's book: a workitem in both databases as one thing, and the only place where it is written: data set, state, events and audit become true in one commit."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import source_id
from wetread.domain.workitem import GLOBAL, EventKind, StepState, Subscription, Workitem, WorkitemEvent
from wetread.ports.database import UnitOfWork
from wetread.ports.vault import Search
from wetread.ports.workitem_vault import VaultWorkitem, WorkitemVault
from wetread.workitems.data_set import DataSet, elements, found_by, merged, text

__all__ = ["Held", "WorkitemBook", "Written"]

_EVENTS_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Held:
    """`cancel_request`: what was asked of its performer, {} where nothing was."""

    workitem: Workitem
    uid: str
    data_set: DataSet
    cancel_request: DataSet = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """What is done to a workitem, for the audit: `action`, by whom, with what outcome and facts that name nobody."""

    action: str
    by: str
    outcome: str = "success"
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class WorkitemBook:
    """`now` of its methods is the caller's, so that all of one commit has one time."""

    vault: WorkitemVault
    secret: bytes

    def key(self, uid: str) -> str:
        return source_id(self.secret, "workitem", uid)

    def find(self, unit: UnitOfWork, uid: str) -> Held:
        """Raises PermanentError 'C307'."""
        found = self.find_by_key(unit, self.key(uid))
        if found is None:
            raise PermanentError("there is no such workitem", code="C307")
        return found

    def find_by_key(self, unit: UnitOfWork, workitem_key: str) -> Held | None:
        workitem = unit.workitem(workitem_key)
        return self.held(workitem) if workitem else None

    def held(self, workitem: Workitem) -> Held | None:
        """None where the vault has lost it."""
        kept = self.vault.find(workitem.workitem_key, workitem.version)
        if kept is None:
            return None
        body = json.loads(kept.body)
        return Held(workitem, kept.workitem_uid, body["data_set"], body["cancel_request"])

    def write(
        self, unit: UnitOfWork, held: Held, state: StepState, events: Sequence[EventKind], what: Written, now: datetime
    ) -> Held:
        """The next version, in `state`; its vault row is durable before the commit that makes it stand."""
        workitem = replace(held.workitem, state=state, version=held.workitem.version + 1, changed_at=now)
        data_set = merged(held.data_set, elements(ProcedureStepState=state.value))
        after = replace(held, workitem=workitem, data_set=data_set)
        body = json.dumps({"data_set": data_set, "cancel_request": held.cancel_request}, separators=(",", ":"))
        found, at = found_by(data_set), text(data_set, "ScheduledProcedureStepStartDateTime")
        self.vault.keep(VaultWorkitem(workitem.workitem_key, workitem.version, held.uid, body, found, at))
        unit.save_workitem(workitem)
        facts = (("workitem", workitem.workitem_key), ("state", state.value), *what.facts)
        event = AuditEvent(what.action, what.by, what.outcome, workitem.study_key, facts)
        sequence = unit.audit(event, now).sequence
        for number, kind in enumerate(events):
            told = WorkitemEvent(sequence, number, workitem.workitem_key, kind, workitem.version, state, now)
            unit.save_event(told, forget_before=now - _EVENTS_KEPT)
        return after

    def subscribe_followers(self, unit: UnitOfWork, held: Held) -> None:
        """A new workitem, to whoever follows the worklist and would be shown it."""
        for each in unit.subscriptions_to(GLOBAL):
            if not each.filtered or self._fits(each.subscriber, held.uid):
                key = held.workitem.workitem_key
                unit.save_subscription(Subscription(each.subscriber, key, each.owner_id, each.deletion_lock))

    def _fits(self, subscriber: str, uid: str) -> bool:
        match = self.vault.filter_of(subscriber)
        return bool(self.vault.search(Search({**match, "SOPInstanceUID": uid}, 1)))
