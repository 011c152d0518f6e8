"""Follows FHIR Tasks that ask for a read: finds the film of each one's order, has it read, and knows what its asker is to be told. Each step one commit with its audit record."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from wetread.domain.asked_task import ENDED, AskedTask, TaskStatus, as_things_stand
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.identity_hold import HoldKind
from wetread.domain.order import OrderStatus, person_of
from wetread.domain.read_request import ReadRequest, RequestOrigin
from wetread.domain.report import REPORTED, is_final
from wetread.domain.role import SERVICE
from wetread.orders.desk import imaged_under
from wetread.orders.matching import compared
from wetread.orders.read_requests import RequestDesk
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.order_store import OrderStore
from wetread.ports.vault import Vault

__all__ = ["TaskDesk", "every_open_task"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TaskDesk:
    """Safe to call from any number of processes."""

    database: Database
    vault: Vault
    store: OrderStore
    requests: RequestDesk
    clock: Clock

    def ask(self, task: AskedTask) -> AskedTask:
        """Keep it; one that is known already stays as it is, and is the answer."""
        with self.database.begin() as unit:
            known = unit.asked_task(task.task_key)
            if known is None:
                self._save(unit, task, "task.ask", task.asked_by)
                unit.commit()
        return known or task

    def withdraw(self, task_key: str, by: str) -> None:
        """The asker does not want it any more, and knows."""
        now = self.clock.now()
        with self.database.begin() as unit:
            known = unit.asked_task(task_key)
            if known is None or not known.is_open:
                return
            self.requests.withdraw(unit, task_key, by, now)
            ended = replace(known, status=TaskStatus.CANCELLED, told=TaskStatus.CANCELLED, reason="withdrawn")
            self._save(unit, ended, "task.withdraw", by)
            unit.commit()

    def told(self, task: AskedTask, outcome: str = "success") -> None:
        """The asker knows what `task` says, or never will (`outcome`: why not)."""
        with self.database.begin() as unit:
            known = unit.asked_task(task.task_key)
            if known is not None:
                self._save(unit, replace(known, told=task.status), "task.tell", SERVICE.actor_id, outcome)
                unit.commit()

    def look(self, task_key: str) -> AskedTask | None:
        """As it stands now; None for one that nobody asked."""
        with self.database.begin(write=False) as unit:
            known = unit.asked_task(task_key)
        return self._looked_at(known) if known else None

    def run_once(self) -> None:
        self.advance()

    def advance(self) -> tuple[AskedTask, ...]:
        """Look at every open task; those whose asker has something to hear at their server. Who handed one in here asks for it, and is told by that."""
        with self.database.begin(write=False) as unit:
            tasks = list(every_open_task(unit))
        news = [each for each in map(self._looked_at, tasks) if each.told is not each.status]
        for each in news:
            if not each.place:
                self.told(each)
        return tuple(each for each in news if each.place)

    def _looked_at(self, task: AskedTask) -> AskedTask:
        if task.status in ENDED:
            return task
        try:
            found = self._found(task)
            return found if found.status in ENDED or found.study_key is None else self._followed(found)
        except PermanentError as error:
            _LOG.error("task_stuck task=%s code=%s", task.task_key, error.code)
            return task

    def _found(self, task: AskedTask) -> AskedTask:
        """With the study that its order is for: the one film under the accession number that is not of another patient."""
        order, now = self.store.order(task.order_key), self.clock.now()
        if order is None or order.status is OrderStatus.CANCELLED:
            return self._ended(task, replace(task, status=TaskStatus.CANCELLED, reason="the order was cancelled"))
        if task.study_key is not None:
            return task
        studies = [
            each
            for each in imaged_under(self.vault, order.accession_number)
            if compared(order.person, person_of(each.identity)).kind is not HoldKind.PATIENT_MISMATCH
        ]
        if len(studies) > 1:
            return self._ended(task, task.failed("several studies stand under the accession number"))
        if studies:
            return self._asked_for(task, studies[0].study_key, now)
        late = now >= task.until
        return self._ended(task, task.failed("no film of this order and patient came in time")) if late else task

    def _asked_for(self, task: AskedTask, study_key: StudyKey, now: datetime) -> AskedTask:
        request = ReadRequest(
            task.task_key, RequestOrigin.FHIR, study_key, task.priority, task.asked_by, now, max(task.until, now)
        )
        with self.database.begin() as unit:
            if unit.find_study(study_key) is None:
                return task  # in the vault, not yet in the working database
            found = replace(task, study_key=study_key)
            self.requests.ask(unit, request, now)
            self._save(unit, found, "task.match", SERVICE.actor_id)
            unit.commit()
        return found

    def _followed(self, task: AskedTask) -> AskedTask:
        """Most stand as they stood: writers wait for none of these."""
        with self.database.begin(write=False) as unit:
            if _as_it_stands(unit, task) == task:
                return task
        with self.database.begin() as unit:
            after = _as_it_stands(unit, task)
            if after != task:
                self._save(unit, after, "task.follow", SERVICE.actor_id)
                unit.commit()
        return after

    def _ended(self, before: AskedTask, after: AskedTask) -> AskedTask:
        with self.database.begin() as unit:
            self.requests.withdraw(unit, before.task_key, SERVICE.actor_id, self.clock.now())
            self._save(unit, after, "task.follow", SERVICE.actor_id)
            unit.commit()
        return after

    def _save(self, unit: UnitOfWork, task: AskedTask, action: str, by: str, outcome: str = "success") -> None:
        unit.save_task(task)
        facts = (("task", task.task_key), ("status", task.status.value))
        unit.audit(AuditEvent(action, by, outcome, task.study_key, facts), self.clock.now())


def every_open_task(unit: UnitOfWork) -> Iterator[AskedTask]:
    """Oldest first, however many wait."""
    last: AskedTask | None = None
    while page := unit.open_tasks(after=last):
        yield from page
        last = page[-1]


def _as_it_stands(unit: UnitOfWork, task: AskedTask) -> AskedTask:
    signed = any(each.status in REPORTED and is_final(each) for each in unit.reports(task.study_key or StudyKey("")))
    return as_things_stand(task, unit.request(task.task_key), signed=signed)
