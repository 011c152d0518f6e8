"""The look at every rollout under way: once a night by a worker, or by `wetread rollout evaluate`. Several processes may try; each look is taken once."""

import logging
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from wetread.domain.alarm import AlarmKind
from wetread.domain.errors import StaleVersion
from wetread.domain.rollout import Rollout, RolloutDecision
from wetread.governance.desk import RolloutDesk
from wetread.governance.gather import Gathered, gather
from wetread.governance.judge import Judgement, weigh
from wetread.monitoring.alarms import clear_alarm
from wetread.ports.clock import Clock
from wetread.ports.database import Database
from wetread.ports.labeller import Labeller
from wetread.ports.rounds import in_rounds
from wetread.ports.vault import Vault

__all__ = ["RolloutWatch"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RolloutWatch:
    """`every`: the least time between two looks at a rollout by `run`."""

    database: Database
    vault: Vault
    labeller: Labeller
    clock: Clock
    every: timedelta

    def run(self, stop: threading.Event, *, pause_s: float = 600.0) -> None:
        """Look at what is due until `stop` is set. A database that is down is tried again the next time; a look that fails stops no worker."""
        in_rounds(partial(self.evaluate, only_due=True), stop, pause_s, _LOG, "rollouts_not_evaluated")

    def evaluate(self, *, only_due: bool = False, of_model: str | None = None) -> tuple[RolloutDecision, ...]:
        """One look at every rollout under way (or those of one version), all sites of a version together. With `only_due` only where the last look is `every` ago.

        What the machine stopped is an alarm until a person acts on the rollout, or has acknowledged that it was taken back.
        """
        self._clear_what_was_seen()
        taken = []
        for rollouts in self._under_way(of_model):
            if only_due and not any(map(self._is_due, rollouts)):
                continue
            taken += self._look(rollouts)
        return tuple(taken)

    def _under_way(self, of_model: str | None) -> Iterator[list[Rollout]]:
        with self.database.begin(write=False) as unit:
            found = [each for each in unit.rollouts(model_key=of_model) if each.is_open]
        by_model: dict[str, list[Rollout]] = defaultdict(list)
        for each in found:
            by_model[each.model_key].append(each)
        yield from by_model.values()

    def _clear_what_was_seen(self) -> None:
        with self.database.begin(write=False) as unit:
            open_alarms = [each for each in unit.alarms() if each.kind is AlarmKind.ROLLOUT_STOPPED]
            held = {f"{each.site}/{each.model_key}" for each in unit.rollouts() if each.held}
        over = [each for each in open_alarms if each.acknowledged_at and each.alarm_key.partition("/")[2] not in held]
        if not over:
            return
        with self.database.begin() as unit:
            for each in over:
                clear_alarm(unit, each.alarm_key, self.clock.now())
            unit.commit()

    def _is_due(self, rollout: Rollout) -> bool:
        with self.database.begin(write=False) as unit:
            last = unit.decisions(rollout.model_key, rollout.site, limit=1)
        return not last or self.clock.now() - last[0].decided_at >= self.every

    def _look(self, rollouts: Sequence[Rollout]) -> list[RolloutDecision]:
        gathered = [gather(self.database, self.vault, self.labeller, each) for each in rollouts]
        now = self.clock.now()
        desk, taken = RolloutDesk(self.database, self.clock), []
        for one, judgement in zip(gathered, weigh([each.site for each in gathered], now), strict=True):
            decision = self._decision(one, judgement, now)
            try:
                desk.record(decision, one.site.rollout.etag)
            except StaleVersion as error:
                _LOG.info("rollout_look_dropped model=%s reason=%s", decision.model_key, error)
                continue
            _LOG.info("rollout_look model=%s verdict=%s", decision.model_key, decision.verdict.value)
            taken.append(decision)
        return taken

    def _decision(self, one: Gathered, judgement: Judgement, now: datetime) -> RolloutDecision:
        rollout = one.site.rollout
        with self.database.begin(write=False) as unit:
            last = unit.last_decision(rollout.model_key, rollout.site)
        same_stage = last is not None and last.decided_at > rollout.since
        return RolloutDecision(
            model_key=rollout.model_key,
            site=rollout.site,
            look=last.look + 1 if last else 1,
            looks_in_stage=last.looks_in_stage + 1 if last and same_stage else 1,
            decided_at=now,
            state=rollout.state,
            percent=rollout.percent,
            verdict=judgement.verdict,
            reason=judgement.reason,
            evidence=judgement.evidence,
            studies=one.signed,
            left_out=one.left_out,
        )
