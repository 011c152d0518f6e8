"""Relabelling rounds, drawn studies and seen incidents of the database in memory."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from wetread.domain.errors import PermanentError, StaleVersion
from wetread.domain.identifiers import StudyKey
from wetread.domain.relabelling import BLIND_ACTS, RelabelRound, RelabelTask
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryRelabelStore"]


class MemoryRelabelStore(MemoryTransaction):
    def add_relabel_round(self, drawn: RelabelRound, tasks: Iterable[RelabelTask]) -> None:
        if drawn.round_id in self._changing.relabel_rounds:
            raise PermanentError(f"round {drawn.round_id} is there: a sample is never drawn over", code="round_exists")
        self._changing.relabel_rounds[drawn.round_id] = drawn
        for task in tasks:
            self._changing.relabel_tasks[task.round_id, task.study_key] = task

    def relabel_round(self, round_id: str) -> RelabelRound | None:
        return self._visible.relabel_rounds.get(round_id)

    def relabel_rounds(self) -> tuple[RelabelRound, ...]:
        rounds = self._visible.relabel_rounds.values()
        return tuple(sorted(rounds, key=lambda each: (each.drawn_at, each.round_id), reverse=True))

    def save_relabel_task(self, task: RelabelTask, *, expected_etag: int) -> RelabelTask:
        held = self._changing.relabel_tasks.get((task.round_id, task.study_key))
        if held is None:
            raise PermanentError(f"study {task.study_key} is not in round {task.round_id}", code="no_task")
        if held.etag != expected_etag:
            raise StaleVersion("somebody else answered for this study first: ask for the next one")
        saved = replace(task, etag=expected_etag + 1)
        self._changing.relabel_tasks[task.round_id, task.study_key] = saved
        return saved

    def relabel_task(self, round_id: str, study_key: StudyKey) -> RelabelTask | None:
        return self._visible.relabel_tasks.get((round_id, study_key))

    def relabel_tasks(self, round_id: str) -> tuple[RelabelTask, ...]:
        mine = [each for each in self._visible.relabel_tasks.values() if each.round_id == round_id]
        return tuple(sorted(mine, key=lambda each: each.study_key))

    def undecided_relabel_tasks(self) -> tuple[RelabelTask, ...]:
        waiting = [each for each in self._visible.relabel_tasks.values() if not each.decided]
        return tuple(sorted(waiting, key=lambda each: (each.round_id, each.study_key)))

    def studies_seen_by(self, actor_id: str) -> frozenset[StudyKey]:
        events = (record.event for record in self._visible.audit.values())
        return frozenset(
            each.study_key
            for each in events
            if each.actor_id == actor_id and each.study_key is not None and each.action not in BLIND_ACTS
        )

    def note_incidents(self, source: str, incident_ids: Iterable[str], now: datetime) -> frozenset[str]:
        seen = self._changing.seen_incidents
        new = {each for each in incident_ids if (source, each) not in seen}
        seen.update(dict.fromkeys(((source, each) for each in new), now))
        return frozenset(new)
