"""Orders and requests for a read, read from the hospital's FHIR R4 server by a durable cursor, and answered there: a ServiceRequest becomes an order, a Task that is ours a request for a read whose status we write.

What is new is asked for by `_lastUpdated`, with an overlap, as a server may show a change later than its time says; what is known already changes nothing. A resource that does not fit is refused and the
next one read; a server that cannot be used stops the run, and the cursor stays.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256

from wetread.domain.asked_task import AskedTask, TaskStatus
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.identifiers import source_id
from wetread.domain.read_request import WAIT_FOR_INPUT
from wetread.fhir.bounded_http import Budget
from wetread.fhir.datatypes import Json
from wetread.fhir.orders_read import (
    PLACED,
    REVOKED,
    WANTED,
    WITHDRAWN,
    ResourceRefused,
    digest_of,
    moment_of,
    order_key,
    order_of,
    order_reference,
    priority_of,
    status_of,
    version_of,
)
from wetread.fhir.record_server import RecordServer
from wetread.fhir.record_values import text_of
from wetread.fhir.task_status import ours, with_status
from wetread.orders.asked_tasks import TaskDesk
from wetread.orders.desk import OrderDesk, Said, placed_or_cancelled

__all__ = ["PollWays", "RequestPoll"]

_LOG = logging.getLogger(__name__)
_OVERLAP = timedelta(minutes=2)
_FIRST_LOOK = timedelta(days=1)
_MOST_PAGES = 20
_Take = Callable[[Json, Budget], None]
_OF_THE_RESOURCE = frozenset({"order_of_another", "control_id_reused"})


@dataclass(frozen=True, slots=True)
class PollWays:
    """`owner`: the Tasks that are ours, 'Device/12' or 'system|value', "" for none. `tasks`: further search parameters of them. `service_requests`: search parameters of the orders that are read, none without any.

    `systems` gives the identifier system of an IssuerOfPatientID.
    """

    owner: str = ""
    tasks: Mapping[str, str] = field(default_factory=dict)
    service_requests: Mapping[str, str] = field(default_factory=dict)
    systems: Mapping[str, str] = field(default_factory=dict)
    deadline_s: float = 60.0
    answer_bytes: int = 8 * 1024 * 1024
    total_bytes: int = 64 * 1024 * 1024


@dataclass(slots=True)
class RequestPoll:
    """One server; its owner calls `run_once` every so often. Raises TransientError and PermanentError of a server that cannot be used."""

    server: RecordServer
    orders: OrderDesk
    tasks: TaskDesk
    ways: PollWays
    secret: bytes
    _refused: set[tuple[str, ...]] = field(default_factory=set)

    def run_once(self) -> None:
        if self.ways.service_requests:
            self._news("ServiceRequest", self.ways.service_requests, self._news_of_order)
        if self.ways.owner:
            by_reference = {} if "|" in self.ways.owner else {"owner": self.ways.owner}
            self._news("Task", {**by_reference, **self.ways.tasks}, self._task)
        for task in self.tasks.advance():
            self._tell(task)

    def _budget(self) -> Budget:
        return Budget(self.ways.deadline_s, self.ways.answer_bytes, self.ways.total_bytes)

    def _news(self, kind: str, query: Mapping[str, str], take: _Take) -> None:
        now, budget = self.orders.clock.now(), self._budget()
        name = f"{kind}@{sha256(self.server.base_url.encode()).hexdigest()[:12]}"
        with self.orders.database.begin(write=False) as unit:
            since = unit.news_cursor(name) or now - _FIRST_LOOK
        asked = {
            **query,
            "_lastUpdated": f"ge{(since - _OVERLAP).isoformat()}",
            "_sort": "_lastUpdated",
            "_count": "50",
        }
        newest = since
        for number, page in enumerate(self.server.pages(kind, asked, budget), 1):
            moments = [
                self._taken(kind, each, take, budget) for each in page.matches if each.get("resourceType") == kind
            ]
            seen = [each for each in moments if each]
            if page.following and number == _MOST_PAGES:
                newest = self._so_far(kind, since, newest, seen)
                break
            newest = max((newest, *seen))
        reached = min(newest, now)  # a time to come would hide whatever comes before it
        if reached > since:
            with self.orders.database.begin() as unit:
                unit.save_news_cursor(name, reached)
                unit.commit()

    def _so_far(self, kind: str, since: datetime, before: datetime, seen: list[datetime]) -> datetime:
        """Where the next run goes on after the last page of this one: only a server that sorts has shown everything up to there."""
        if seen and seen == sorted(seen) and seen[0] >= before:
            return seen[-1]
        _LOG.error("fhir_news_unsorted kind=%s: more than %d pages, not sorted by _lastUpdated", kind, _MOST_PAGES)
        return since

    def _taken(self, kind: str, resource: Json, take: _Take, budget: Budget) -> datetime | None:
        version = version_of(resource)
        which = (kind, text_of(resource.get("id"), 64), *version)
        if which not in self._refused:
            try:
                take(resource, budget)
            except PermanentError as error:
                if not isinstance(error, ResourceRefused) and error.code not in _OF_THE_RESOURCE:
                    raise
                self._refused.add(which)
                self.orders.refused("fhir", error.code, by="fhir")
                _LOG.warning("fhir_resource_refused kind=%s code=%s", kind, error.code)
        return moment_of(version[1])

    def _news_of_order(self, resource: Json, budget: Budget) -> None:
        """One that is drafted, on hold or done asks for nothing."""
        if status_of(resource) in PLACED | REVOKED:
            self._order(resource, budget)

    def _order(self, resource: Json, budget: Budget) -> None:
        """Kept, as its newest version has it; a version that was taken before is not taken again."""
        place = f"ServiceRequest/{text_of(resource.get('id'), 64)}"
        digest = digest_of(resource)
        version, changed = version_of(resource)
        control = f"{place}/{version or changed or digest}"
        known = self.orders.store.answered(self.server.base_url, control)
        if known and known.digest == digest:
            return
        now = self.orders.clock.now()
        order = order_of(
            resource,
            order_key(self.server.base_url, place),
            self.ways.systems,
            lambda where: self._patient(where, budget),
            moment_of(changed) or now,
        )
        self.orders.take(Said(self.server.base_url, "fhir", control, digest, placed_or_cancelled(order), by="fhir"))

    def _patient(self, where: str, budget: Budget) -> Json:
        return self._resource(where, "Patient", budget)

    def _resource(self, where: str, kind: str, budget: Budget) -> Json:
        try:
            found = self.server.resource(where, budget)
        except PermanentError as error:
            if error.code not in ("record_strays", "record_gone"):
                raise
            raise ResourceRefused("a reference leads to nothing on this server", "stray_reference") from None
        if found.get("resourceType") != kind:
            raise ResourceRefused(f"a reference leads to no {kind}", "wrong_type")
        return found

    def _task(self, resource: Json, budget: Budget) -> None:
        if not ours(resource, self.ways.owner, self.server.base_url):
            return  # a server that does not know the parameter gives everybody's
        place, status = f"Task/{text_of(resource.get('id'), 64)}", status_of(resource)
        key = source_id(self.secret, "fhir_task", self.server.base_url, place)
        if status in WITHDRAWN:
            self.tasks.withdraw(key, "fhir")
        if status not in WANTED:
            return
        now, priority = self.orders.clock.now(), priority_of(resource)
        task = AskedTask(key, place, "", priority, "fhir", now, now + WAIT_FOR_INPUT, told=TaskStatus.REQUESTED)
        try:
            self.tasks.ask(self._about(task, order_reference(resource), budget))
        except ResourceRefused as error:
            self.tasks.ask(task.failed(str(error)))
            raise

    def _about(self, task: AskedTask, where: str, budget: Budget) -> AskedTask:
        """With its order, which is read and kept first."""
        request = self._resource(where, "ServiceRequest", budget)
        self._order(request, budget)
        key = order_key(self.server.base_url, f"ServiceRequest/{text_of(request.get('id'), 64)}")
        ordered = priority_of(request)
        return replace(task, order_key=key, priority=max(task.priority, ordered, key=lambda each: each.rank))

    def _tell(self, task: AskedTask) -> None:
        """Write the status where it is asked for; one that somebody else ended meanwhile is withdrawn."""
        budget = self._budget()
        try:
            there = self._resource(task.place, "Task", budget)
            if status_of(there) not in WANTED | {TaskStatus.IN_PROGRESS}:
                self.tasks.withdraw(task.task_key, "fhir")
                return
            said = with_status(there, task, self.secret, self.orders.clock.now())
            self.server.put(task.place, said, version_of(there)[0], budget)
            if status_of(self._resource(task.place, "Task", budget)) != task.status:
                raise TransientError("the server took the Task's status and does not show it", code="unconfirmed")
        except PermanentError as error:
            if not isinstance(error, ResourceRefused) and error.code != "record_unwilling":
                raise
            _LOG.error("fhir_task_not_told task=%s code=%s", task.task_key, error.code)
            self.tasks.told(task, error.code)
            return
        except TransientError as error:
            if error.code not in ("record_changed", "unconfirmed"):
                raise
            _LOG.warning("fhir_task_later task=%s code=%s", task.task_key, error.code)
            return
        self.tasks.told(task)
