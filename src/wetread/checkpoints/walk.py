"""Walks the audit log forward, record by record, and compares it with the checkpoints on the way: the one place that says what does not hold."""

from collections.abc import Iterable

from wetread.checkpoints.note import Checkpoint
from wetread.domain.audit import GENESIS, AuditRecord, ChainBreak, verify_record
from wetread.domain.merkle import Frontier, leaf_hash

__all__ = ["AuditWalk"]


class AuditWalk:
    """Remembers how far it came, so that the next walk reads only what is new. `clock_steps`: records that bear an earlier time than the one before them."""

    def __init__(self) -> None:
        self.frontier = Frontier()
        self.clock_steps = 0
        self._head = GENESIS
        self._last: AuditRecord | None = None

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
            self._take(record)
            if awaited and awaited[-1].size == self.frontier.size:
                checkpoint = awaited.pop()
                if checkpoint.root != self.frontier.root:
                    return ChainBreak(self.frontier.size, _rewritten(checkpoint))
        if awaited:
            return ChainBreak(self.frontier.size + 1, _cut(self.frontier.size, awaited[0]))
        return None

    def _take(self, record: AuditRecord) -> None:
        self.clock_steps += self._last is not None and record.recorded_at < self._last.recorded_at
        self._head, self._last = record.hash, record
        self.frontier.append(leaf_hash(record.hash))


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
