"""What another archive says it holds: studies, instances and what is new there. It says who a patient is, so it passes through and is kept nowhere but in the vault (law 4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from wetread.domain.capability import Capability, Verdict

__all__ = [
    "NOT_DECODED",
    "ArchiveIdentity",
    "ArchiveWays",
    "ArchivedInstance",
    "ArchivedStudy",
    "Changes",
    "FoundStudies",
    "Retrieved",
    "StudyQuery",
    "Unretrieved",
    "ways_of",
]

NOT_DECODED = "percent-encoded query"
_IN_PARTS, _ALONE = "instance, multipart", "instance, single part"


@dataclass(frozen=True, slots=True)
class ArchiveIdentity:
    """Who answers there. `feeds`: it says what is new; where it does not, only a sweep finds that."""

    product: str
    version: str = ""
    feeds: bool = False


@dataclass(frozen=True, slots=True)
class ArchiveWays:
    """How this archive wants to be asked, where neighbours differ."""

    decodes_percent: bool = True
    in_parts: bool = True


@dataclass(frozen=True, slots=True)
class StudyQuery:
    """What is asked for; empty matches everything. Values are matched exactly: no wildcards."""

    patient_id: str = ""
    accession_number: str = ""
    study_instance_uid: str = ""
    taken_from: date | None = None
    taken_until: date | None = None
    modality: str = ""


@dataclass(frozen=True, slots=True)
class ArchivedStudy:
    """A study as the archive lists it, as sent and trimmed; "" or () is what it does not say. `number_of_instances` 0: it does not say."""

    study_instance_uid: str
    patient_id: str = ""
    issuer_of_patient_id: str = ""
    patient_birth_date: str = ""
    study_date: str = ""
    accession_number: str = ""
    study_description: str = ""
    modalities: tuple[str, ...] = ()
    number_of_instances: int = 0


@dataclass(frozen=True, slots=True)
class ArchivedInstance:
    """One instance there. `locator` is the archive's own name for it, where it has one."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str = ""
    modality: str = ""
    body_part_examined: str = ""
    study_date: str = ""
    locator: str = ""
    station_name: str = ""


@dataclass(frozen=True, slots=True)
class FoundStudies:
    """`complete` is false where the archive has more than it was asked for, or than it tells."""

    studies: tuple[ArchivedStudy, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Unretrieved:
    """What did not come, and why: `locator` names it opaquely, `code` is stable, `reason` is free of patient data."""

    locator: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What came into the archive behind a cursor. `restarted`: it is not the database any more that the cursor was of, and the feed began anew. `gone` were deleted meanwhile."""

    instances: tuple[ArchivedInstance, ...]
    cursor: str
    more: bool
    restarted: bool = False
    gone: int = 0
    unusable: tuple[Unretrieved, ...] = ()


@dataclass(frozen=True, slots=True)
class Retrieved:
    """How many instances were handed over, and what did not come."""

    handed_over: int
    failed: tuple[Unretrieved, ...] = ()


def ways_of(found: Iterable[Capability]) -> ArchiveWays:
    """From what a probe saw. What was not tried is taken to be as the standard says."""
    refused = {each.name for each in found if each.verdict is Verdict.NO}
    alone_only = _IN_PARTS in refused and _ALONE not in refused
    return ArchiveWays(decodes_percent=NOT_DECODED not in refused, in_parts=not alone_only)
