"""From another archive into the reception: each instance by itself, held to what was asked for."""

from collections.abc import Callable
from dataclasses import dataclass, field

from wetread.domain.acting_from import acting_from, here
from wetread.domain.archive import ArchivedInstance
from wetread.domain.errors import TransientError
from wetread.ingest.fault_points import reach
from wetread.ingest.outcome import Claim, InstanceOutcome, Outcome, PatientClaim
from wetread.ingest.reception import OWN_RESULT, Reception
from wetread.ingest.register import Fetched
from wetread.ports.file_store import IncomingFile

__all__ = ["ReceptionInbox", "is_own"]

_LATER = (Outcome.STORAGE_FULL, Outcome.UNAVAILABLE)


@dataclass
class ReceptionInbox:
    """Implements `ports.archive.Inbox`. `sender` and `address` are for the audit, also where another thread hands over; `patient` whom each film must be of. Raises TransientError where we cannot store now: the archive keeps it."""

    reception: Reception
    sender: str
    patient: PatientClaim | None = None
    fetched: Fetched | None = None
    handed: Callable[[], None] = lambda: None
    address: str = field(default_factory=here)
    outcomes: list[InstanceOutcome] = field(default_factory=list)

    def receive(self) -> IncomingFile:
        return self.reception.files.receive()

    def hand_over(self, file: IncomingFile, wanted: ArchivedInstance) -> None:
        reach("archive_brought")
        uids = wanted.study_instance_uid, wanted.sop_class_uid, wanted.sop_instance_uid
        claim = Claim(*uids, self.patient)
        with acting_from(self.address):
            (outcome,) = self.reception.receive([file], self.sender, claim, fetched=self.fetched)
        if outcome.outcome in _LATER:
            raise TransientError(outcome.message, code=outcome.code)
        self.outcomes.append(outcome)
        self.handed()

    @property
    def taken(self) -> int:
        return sum(each.outcome.acknowledged for each in self.outcomes)

    @property
    def turned_away(self) -> tuple[InstanceOutcome, ...]:
        return tuple(each for each in self.outcomes if not each.outcome.acknowledged)


def is_own(outcome: InstanceOutcome) -> bool:
    """What we delivered to the archive and it offers us again: nothing to do, and nothing wrong."""
    return outcome.code == OWN_RESULT
