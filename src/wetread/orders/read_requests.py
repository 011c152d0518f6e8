"""Takes requests for a read and follows them until they are answered, failed or withdrawn: each step one commit with its audit record, told to whoever asked in the same commit."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import InstanceKey
from wetread.domain.job import JobKind, JobRequest
from wetread.domain.read_request import Failure, ReadRequest, RequestOrigin, RequestState, is_read, looked_at
from wetread.domain.role import SERVICE
from wetread.domain.study import Study
from wetread.domain.study_state import READABLE, StudyState
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork

__all__ = ["Follower", "RequestDesk"]

_LOG = logging.getLogger(__name__)

Follower = Callable[[UnitOfWork, ReadRequest, ReadRequest, datetime], ReadRequest]
"""Called in the transaction that changes a request, with it as it was and as it will be: tells whoever asked. It may answer with another end: a workitem that somebody else took is withdrawn."""


@dataclass(frozen=True, slots=True)
class RequestDesk:
    """`followers` by who asks; an origin without one looks at its requests itself."""

    database: Database
    clock: Clock
    followers: Mapping[RequestOrigin, Follower] = field(default_factory=dict)

    def ask(self, unit: UnitOfWork, request: ReadRequest, now: datetime) -> None:
        """In the caller's transaction. Asked again under the same key it replaces what was asked while that is open; one that has ended stays as it is. The study is brought forward at once where it is here."""
        known = unit.request(request.request_key)
        if known is not None and not known.is_open:
            return
        unit.save_request(request)
        facts = (("request", request.request_key), ("origin", request.origin), ("priority", request.priority))
        unit.audit(AuditEvent("read.ask", request.asked_by, study_key=request.study_key, detail=facts), now)
        self._bring_forward(unit, request)

    def withdraw(self, unit: UnitOfWork, request_key: str, by: str, now: datetime) -> bool:
        """In the caller's transaction; False where nothing is open under this key. What the machine reads already it goes on reading: nobody waits for it."""
        known = unit.request(request_key)
        if known is None or not known.is_open:
            return False
        unit.save_request(replace(known, state=RequestState.WITHDRAWN))
        detail = (("request", request_key), ("origin", known.origin))
        unit.audit(AuditEvent("read.withdraw", by, study_key=known.study_key, detail=detail), now)
        return True

    def sweep(self) -> int:
        """Look at every open request, however many wait; how many went on. Safe to call from any number of workers; one that cannot go on holds up no other, nor the films."""
        with self.database.begin(write=False) as unit:
            moved = [each for page in _pages(unit) for each in self._would_move(unit, page)]
        return sum(self._stepped(each) for each in moved)

    def answer(self, unit: UnitOfWork, request_key: str, outputs: tuple[InstanceKey, ...], now: datetime) -> None:
        """In the caller's transaction: the read stands, and `outputs` were made of it. A study without an AI read fails the request with its reason; one that has ended stays as it is."""
        known = unit.request(request_key)
        if known is None or not known.is_open:
            return
        study = unit.study(known.study_key)
        if study.reason:
            after = known.failed(Failure.AI_UNAVAILABLE, study.reason)
        else:
            after = replace(known, state=RequestState.ANSWERED, progress=100, outputs=outputs)
        self._change(unit, known, after, now)

    def fail(self, unit: UnitOfWork, request_key: str, reason: str, now: datetime) -> None:
        """In the caller's transaction: what the read made could not be put together."""
        if (known := unit.request(request_key)) and known.is_open:
            self._change(unit, known, known.failed(Failure.NOT_FINISHED, reason), now)

    def _would_move(self, unit: UnitOfWork, page: Sequence[ReadRequest]) -> list[ReadRequest]:
        """Most wait for films that are not here: these cost one statement together."""
        here, now = unit.study_states({each.study_key for each in page}), self.clock.now()
        looked = (each for each in page if each.study_key in here or each.until <= now)
        return [each for each in looked if self._moves(unit, each)]

    def _moves(self, unit: UnitOfWork, request: ReadRequest) -> bool:
        study = unit.find_study(request.study_key)
        after = self._looked_at(unit, request, study)
        return after != request or (study is not None and self._to_answer(unit, after, study))

    def _looked_at(self, unit: UnitOfWork, request: ReadRequest, study: Study | None) -> ReadRequest:
        here = (
            frozenset(each.instance_key for each in unit.instances(request.study_key))
            if request.wanted
            else frozenset()
        )
        return looked_at(request, study, here, self.clock.now())

    def _to_answer(self, unit: UnitOfWork, request: ReadRequest, study: Study) -> bool:
        reading = request.state is RequestState.READING
        return reading and is_read(study, has_draft=unit.draft(study.study_key) is not None)

    def _stepped(self, request: ReadRequest) -> bool:
        try:
            return self._step(request.request_key)
        except PermanentError as error:
            _LOG.error("read_request_stuck origin=%s study=%s code=%s", request.origin, request.study_key, error.code)
            return False

    def _step(self, request_key: str) -> bool:
        """Everything is asked again inside the writing transaction: two workers sweep at once."""
        with self.database.begin() as unit:
            before = unit.request(request_key)
            if before is None or not before.is_open:
                return False
            study, now = unit.find_study(before.study_key), self.clock.now()
            after = self._looked_at(unit, before, study)
            changed = after != before
            if changed:
                after = self._change(unit, before, after, now)
            queued = study is not None and self._to_answer(unit, after, study) and self._queue(unit, after, study)
            if changed or queued:
                unit.commit()
            return changed or queued

    def _change(self, unit: UnitOfWork, before: ReadRequest, after: ReadRequest, now: datetime) -> ReadRequest:
        follower = self.followers.get(before.origin)
        told = follower(unit, before, after, now) if follower else after
        unit.save_request(told)
        facts = [("request", told.request_key), ("origin", told.origin.value), ("progress", str(told.progress))]
        facts += [("failure", told.failure.value)] if told.failure else []
        unit.audit(AuditEvent("read.follow", SERVICE.actor_id, told.state, told.study_key, tuple(facts)), now)
        if told.state is RequestState.FAILED:
            _LOG.warning("read_request_failed origin=%s failure=%s study=%s", told.origin, told.failure, told.study_key)
        return told

    def _queue(self, unit: UnitOfWork, request: ReadRequest, study: Study) -> bool:
        key = f"{JobKind.ANSWER.value}:{request.request_key}"
        return unit.enqueue(
            JobRequest(JobKind.ANSWER, study.study_key, key, request.priority.rank, detail=request.request_key)
        )

    def _bring_forward(self, unit: UnitOfWork, request: ReadRequest) -> None:
        """A study that waits to be read; one that is not here yet is brought forward by triage."""
        study = unit.find_study(request.study_key)
        waits = study is not None and study.state in READABLE - {StudyState.IN_READING}
        if study is None or not waits or request.priority.rank <= study.priority.rank:
            return
        unit.save_study(replace(study, priority=request.priority))
        if decision := unit.decision(study.study_key):
            reason = "; ".join(filter(None, (decision.reason, f"read asked for as {request.priority.value}")))
            unit.save_decision(
                study.study_key, study.revision, replace(decision, priority=request.priority, reason=reason)
            )


def _pages(unit: UnitOfWork) -> Iterator[Sequence[ReadRequest]]:
    last: ReadRequest | None = None
    while page := unit.open_requests(after=last):
        yield page
        last = page[-1]
