"""The worklist manager: what a workitem's requester and performer may do with it, by the state table. Each act one commit with its audit record and its events.

What is refused raises PermanentError whose code is the status of PS3.4 (C3xx), 'bad_data_set' or 'invalid_uid'; a warning (B3xx) is answered.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyInstanceUID, is_valid_uid, study_key
from wetread.domain.read_request import ReadRequest, RequestOrigin
from wetread.domain.role import SERVICE
from wetread.domain.workitem import (
    EventKind,
    Grip,
    Ruling,
    StepState,
    Workitem,
    rule_on_cancel_request,
    rule_on_change,
    rule_on_update,
)
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.vault import Search
from wetread.workitems.asked_read import asks_for_read, read_request
from wetread.workitems.attributes import TAGS
from wetread.workitems.book import Held, WorkitemBook, Written
from wetread.workitems.data_set import DataSet, items, text
from wetread.workitems.steps import UNSPECIFIED, canceled, changed, created, is_complete

__all__ = ["KEPT_AFTER_END", "AsksForReads", "WorkitemDesk", "transaction_digest"]

KEPT_AFTER_END = timedelta(days=30)
_ASSIGNED = ("ScheduledStationNameCodeSequence", "ScheduledHumanPerformersSequence")
_STATE, _PROGRESS = "InputReadinessState", "ProcedureStepProgressInformationSequence"
_MESSAGES = {
    "C300": "the workitem has ended and changes no more",
    "C302": "the workitem is in progress already",
    "C303": "a workitem does not go back to SCHEDULED",
    "C304": "the data set lacks what this final state requires",
    "C310": "the workitem is not in progress",
    "C311": "the workitem is completed",
    "C312": "its performer cannot be told",
}


class AsksForReads(Protocol):
    """The part of `orders.read_requests.RequestDesk` that a worklist needs."""

    def ask(self, unit: UnitOfWork, request: ReadRequest, now: datetime) -> None: ...
    def withdraw(self, unit: UnitOfWork, request_key: str, by: str, now: datetime) -> bool: ...


def transaction_digest(uid: str) -> str:
    return sha256(uid.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class WorkitemDesk:
    """`new_uid` makes a UID for a workitem that comes without one."""

    database: Database
    book: WorkitemBook
    clock: Clock
    requests: AsksForReads
    new_uid: Callable[[], str]

    def create(self, uid: str, data_set: DataSet, by: str) -> str:
        """The new workitem's UID. Raises PermanentError '0111' for one that there is."""
        now, uid = self.clock.now(), uid or text(data_set, "SOPInstanceUID") or self.new_uid()
        kept = created(data_set, uid)
        key = self.book.key(uid)
        with self.database.begin() as unit:
            if unit.workitem(key) is not None or unit.request(key) is not None:
                raise PermanentError("a workitem of this UID is, or was, there already", code="0111")
            study = text(kept, "StudyInstanceUID")
            of_study = study_key(self.book.secret, StudyInstanceUID(study)) if study else None
            asked = self._asked(kept, key, by, now)
            workitem = Workitem(key, 0, StepState.SCHEDULED, by, now, now, asked.study_key if asked else of_study)
            held = Held(workitem, uid, kept)
            held = self.book.write(
                unit, held, StepState.SCHEDULED, (EventKind.STATE_REPORT,), Written("workitem.create", by), now
            )
            self.book.subscribe_followers(unit, held)
            if asked:
                self.requests.ask(unit, asked, now)
            unit.commit()
        return uid

    def retrieve(self, uid: str) -> Held:
        with self.database.begin(write=False) as unit:
            return self.book.find(unit, uid)

    def page(self, search: Search) -> list[Held | None]:
        """One window of a search; None where a version was found that does not stand."""
        found = self.book.vault.search(search)
        with self.database.begin(write=False) as unit:
            stand = unit.workitems({key for key, _ in found})
        current = [stand[key] if key in stand and stand[key].version == version else None for key, version in found]
        return [self.book.held(each) if each else None for each in current]

    def update(self, uid: str, transaction_uid: str, change: DataSet, by: str) -> None:
        now = self.clock.now()
        with self.database.begin() as unit:
            held = self.book.find(unit, uid)
            ruling = rule_on_update(held.workitem.state, _grip(held.workitem, transaction_uid))
            self._require(unit, held, ruling, Written("workitem.update", by), now, transaction_uid)
            after = replace(held, data_set=changed(held.data_set, change))
            if held.workitem.state is StepState.SCHEDULED:
                after = self._asked_anew(unit, after, by, now)
            events = _events(held.data_set, after.data_set)
            self.book.write(unit, after, held.workitem.state, events, Written("workitem.update", by), now)
            unit.commit()

    def change_state(self, uid: str, wanted: StepState, transaction_uid: str, by: str) -> Ruling:
        now = self.clock.now()
        with self.database.begin() as unit:
            held = self.book.find(unit, uid)
            grip, complete = _grip(held.workitem, transaction_uid), is_complete(held.data_set, wanted)
            ruling = rule_on_change(held.workitem.state, wanted, grip, complete=complete)
            self._require(unit, held, ruling, Written("workitem.change_state", by), now, transaction_uid)
            if ruling.to is None:
                return ruling
            if wanted is StepState.IN_PROGRESS:
                digest = transaction_digest(transaction_uid)
                claimed = replace(held.workitem, transaction_sha256=digest, performer_id=by)
                held = replace(held, workitem=claimed)
                self.requests.withdraw(unit, claimed.workitem_key, by, now)
            if wanted is StepState.CANCELED:
                held = replace(held, data_set=canceled(held.data_set, now))
            self.book.write(unit, held, wanted, (EventKind.STATE_REPORT,), Written("workitem.change_state", by), now)
            unit.commit()
        return ruling

    def request_cancel(self, uid: str, request: DataSet, by: str) -> Ruling:
        """One that nobody has begun, or that wetread itself performs, is canceled; another performer is told. Raises PermanentError 'C312' where it cannot be."""
        now, what = self.clock.now(), Written("workitem.request_cancel", by)
        with self.database.begin() as unit:
            held = self.book.find(unit, uid)
            ruling = rule_on_cancel_request(held.workitem.state)
            mine = ruling.to is StepState.CANCELED or held.workitem.performer_id == SERVICE.actor_id
            if not held.workitem.state.is_final and not mine and not self._reaches(unit, held):
                ruling = Ruling("C312")
            self._require(unit, held, ruling, what, now)
            if held.workitem.state.is_final:
                return ruling
            if mine:
                self._cancel(unit, held, request, what, now)
            else:
                asked = replace(held, cancel_request=request, workitem=replace(held.workitem, cancel_requested=True))
                self.book.write(unit, asked, held.workitem.state, (EventKind.CANCEL_REQUESTED,), what, now)
            unit.commit()
        return ruling

    def forget_ended(self, limit: int = 100) -> int:
        """What ended so long ago that nobody asks for it any more, unless somebody holds it; how many."""
        now = self.clock.now()
        with self.database.begin(write=False) as unit:
            ended = unit.ended_workitems(now - KEPT_AFTER_END, limit)
        for each in ended:
            with self.database.begin() as unit:
                unit.forget_workitem(each.workitem_key)
                facts = (("workitem", each.workitem_key), ("state", each.state.value))
                unit.audit(AuditEvent("workitem.forget", SERVICE.actor_id, study_key=each.study_key, detail=facts), now)
                self.book.vault.forget(
                    each.workitem_key
                )  # first: a crash in between leaves a row to find again, no patient
                unit.commit()
        return len(ended)

    def _cancel(self, unit: UnitOfWork, held: Held, request: DataSet, what: Written, now: datetime) -> None:
        reasons = items(request, "ProcedureStepDiscontinuationReasonCodeSequence")
        words = text(request, "ReasonForCancellation")
        data_set = canceled(held.data_set, now, reasons[0] if reasons else UNSPECIFIED, words)
        told = replace(held, data_set=data_set)
        self.book.write(unit, told, StepState.CANCELED, (EventKind.STATE_REPORT,), what, now)
        self.requests.withdraw(unit, held.workitem.workitem_key, what.by, now)

    def _reaches(self, unit: UnitOfWork, held: Held) -> bool:
        performer = held.workitem.performer_id
        return any(each.owner_id == performer for each in unit.subscriptions_to(held.workitem.workitem_key))

    def _asked(self, data_set: DataSet, key: str, by: str, now: datetime) -> ReadRequest | None:
        if not asks_for_read(data_set):
            return None
        return read_request(data_set, key, by, now, self.book.secret, RequestOrigin.WORKITEM)

    def _asked_anew(self, unit: UnitOfWork, held: Held, by: str, now: datetime) -> Held:
        """Its priority, its input or what it asks for may be another now."""
        asked = self._asked(held.data_set, held.workitem.workitem_key, by, now)
        if asked is None and unit.request(held.workitem.workitem_key):
            raise PermanentError("an update does not make another thing of a read: cancel it", code="bad_data_set")
        if asked is None:
            return held
        self.requests.ask(unit, asked, now)
        return replace(held, workitem=replace(held.workitem, study_key=asked.study_key))

    def _require(
        self, unit: UnitOfWork, held: Held, ruling: Ruling, what: Written, now: datetime, transaction_uid: str = ""
    ) -> None:
        """A refusal is audited: somebody may be guessing a Transaction UID."""
        if ruling.allowed:
            return
        facts = (("workitem", held.workitem.workitem_key),)
        unit.audit(AuditEvent(what.action, what.by, ruling.status, held.workitem.study_key, facts), now)
        unit.commit()
        wrong = f"The Transaction UID is {'incorrect' if transaction_uid else 'missing'}."
        raise PermanentError(_MESSAGES.get(ruling.status, wrong), code=ruling.status)


def _grip(workitem: Workitem, transaction_uid: str) -> Grip:
    if not transaction_uid:
        return Grip.MISSING
    if workitem.state is StepState.SCHEDULED:
        return Grip.RIGHT if is_valid_uid(transaction_uid) else Grip.WRONG
    same = hmac.compare_digest(workitem.transaction_sha256, transaction_digest(transaction_uid))
    return Grip.RIGHT if same else Grip.WRONG


def _events(before: DataSet, after: DataSet) -> list[EventKind]:
    def differ(*keywords: str) -> bool:
        return any(before.get(TAGS[each]) != after.get(TAGS[each]) for each in keywords)

    kinds = {EventKind.STATE_REPORT: (_STATE,), EventKind.PROGRESS_REPORT: (_PROGRESS,), EventKind.ASSIGNED: _ASSIGNED}
    return [kind for kind, keywords in kinds.items() if differ(*keywords)]
