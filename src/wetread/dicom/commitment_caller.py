"""Reports on storage commitment over associations of our own (PS3.4 section J.3.3): to who did not wait for one on theirs, tried again until it is taken or put aside."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wetread.delivery.owed_reports import OwedReports
from wetread.dicom.commitment_message import COMMITMENT, COMMITMENT_INSTANCE, CommitmentMessage, write_message
from wetread.dicom.commitment_scp import HEARD, Judge, kind_of, message_of, not_heard
from wetread.dicom.remote_ae import UNCOMPRESSED, RemoteAe, associate
from wetread.domain.commitment import OwedReport
from wetread.domain.errors import PermanentError, TransientError
from wetread.domain.resting import Resting
from wetread.ingest.fault_points import reach

__all__ = ["CommitmentCaller", "report_to"]

_TRY_AGAIN = frozenset({0x0110, 0x0213})
"""Processing failure, resource limitation. Any other status would be the same the next time."""


@dataclass
class CommitmentCaller:
    """`remotes`: how to call an AE title. One that does not answer rests, and its other reports with it; `now_s`: a monotonic clock."""

    owed: OwedReports
    judge: Judge
    remotes: Mapping[str, RemoteAe]
    now_s: Callable[[], float] = time.monotonic
    _resting: dict[str, Resting] = field(default_factory=dict)

    def run_all(self) -> None:
        """Everything that is due."""
        while self.run_one():
            pass

    def run_one(self) -> bool:
        """False when nothing is due."""
        held = self.owed.claim(but_not=[title for title, each in self._resting.items() if each.rests])
        if held is None:
            return False
        reach("commitment_claimed")
        peer = self.remotes.get(held.ae_title)
        if peer is None:
            why = held.problem or f"{held.ae_title} did not wait for the report"
            self.owed.put_aside(held, f"{why}; it cannot be called: give it host and port in application_entities")
        elif (asked := self.owed.asked(held)) is not None:
            self._tell(peer, held, message_of(asked))
        return True

    def _tell(self, peer: RemoteAe, held: OwedReport, asked: CommitmentMessage) -> None:
        report = self.judge(held, asked)
        resting = self._resting.setdefault(held.ae_title, Resting(self.now_s))
        if not self.owed.renew(held):
            return
        try:
            status = report_to(peer, report)
        except TransientError as error:
            resting.failed()
            self.owed.later(held, str(error), random.random())  # noqa: S311 - jitter, not a secret
            return
        except PermanentError as error:
            resting.answered()
            self.owed.put_aside(held, str(error))
            return
        reach("commitment_told")
        resting.answered()
        why = not_heard(held.ae_title, status)
        if status in HEARD:
            self.owed.told(held, committed=len(report.references), failed=len(report.failed))
        elif status in _TRY_AGAIN:
            self.owed.later(held, why, random.random())  # noqa: S311 - jitter, not a secret
        else:
            self.owed.put_aside(held, why)


def report_to(peer: RemoteAe, report: CommitmentMessage) -> int:
    """Over an association of our own, in which we are the SCP; the status of its answer. Raises as `associate`, TransientError where it does not answer, PermanentError where it does not take us for the SCP."""
    offer = [(COMMITMENT, UNCOMPRESSED)]
    with associate(peer, offer, roles={COMMITMENT: (False, True)}) as association:
        try:
            said, _ = association.send_n_event_report(
                write_message(report), kind_of(report), COMMITMENT, COMMITMENT_INSTANCE
            )
        except ValueError:
            raise PermanentError(
                f"{peer.ae_title} does not take us for the SCP of storage commitment: let it accept that role",
                code="sop_class_refused",
            ) from None
        except RuntimeError:
            said = {}
    if (status := said.get("Status")) is None:
        raise TransientError(not_heard(peer.ae_title, None), code="no_answer")
    return int(status)
