"""Studies whose retention period is over: once a night what is due is proposed to two people, or by the site's policy erased. What something else keeps is counted, not hidden."""

import logging
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from wetread.domain.audit import AuditEvent
from wetread.domain.erasure import Erasure, ErasureAct, ErasureReason, ErasureState, Obstacle
from wetread.domain.identifiers import StudyKey
from wetread.domain.role import SERVICE
from wetread.governance.erasure_desk import ErasureDesk
from wetread.governance.erasure_standing import next_number
from wetread.ports.rounds import in_rounds

__all__ = ["RetentionLook", "StudyRetentionRound"]

_LOG = logging.getLogger(__name__)
_LOOKED_AT = 10_000
"""The oldest studies of one night: what is held back must not hide what is due behind it."""


@dataclass(frozen=True, slots=True)
class RetentionLook:
    """What is due, the oldest first, at most as many as a night takes; and how many old ones stay, by the first thing that keeps them."""

    due: tuple[StudyKey, ...]
    held_back: tuple[tuple[Obstacle, int], ...]


@dataclass(frozen=True, slots=True)
class StudyRetentionRound:
    """`executes`: the site's policy approves by itself; otherwise a person of quality or an administrator does, and nothing goes before. `most`: in one night."""

    desk: ErasureDesk
    executes: bool
    most: int

    def run(self, stop: threading.Event, *, every_s: float = 3600.0) -> None:
        """Once an hour, until `stop` is set; a round is taken at most once in a day."""
        in_rounds(self.run_once, stop, every_s, _LOG, "retention_waits")

    def look(self) -> RetentionLook:
        """Changes nothing."""
        kept_for, now = self.desk.kept_for, self.desk.clock.now()
        if kept_for is None:
            return RetentionLook((), ())
        with self.desk.database.begin(write=False) as unit:
            oldest = unit.worklist(by="oldest", limit=_LOOKED_AT)
        old = tuple(each.study_key for each in oldest if each.received_at + kept_for <= now)
        due, held = list[StudyKey](), Counter[Obstacle]()
        for each in self.desk.look(old, ErasureReason.RETENTION_OVER):
            if each.in_the_way:
                held[each.in_the_way[0]] += 1
            elif len(due) < self.most:
                due.append(each.study_key)
        return RetentionLook(tuple(due), tuple(sorted(held.items())))

    def run_once(self) -> Erasure | None:
        """The erasure that was proposed or approved; None where nothing is due, one is under way, or the last was less than a day ago."""
        now = self.desk.clock.now()
        if not self._is_time(now):
            return None
        look = self.look()
        if not look.due:
            return None
        act = ErasureAct("ask", SERVICE.actor_id, SERVICE.role, now)
        acts = (act, ErasureAct("approve", "study_retention", SERVICE.role, now)) if self.executes else (act,)
        state, due_at = (ErasureState.APPROVED, now) if self.executes else (ErasureState.ASKED, None)
        facts = (
            ("studies", str(len(look.due))),
            *((f"kept_{each.value}", str(count)) for each, count in look.held_back),
        )
        with self.desk.database.begin() as unit:
            number = next_number(unit)
            erasure = Erasure(number, look.due, ErasureReason.RETENTION_OVER, state, acts, due_at=due_at)
            unit.save_erasure(erasure)
            unit.audit(AuditEvent("retention.round", SERVICE.actor_id, detail=(("erasure", str(number)), *facts)), now)
            unit.commit()
        _LOG.info("retention_round number=%d studies=%d executes=%s", number, len(look.due), self.executes)
        return erasure

    def _is_time(self, now: datetime) -> bool:
        with self.desk.database.begin(write=False) as unit:
            rounds = [each for each in unit.erasures(limit=1000) if each.reason is ErasureReason.RETENTION_OVER]
        return not rounds or (not rounds[0].is_open and now - rounds[0].asked.acted_at >= timedelta(hours=20))
