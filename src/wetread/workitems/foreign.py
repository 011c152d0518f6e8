"""wetread as Task Performer of a worklist manager elsewhere: it looks for work, claims it, has it read, and says there what became of it.

The Transaction UID is durable before the claim is sent, and everything that is sent can be sent again: after a crash at any point the manager is asked what it knows, and nothing is performed twice. A race that
was lost is no fault. What the manager says is believed once it says it itself.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.finding import Code
from wetread.domain.foreign_step import ForeignStep, Hold
from wetread.domain.identifiers import is_valid_uid, source_id
from wetread.domain.read_request import NOT_HERE, Failure, ReadRequest, RequestOrigin, RequestState
from wetread.domain.role import SERVICE
from wetread.domain.workitem import StepState
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork
from wetread.ports.ups_manager import NoEvents, UpsEvents, UpsManager
from wetread.ports.workitem_vault import VaultWorkitem, WorkitemVault
from wetread.workitems.asked_read import READ_CODE, asks_for_read, read_request
from wetread.workitems.data_set import DataSet, checked, items, text
from wetread.workitems.desk import AsksForReads
from wetread.workitems.performer import Outputs, performed, progressed
from wetread.workitems.steps import UNSPECIFIED, canceled, reason_code

__all__ = ["ForeignPerformer"]

_LOG = logging.getLogger(__name__)
_MOST = 100
_GIVEN_UP_AFTER = timedelta(days=1)
_OF_ONE_STEP = frozenset({"refused_there", "not_shown"})


@dataclass(frozen=True, slots=True)
class ForeignPerformer:
    """`run_once` raises TransientError and PermanentError of a manager that cannot be used: what stands open is the backlog, oldest first. One process at a time for one manager."""

    manager: UpsManager
    database: Database
    vault: WorkitemVault
    requests: AsksForReads
    outputs: Outputs
    clock: Clock
    secret: bytes
    new_uid: Callable[[], str]
    wanted: Code = READ_CODE
    events: UpsEvents = field(default_factory=NoEvents)

    def run_once(self) -> None:
        with self.database.begin(write=False) as unit:
            standing = unit.open_foreign_steps()
        for step in standing:
            self._gone_on(step)
        for row in self.manager.scheduled(self.wanted.value, _MOST)[:_MOST]:
            if found := self._intended(row):
                self._gone_on(found)

    def _gone_on(self, step: ForeignStep) -> None:
        """What the manager says of one workitem holds up no other; after a day it is given up."""
        try:
            self._go_on(step)
        except TransientError as error:
            if error.code not in _OF_ONE_STEP:
                raise
            _LOG.warning("foreign_workitem_waits workitem=%s code=%s", step.step_key, error.code)
            if self.clock.now() - step.intended_at >= _GIVEN_UP_AFTER:
                self._end(step, f"given up: {error.code}", Hold.LOST)

    def _intended(self, row: object) -> ForeignStep | None:
        """A step that is work for us and whose films are here, its Transaction UID durable; None for any other. Nothing of a row is taken on trust."""
        now = self.clock.now()
        try:
            data_set = checked(row)
            uid, state = text(data_set, "SOPInstanceUID"), text(data_set, "ProcedureStepState")
            if not is_valid_uid(uid) or state != StepState.SCHEDULED.value or not asks_for_read(data_set, self.wanted):
                return None
            key = source_id(self.secret, "foreign workitem", self.manager.name, uid)
            asked = read_request(data_set, key, SERVICE.actor_id, now, self.secret, RequestOrigin.FOREIGN_WORKITEM)
        except (PermanentError, KeyError) as error:
            _LOG.warning("foreign_workitem_refused code=%s", getattr(error, "code", "bad_priority"))
            return None
        with self.database.begin(write=False) as unit:
            if not self._is_ready(unit, asked):
                return None
        with self.database.begin() as unit:
            if not self._is_ready(unit, asked):
                return None
            self.vault.keep(VaultWorkitem(key, 1, uid, json.dumps({"data_set": data_set})))
            step = ForeignStep(key, asked.study_key, self.new_uid(), now)
            self._save(unit, step, "foreign.intend")
            unit.commit()
        return step

    def _is_ready(self, unit: UnitOfWork, asked: ReadRequest) -> bool:
        """Not begun here, and its films are here. Most rows wait for films: writers wait for none of these."""
        if unit.foreign_step(asked.request_key) is not None:
            return False
        study = unit.find_study(asked.study_key)
        here = {each.instance_key for each in unit.instances(asked.study_key)}
        return study is not None and study.state not in NOT_HERE and here.issuperset(asked.wanted)

    def _go_on(self, step: ForeignStep) -> None:
        held = self.vault.find(step.step_key, 1)
        if held is None:
            self._end(step, "vault_lost", Hold.LOST)
            return
        uid, data_set = held.workitem_uid, checked(json.loads(held.body)["data_set"])
        if step.hold is Hold.INTENDED:
            claimed = self._claim(step, uid, data_set)
            if claimed is None:
                return
            step = claimed
        self.events.follow(uid)
        with self.database.begin(write=False) as unit:
            request = unit.request(step.step_key)
        if request is None or request.state is RequestState.WITHDRAWN:
            self._end(step, "withdrawn")
        elif request.is_open and (asked := self.events.asked_to_stop(uid)) is not None:
            self._stop(step, uid, data_set, asked)
        elif request.is_open:
            self._progress(step, uid, data_set, request)
        else:
            self._finish(step, uid, data_set, request)

    def _claim(self, step: ForeignStep, uid: str, data_set: DataSet) -> ForeignStep | None:
        """None where it is another's. A refusal may be of our own claim, sent before a crash: then our Transaction UID is the right one."""
        taken = self.manager.change_state(uid, StepState.IN_PROGRESS, step.transaction_uid)
        if not taken and not self.manager.update(uid, step.transaction_uid, _only_progress(data_set, 0)):
            self._end(step, "lost", Hold.LOST)
            return None
        self._believe(uid, StepState.IN_PROGRESS)
        claimed, now = replace(step, hold=Hold.CLAIMED), self.clock.now()
        asked = read_request(
            data_set, step.step_key, SERVICE.actor_id, now, self.secret, RequestOrigin.FOREIGN_WORKITEM
        )
        with self.database.begin() as unit:
            self.requests.ask(unit, asked, now)
            self._save(unit, claimed, "foreign.claim")
            unit.commit()
        return claimed

    def _progress(self, step: ForeignStep, uid: str, data_set: DataSet, request: ReadRequest) -> None:
        if request.progress == step.told_percent:
            return
        if not self.manager.update(uid, step.transaction_uid, _only_progress(data_set, request.progress)):
            self._taken_away(step, uid)
            return
        with self.database.begin() as unit:
            self._save(unit, replace(step, told_percent=request.progress), "foreign.progress")
            unit.commit()

    def _finish(self, step: ForeignStep, uid: str, data_set: DataSet, request: ReadRequest) -> None:
        """What an end requires first, then the end. A manager that knows the end already refuses the first, and says so of the second."""
        now = self.clock.now()
        if request.state is RequestState.ANSWERED:
            wanted, made = StepState.COMPLETED, self.outputs.items(request.study_key, request.outputs)
            ended = performed(progressed(data_set, 100, ""), made, now)
        else:
            wanted = StepState.CANCELED
            ended = canceled(data_set, now, reason_code(request.failure or Failure.NOT_FINISHED), request.reason)
        if self._has_ended(step, uid, wanted, _changed(data_set, ended)):
            self._end(step, wanted.value)
            self.events.leave(uid)

    def _stop(self, step: ForeignStep, uid: str, data_set: DataSet, asked: object) -> None:
        """Somebody there asked for its end. The film is read all the same: nobody there waits for it."""
        now = self.clock.now()
        reason, words = _why(asked)
        ended = canceled(data_set, now, reason, words)
        if self._has_ended(step, uid, StepState.CANCELED, _changed(data_set, ended)):
            with self.database.begin() as unit:
                self.requests.withdraw(unit, step.step_key, SERVICE.actor_id, now)
                self._save(unit, step.ended("asked to stop"), "foreign.stop")
                unit.commit()
            self.events.leave(uid)

    def _has_ended(self, step: ForeignStep, uid: str, wanted: StepState, change: DataSet) -> bool:
        """What that end requires is said first. False where it was taken away meanwhile."""
        self.manager.update(uid, step.transaction_uid, change)
        if not self.manager.change_state(uid, wanted, step.transaction_uid):
            self._taken_away(step, uid)
            return False
        self._believe(uid, wanted)
        return True

    def _taken_away(self, step: ForeignStep, uid: str) -> None:
        """It is refused although it was ours: ended there by somebody else, or gone. Raises TransientError where it still goes on there."""
        state = self.manager.state(uid)
        if state is not None and not state.is_final:
            raise TransientError(f"{self.manager.name} refuses what we say of a workitem of ours", code="refused_there")
        _LOG.warning("foreign_workitem_taken_away state=%s", state.value if state else "gone")
        now = self.clock.now()
        with self.database.begin() as unit:
            self.requests.withdraw(unit, step.step_key, SERVICE.actor_id, now)
            self._save(unit, step.ended(f"there {state.value if state else 'gone'}"), "foreign.taken_away")
            unit.commit()
        self.events.leave(uid)

    def _believe(self, uid: str, wanted: StepState) -> None:
        """A manager that says yes to everything is not believed. Raises TransientError: it is asked again."""
        if self.manager.state(uid) is not wanted:
            raise TransientError(f"{self.manager.name} took a change of state and does not show it", code="not_shown")

    def _end(self, step: ForeignStep, outcome: str, hold: Hold = Hold.ENDED) -> None:
        with self.database.begin() as unit:
            self._save(unit, step.ended(outcome, hold), "foreign.end")
            unit.commit()

    def _save(self, unit: UnitOfWork, step: ForeignStep, action: str) -> None:
        unit.save_foreign_step(step)
        facts = (("workitem", step.step_key), ("hold", step.hold.value), ("outcome", step.outcome))
        unit.audit(AuditEvent(action, SERVICE.actor_id, study_key=step.study_key, detail=facts), self.clock.now())


def _only_progress(data_set: DataSet, percent: int) -> DataSet:
    return _changed(data_set, progressed(data_set, percent, "being read"))


def _why(report: object) -> tuple[DataSet, str]:
    """Reason code and words of a request to stop, as far as it has any that hold."""
    said = report if isinstance(report, dict) else {}
    try:
        data_set = checked({tag: each for tag, each in said.items() if not str(tag).startswith("0000")})
    except PermanentError:
        data_set = {}
    reasons = items(data_set, "ProcedureStepDiscontinuationReasonCodeSequence")
    return (reasons[0] if reasons else UNSPECIFIED), text(data_set, "ReasonForCancellation")


def _changed(before: DataSet, after: DataSet) -> DataSet:
    """What an update has to say."""
    return {tag: each for tag, each in after.items() if before.get(tag) != each}
