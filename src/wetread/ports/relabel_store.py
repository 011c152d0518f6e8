"""What relabelling keeps, in the same transaction as everything else: rounds, their tasks, and which incident records of other systems were seen before."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from wetread.domain.identifiers import StudyKey
from wetread.domain.relabelling import RelabelRound, RelabelTask

__all__ = ["RelabelStore"]


class RelabelStore(Protocol):
    """Part of every unit of work."""

    def add_relabel_round(self, drawn: RelabelRound, tasks: Iterable[RelabelTask]) -> None:
        """Keep a round with its tasks; raises PermanentError ('round_exists') when one of that name is there: a sample is never drawn over."""
        ...

    def relabel_round(self, round_id: str) -> RelabelRound | None: ...
    def relabel_rounds(self) -> tuple[RelabelRound, ...]:
        """Newest first."""
        ...

    def save_relabel_task(self, task: RelabelTask, *, expected_etag: int) -> RelabelTask:
        """Update a task; returns it with its new etag. Raises StaleVersion when somebody answered in between, PermanentError ('no_task') when there is none."""
        ...

    def relabel_task(self, round_id: str, study_key: StudyKey) -> RelabelTask | None: ...
    def relabel_tasks(self, round_id: str) -> tuple[RelabelTask, ...]:
        """In order of their study keys."""
        ...

    def undecided_relabel_tasks(self) -> tuple[RelabelTask, ...]:
        """Of every round, those that still wait for a reader, by round and study key. Cheap enough for every look at a study."""
        ...

    def studies_seen_by(self, actor_id: str) -> frozenset[StudyKey]:
        """Studies that this account touched in any audited way but looking at the bare film, adjudicating, and searching: there it can have met the AI's or the report's words."""
        ...

    def note_incidents(self, source: str, incident_ids: Iterable[str], now: datetime) -> frozenset[str]:
        """Remember records of another system's incident list; returns those that were not known before."""
        ...
