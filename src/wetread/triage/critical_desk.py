"""What a person does to a critical result: acknowledge with read-back, tell somebody, close, or hand it back. Each act is one transaction with its audit record.

What is written in free text (read-back, to whom) is kept with the result and never goes to the audit log, a page or a log line.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from wetread.domain.audit import AuditEvent
from wetread.domain.critical import (
    Acknowledgement,
    Closure,
    ClosureReason,
    Communication,
    CriticalEvent,
    CriticalResult,
    next_critical_state,
)
from wetread.domain.errors import PermanentError, StudyNotFound
from wetread.domain.role import Act, Actor, require
from wetread.ports.clock import Clock
from wetread.ports.database import Database, UnitOfWork

__all__ = ["HOW", "CriticalDesk"]

HOW = ("phone", "in_person", "secure_message", "video")
"""The ways a critical result is told that count as telling (a note in the report is not one)."""
_LONGEST = 500
_Step = Callable[[CriticalResult, datetime], CriticalResult]


@dataclass(frozen=True, slots=True)
class CriticalDesk:
    """Every act raises NotPermitted, StaleVersion (somebody was faster), IllegalTransition, or PermanentError for an empty or overlong text.

    `etag` is the version that the person was shown; None takes the result as it stands now: the pager counts its steps on it, too.
    """

    database: Database
    clock: Clock

    def acknowledge(self, actor: Actor, critical_key: str, etag: int | None, read_back: str) -> CriticalResult:
        """ "I have it, and this is what I understood." Paging stops; the clock to telling somebody runs on."""
        text = _text(read_back, "read back what the finding is", code="read_back_missing")

        def act(result: CriticalResult, now: datetime) -> CriticalResult:
            taken = Acknowledgement(actor.actor_id, now, text, result.step)
            return replace(
                _moved(result, CriticalEvent.ACKNOWLEDGE), acknowledgement=taken, next_due_at=result.communicate_by
            )

        return self._act(actor, critical_key, etag, "critical.acknowledge", act)

    def communicate(
        self, actor: Actor, critical_key: str, etag: int | None, *, to_whom: str, how: str, read_back_confirmed: bool
    ) -> CriticalResult:
        """A person who can act on it was told. Nothing is due any more."""
        whom = _text(to_whom, "say who was told", code="to_whom_missing")
        if how not in HOW:
            raise PermanentError(f"how is one of {', '.join(HOW)}", code="unknown_way")

        def act(result: CriticalResult, now: datetime) -> CriticalResult:
            told = Communication(actor.actor_id, now, whom, how, read_back_confirmed)
            return replace(_moved(result, CriticalEvent.COMMUNICATE), communication=told, next_due_at=None)

        return self._act(actor, critical_key, etag, "critical.communicate", act)

    def close(
        self, actor: Actor, critical_key: str, etag: int | None, reason: ClosureReason, note: str = ""
    ) -> CriticalResult:
        """Done with it. Closing one that was not told to anybody needs a note saying why."""

        def act(result: CriticalResult, now: datetime) -> CriticalResult:
            told = result.communication is not None
            if told != (reason is ClosureReason.COMMUNICATED):
                raise PermanentError("the reason does not fit: was anybody told?", code="reason_does_not_fit")
            text = (
                note.strip()[:_LONGEST] if told else _text(note, "say why nobody needs to be told", code="note_missing")
            )
            closed = Closure(actor.actor_id, now, reason, text)
            return replace(_moved(result, CriticalEvent.CLOSE), closure=closed, next_due_at=None)

        return self._act(actor, critical_key, etag, "critical.close", act)

    def release(self, actor: Actor, critical_key: str, etag: int | None) -> CriticalResult:
        """ "I cannot take it after all": the next step is taken at once."""

        def act(result: CriticalResult, now: datetime) -> CriticalResult:
            return replace(_moved(result, CriticalEvent.RELEASE), acknowledgement=None, next_due_at=now)

        return self._act(actor, critical_key, etag, "critical.release", act)

    def _act(self, actor: Actor, critical_key: str, etag: int | None, action: str, act: _Step) -> CriticalResult:
        require(actor, Act.ACKNOWLEDGE_CRITICAL)
        with self.database.begin() as unit:
            now, held = self.clock.now(), _known(unit, critical_key)
            saved = unit.save_critical(act(held, now), expected_etag=held.etag if etag is None else etag)
            facts = (("critical", critical_key), ("state", saved.state.value))
            unit.audit(AuditEvent(action, actor.actor_id, study_key=saved.study_key, detail=facts), now)
            unit.commit()
        return saved


def _known(unit: UnitOfWork, critical_key: str) -> CriticalResult:
    result = unit.critical(critical_key)
    if result is None:
        raise StudyNotFound("there is no such critical result", code="no_such_critical")
    return result


def _moved(result: CriticalResult, event: CriticalEvent) -> CriticalResult:
    return replace(result, state=next_critical_state(result.state, event))


def _text(given: str, what: str, *, code: str) -> str:
    text = " ".join(given.split())
    if len(text) < 3:
        raise PermanentError(f"{what}, in a few words", code=code)
    if len(text) > _LONGEST:
        raise PermanentError(f"{what}, in at most {_LONGEST} characters", code="text_too_long")
    return text
