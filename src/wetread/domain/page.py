"""Pages: one person told once per step, by the first of their channels that takes it.

The row is the outbox: written in the transaction that decided it, sent afterwards, at least once. A receiver that gets it twice (we died between sending and
noting it) knows it by `idempotency_key`, which is the same for the same page and channel.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import Priority

__all__ = ["Page", "PageMessage", "PagePatient", "PageState", "idempotency_key", "page_key", "refuse_identity"]


class PageState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    OBSOLETE = "obsolete"
    """A person had acknowledged before it could be sent, or a later step pages the same person."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page to one person. `subject` is a critical key or an alarm's key; `attempt` counts claims and is the fencing token.

    `due_at` is when it may be claimed: at once, after a pause, or when a claimer's lease runs out. `failed` lists what was tried without success, "channel: code" each.
    """

    page_key: str
    subject: str
    study_key: StudyKey | None
    site: str
    person_id: str
    step: int
    queued_at: datetime
    due_at: datetime
    state: PageState = PageState.QUEUED
    attempt: int = 0
    channel: str = ""
    receipt: str = ""
    sent_at: datetime | None = None
    failed: tuple[str, ...] = ()

    def due(self, now: datetime) -> bool:
        """True when it may be claimed. One that nobody has tried yet may be, whatever the clock said when it was queued."""
        return self.due_at <= now or (self.attempt == 0 and self.due_at == self.queued_at)


def page_key(subject: str, step: int, person_id: str) -> str:
    """One page per subject, step and person, however often the step is computed."""
    return f"{subject}/{step}/{person_id}"


def idempotency_key(page_key: str, channel: str) -> str:
    """What a receiver may know a repeated page by: hex, free of names."""
    return sha256(f"{page_key}/{channel}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class PagePatient:
    """Identity for the channels that are marked for it, fetched from the vault at the moment of sending and kept nowhere else."""

    patient_id: str
    issuer_of_patient_id: str
    patient_name: str
    patient_birth_date: str
    patient_sex: str
    accession_number: str
    study_instance_uid: str


@dataclass(frozen=True, slots=True)
class PageMessage:
    """What is said: without identity unless `patient` is set. `link` opens the study (or the alarms) in the reading room, after signing in."""

    title: str
    body: str
    link: str
    priority: Priority
    site: str
    study_key: StudyKey | None
    step: int
    sent_at: datetime
    patient: PagePatient | None = None


def refuse_identity(message: PageMessage, *, carries_phi: bool) -> None:
    """Every channel asks this before it sends: raises PermanentError for a message with identity on a channel that is not marked for it."""
    if message.patient is not None and not carries_phi:
        raise PermanentError(
            "this channel is not marked for patient identity: nothing was sent; set carries_phi if it may carry it",
            code="phi_in_channel",
        )
