"""Storage commitment in memory: `ports.commitment_store`, and the instances that somebody asks us to answer for (`ports.commitment_vault`)."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from wetread.domain.commitment import Commitment, OwedReport, OwedState, OwedTotal
from wetread.ports.commitment_vault import AskedCommitment
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryCommitmentStore", "MemoryCommitmentVault"]


class MemoryCommitmentStore(MemoryTransaction):
    def save_commitment(self, commitment: Commitment) -> None:
        self._changing.commitments[commitment.transaction_uid] = commitment

    def commitment(self, transaction_uid: str) -> Commitment | None:
        return self._visible.commitments.get(transaction_uid)

    def last_commitment(self, sink: str, of: str) -> Commitment | None:
        asked = (each for each in self._visible.commitments.values() if (each.sink, each.of) == (sink, of))
        return max(asked, key=lambda each: (each.asked_at, each.transaction_uid), default=None)

    def save_owed_report(self, report: OwedReport) -> None:
        self._changing.owed_reports[report.request_key] = report

    def owed_report(self, request_key: str) -> OwedReport | None:
        return self._visible.owed_reports.get(request_key)

    def due_owed_report(self, now: datetime, *, but_not: Collection[str] = ()) -> OwedReport | None:
        held = self._visible.owed_reports.values()
        due = [(each.due_at, each.request_key, each) for each in held if each.due_at and each.ae_title not in but_not]
        return min((each for each in due if each[0] <= now), default=(None, "", None))[2]

    def owed_reports(self, state: OwedState, *, of: Collection[str] = (), limit: int = 1000) -> tuple[OwedReport, ...]:
        held = self._visible.owed_reports.values()
        found = [each for each in held if each.state is state and (not of or each.ae_title in of)]
        return tuple(sorted(found, key=lambda each: (each.ae_title, each.asked_at, each.request_key))[:limit])

    def owed_totals(self) -> tuple[OwedTotal, ...]:
        groups: dict[tuple[str, OwedState], list[OwedReport]] = defaultdict(list)
        for state in (OwedState.ASIDE, OwedState.OWED):
            for each in self.owed_reports(state, limit=len(self._visible.owed_reports)):
                groups[each.ae_title, state].append(each)
        return tuple(
            OwedTotal(title, state, len(mine), mine[0].asked_at, mine[-1].problem)
            for (title, state), mine in sorted(groups.items())
        )

    def count_owed(self, ae_title: str) -> int:
        return sum(
            (each.state, each.ae_title) == (OwedState.OWED, ae_title) for each in self._visible.owed_reports.values()
        )

    def ended_owed_reports(self, before: datetime, *, limit: int = 500) -> tuple[OwedReport, ...]:
        held = self._visible.owed_reports.values()
        ended = [(each.ended_at, each.request_key, each) for each in held if each.ended_at and each.ended_at < before]
        return tuple(each for _, _, each in sorted(ended)[:limit])

    def forget_owed_reports(self, request_keys: Collection[str]) -> None:
        for key in request_keys:
            self._changing.owed_reports.pop(key, None)


class MemoryCommitmentVault:
    def __init__(self) -> None:
        self._kept: dict[str, tuple[AskedCommitment, datetime]] = {}

    def keep(self, request_key: str, asked: AskedCommitment, now: datetime) -> None:
        self._kept[request_key] = asked, now

    def find(self, request_key: str) -> AskedCommitment | None:
        return self._kept[request_key][0] if request_key in self._kept else None

    def forget(self, request_keys: Collection[str]) -> None:
        for key in request_keys:
            self._kept.pop(key, None)

    def kept_before(self, before: datetime, *, after: str = "", limit: int = 500) -> tuple[str, ...]:
        return tuple(sorted(key for key, (_, at) in self._kept.items() if at < before and key > after)[:limit])

    def forget_naming(self, sop_instance_uids: Collection[str]) -> int:
        """What names one of these goes whole; how many instances."""
        gone = {
            key: asked
            for key, (asked, _) in self._kept.items()
            if any(uid in sop_instance_uids for _, uid in asked.instances)
        }
        self.forget(gone)
        return sum(len(asked.instances) for asked in gone.values())
