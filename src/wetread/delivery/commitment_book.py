"""What receivers were asked to answer for, and what they said: only what is committed counts as delivered there."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from wetread.domain.audit import AuditEvent
from wetread.domain.commitment import Commitment, CommitmentState
from wetread.domain.errors import TransientError
from wetread.ports.clock import Clock
from wetread.ports.database import Database

__all__ = ["CommitmentBook"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CommitmentBook:
    """`within`: a report that has not come by then will not come; the results are sent, and commitment is asked for, again."""

    database: Database
    clock: Clock
    within: timedelta = timedelta(hours=24)

    def receipt(self, sink: str, of: str) -> str | None:
        """What is to be said of a delivery that was made before; None: send and ask. Raises TransientError 'commitment_awaited'."""
        with self.database.begin(write=False) as unit:
            last = unit.last_commitment(sink, of)
        if last is None or last.state is CommitmentState.FAILED:
            return None
        if last.state is CommitmentState.COMMITTED:
            return _receipt(last)
        if self.clock.now() - last.asked_at > self.within:
            return None
        raise _awaited(last.ae_title)

    def outcome(self, ae_title: str, transaction_uid: str) -> str:
        """A receipt once all that was asked for is committed. Raises TransientError 'commitment_awaited' or 'commitment_failed'."""
        with self.database.begin(write=False) as unit:
            told = unit.commitment(transaction_uid)
        if told is None or told.state is CommitmentState.ASKED:
            raise _awaited(ae_title)
        if told.state is CommitmentState.FAILED:
            raise TransientError(
                f"{ae_title} did not commit {told.failed} of {len(told.instances)} (reason {told.reason or 'not said'}): look into its log",
                code="commitment_failed",
            )
        return _receipt(told)

    def ask(self, transaction_uid: str, sink: str, of: str, ae_title: str, instances: Sequence[str]) -> None:
        """Kept before it is asked for: the answer may come at once, to another process."""
        with self.database.begin() as unit:
            unit.save_commitment(Commitment(transaction_uid, sink, of, ae_title, tuple(instances), self.clock.now()))
            unit.commit()

    def answer(
        self, ae_title: str, transaction_uid: str, committed: Sequence[str], reasons: Sequence[int]
    ) -> Commitment | None:
        """What the receiver reports, from whatever process heard it; `reasons` are of what it did not commit. None, and nothing changes: it was not asked of this receiver. An answer is not taken back.

        What it does not mention is not committed.
        """
        with self.database.begin() as unit:
            asked = unit.commitment(transaction_uid)
            if asked is None or asked.ae_title != ae_title:
                return None
            if asked.state is not CommitmentState.ASKED:
                return asked
            missing = len(set(asked.instances) - set(committed))
            state = CommitmentState.FAILED if missing else CommitmentState.COMMITTED
            reason = f"{reasons[0]:04X}" if missing and reasons else ""
            told = replace(asked, state=state, answered_at=self.clock.now(), failed=missing, reason=reason)
            unit.save_commitment(told)
            facts = (
                ("sink", told.sink),
                ("instances", str(len(told.instances))),
                ("failed", str(missing)),
                ("reason", reason),
            )
            unit.audit(AuditEvent("report.commit", f"dimse@{ae_title}", state.value, detail=facts), self.clock.now())
            unit.commit()
        if missing:
            _LOG.warning(
                "commitment_failed sink=%s failed=%d of=%d reason=%s", told.sink, missing, len(told.instances), reason
            )
        return told


def _receipt(told: Commitment) -> str:
    return f"committed, {len(told.instances)} instances"


def _awaited(ae_title: str) -> TransientError:
    return TransientError(f"{ae_title} has not committed it yet", code="commitment_awaited")
