"""Rows of relabelling: rounds, drawn studies with their blinded reads, and incident records seen before."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from wetread.domain.errors import PermanentError, StaleVersion
from wetread.domain.identifiers import StudyKey
from wetread.domain.relabelling import BLIND_ACTS, RelabelRound, RelabelTask
from wetread.storage import schema
from wetread.storage.codec import column_text, decode, encode
from wetread.storage.transaction import Row, Transaction

__all__ = ["RelabelRows"]

_ROUNDS, _TASKS, _AUDIT = schema.relabel_rounds.c, schema.relabel_tasks.c, schema.audit.c
_ADD_ROUND = insert(schema.relabel_rounds).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
_ADD_TASK = insert(schema.relabel_tasks)
_ROUND = select(_ROUNDS.body).where(_ROUNDS.round_id == bindparam("key"))
_NEWEST = select(_ROUNDS.body).order_by(_ROUNDS.drawn_at.desc(), _ROUNDS.round_id.desc())
_OF_ROUND = select(_TASKS.body).where(_TASKS.round_id == bindparam("round")).order_by(_TASKS.study_key)
_TASK = _OF_ROUND.where(_TASKS.study_key == bindparam("study"))
_MOST_READS = 3  # each answer raises the etag by one: a task with so many is decided
_UNDECIDED = select(_TASKS.body).where(_TASKS.etag < _MOST_READS).order_by(_TASKS.round_id, _TASKS.study_key)
_UPDATE = update(schema.relabel_tasks).where(
    _TASKS.round_id == bindparam("held_round"),
    _TASKS.study_key == bindparam("held_study"),
    _TASKS.etag == bindparam("expected_etag"),
)
_SEEN = (
    select(_AUDIT.study_key)
    .where(_AUDIT.actor_id == bindparam("actor"), _AUDIT.study_key.is_not(None), _AUDIT.action.not_in(BLIND_ACTS))
    .distinct()
)
_KNOWN = select(schema.seen_incidents.c.incident_id).where(schema.seen_incidents.c.source == bindparam("of"))
_NOTE = insert(schema.seen_incidents).on_conflict_do_nothing()


class RelabelRows(Transaction):
    def add_relabel_round(self, drawn: RelabelRound, tasks: Iterable[RelabelTask]) -> None:
        row = {"round_id": column_text(drawn.round_id), "drawn_at": drawn.drawn_at, "body": encode(drawn)}
        if self._write(_ADD_ROUND, row).rowcount != 1:
            raise PermanentError(f"round {drawn.round_id} is there: a sample is never drawn over", code="round_exists")
        if rows := [_task_row(each) for each in tasks]:
            self._write(_ADD_TASK, rows)

    def relabel_round(self, round_id: str) -> RelabelRound | None:
        return self._one(RelabelRound, _ROUND, {"key": column_text(round_id)})

    def relabel_rounds(self) -> tuple[RelabelRound, ...]:
        return self._all(RelabelRound, _NEWEST)

    def save_relabel_task(self, task: RelabelTask, *, expected_etag: int) -> RelabelTask:
        saved = replace(task, etag=expected_etag + 1)
        held = {"held_round": task.round_id, "held_study": task.study_key, "expected_etag": expected_etag}
        if self._write(_UPDATE, {**_task_row(saved), **held}).rowcount == 1:
            return saved
        if self.relabel_task(task.round_id, task.study_key) is None:
            raise PermanentError(f"study {task.study_key} is not in round {task.round_id}", code="no_task")
        raise StaleVersion("somebody else answered for this study first: ask for the next one")

    def relabel_task(self, round_id: str, study_key: StudyKey) -> RelabelTask | None:
        return self._one(RelabelTask, _TASK, {"round": column_text(round_id), "study": study_key})

    def relabel_tasks(self, round_id: str) -> tuple[RelabelTask, ...]:
        bodies = self._read(_OF_ROUND, {"round": column_text(round_id)}).scalars()
        return tuple(decode(RelabelTask, body) for body in bodies)

    def undecided_relabel_tasks(self) -> tuple[RelabelTask, ...]:
        tasks = map(_known_task, self._read(_UNDECIDED).scalars())
        return tuple(each for each in tasks if not each.decided)

    def studies_seen_by(self, actor_id: str) -> frozenset[StudyKey]:
        return frozenset(StudyKey(each) for each in self._read(_SEEN, {"actor": actor_id}).scalars())

    def note_incidents(self, source: str, incident_ids: Iterable[str], now: datetime) -> frozenset[str]:
        known = set(self._read(_KNOWN, {"of": source}).scalars())
        new = sorted({column_text(each) for each in incident_ids} - known)
        if new:
            self._write(_NOTE, [{"source": source, "incident_id": each, "first_seen_at": now} for each in new])
        elif not self._writes:
            raise PermanentError("this unit of work only reads", code="read_only")
        return frozenset(new)


@lru_cache(maxsize=4096)
def _known_task(body: str) -> RelabelTask:
    """Asked at every look at a study, and changes a few times a day."""
    return decode(RelabelTask, body)


def _task_row(task: RelabelTask) -> Row:
    return {
        "round_id": column_text(task.round_id),
        "study_key": task.study_key,
        "etag": task.etag,
        "body": encode(task),
    }
