"""Walks the audit log forward, record by record, and compares it with the checkpoints on the way: the one place that says what does not hold."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from wetread.checkpoints.note import Checkpoint
from wetread.domain.audit import GENESIS, AuditRecord, ChainBreak, verify_record
from wetread.domain.merkle import Frontier, leaf_hash

__all__ = ["AuditWalk", "LogPart", "verify_part"]


class AuditWalk:
    """Remembers how far it came, so that the next walk reads only what is new. `clock_steps`: records that bear an earlier time than the one before them."""

    def __init__(self) -> None:
        self.frontier = Frontier()
        self.clock_steps = 0
        self._head = GENESIS
        self._last_at: datetime | None = None

    @property
    def start(self) -> int:
        """The sequence that the next walk begins with: the last record seen, to see that it is still there."""
        return max(1, self.frontier.size)

    def on(self, records: Iterable[AuditRecord], checkpoints: Iterable[Checkpoint]) -> ChainBreak | None:
        """Go on with the records from `start` on; the first thing that does not hold, or None.

        `checkpoints` by size; those before the start were compared when the walk passed them. A log that ends before its last checkpoint was cut or set back.
        """
        awaited = [each for each in checkpoints if each.size > self.frontier.size]
        awaited.reverse()
        coming = iter(records)
        if self.frontier.size and getattr(next(coming, None), "hash", "") != self._head:
            return ChainBreak(
                self.frontier.size, "the record that was the last one is gone or another: the log was cut or rewritten"
            )
        for record in coming:
            if broken := verify_record(record, self._head, self.frontier.size + 1):
                return broken
            self.clock_steps += self._last_at is not None and record.recorded_at < self._last_at
            self._head, self._last_at = record.hash, record.recorded_at
            self.frontier.append(leaf_hash(record.hash))
            if awaited and awaited[-1].size == self.frontier.size and (broken := self._against(awaited.pop())):
                return broken
        return self._end(awaited)

    def on_parts(self, parts: Iterable["LogPart"], checkpoints: Iterable[Checkpoint]) -> ChainBreak | None:
        """As `on` from the first record, over parts of the log in their order that were verified by themselves."""
        awaited = sorted(checkpoints, key=lambda each: -each.size)
        for part in parts:
            first = part.first
            if first and part.leaves and first.previous_hash != self._head:
                return verify_record(first, self._head, self.frontier.size + 1)
            self.clock_steps += part.clock_steps
            self.clock_steps += bool(self._last_at and first and first.recorded_at < self._last_at)
            for at in range(0, len(part.leaves), 32):
                self.frontier.append(part.leaves[at : at + 32])
                if awaited and awaited[-1].size == self.frontier.size and (broken := self._against(awaited.pop())):
                    return broken
            if part.broken:
                return part.broken
            self._head, self._last_at = part.head or self._head, part.ended_at or self._last_at
        return self._end(awaited)

    def _against(self, checkpoint: Checkpoint) -> ChainBreak | None:
        same = checkpoint.root == self.frontier.root
        return None if same else ChainBreak(self.frontier.size, _rewritten(checkpoint))

    def _end(self, awaited: list[Checkpoint]) -> ChainBreak | None:
        """`awaited`: checkpoints beyond the log, the largest first."""
        return ChainBreak(self.frontier.size + 1, _cut(self.frontier.size, awaited[0])) if awaited else None


@dataclass(frozen=True, slots=True)
class LogPart:
    """Records that follow one another from `first` on, if it follows from what it says; `leaves` are their hashes as leaves, one after the other. `broken`: where it does not go on."""

    first: AuditRecord | None
    head: str
    leaves: bytes
    clock_steps: int
    ended_at: datetime | None
    broken: ChainBreak | None


def verify_part(records: Iterable[AuditRecord], sequence: int) -> LogPart:
    """`records` of the log from record `sequence` on: whether the first follows from the one before it is for `AuditWalk.on_parts` to say."""
    first, broken, leaves, steps = None, None, bytearray(), 0
    head, last_at = "", None
    for number, record in enumerate(records, sequence):
        first = first or record
        if broken := verify_record(record, head or record.previous_hash, number):
            break
        steps += last_at is not None and record.recorded_at < last_at
        head, last_at = record.hash, record.recorded_at
        leaves += leaf_hash(record.hash)
    return LogPart(first, head, bytes(leaves), steps, last_at, broken)


def _rewritten(checkpoint: Checkpoint) -> str:
    return (
        f"the records up to {checkpoint.size} are not those that the checkpoint of {checkpoint.made_at:%Y-%m-%d %H:%M} UTC"
        " covers: the log was rewritten before that moment"
    )


def _cut(size: int, checkpoint: Checkpoint) -> str:
    return (
        f"the log ends at record {size}, but the checkpoint of {checkpoint.made_at:%Y-%m-%d %H:%M} UTC covers {checkpoint.size}:"
        " its tail was cut off, or the database was set back"
    )
