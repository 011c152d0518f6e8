"""What a workitem says: of whom, of which study, by whom. It identifies, and lives beside the vault (law 4), a version at a time; the working database says which version stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from wetread.ports.vault import Search

__all__ = ["WORKITEM_KEYS", "VaultWorkitem", "WorkitemVault"]

WORKITEM_KEYS = frozenset(
    {
        "AdmissionID",
        "ExpectedCompletionDateTime",
        "InputReadinessState",
        "IssuerOfPatientID",
        "PatientBirthDate",
        "PatientID",
        "PatientName",
        "PatientSex",
        "ProcedureStepLabel",
        "ProcedureStepState",
        "ReferencedRequestSequence.AccessionNumber",
        "ReferencedRequestSequence.RequestedProcedureID",
        "ReplacedProcedureStepSequence.ReferencedSOPInstanceUID",
        "SOPClassUID",
        "SOPInstanceUID",
        "ScheduledHumanPerformersSequence.HumanPerformerCodeSequence.CodeValue",
        "ScheduledProcedureStepPriority",
        "ScheduledProcedureStepStartDateTime",
        "ScheduledStationClassCodeSequence.CodeValue",
        "ScheduledStationGeographicLocationCodeSequence.CodeValue",
        "ScheduledStationNameCodeSequence.CodeValue",
        "ScheduledWorkitemCodeSequence.CodeValue",
        "StudyInstanceUID",
        "WorklistLabel",
    }
)
"""What workitems are matched by: the required keys of PS3.4 table CC.2.5-3."""


@dataclass(frozen=True, slots=True)
class VaultWorkitem:
    """`body` is the data set as JSON text; `values` are what it can be found by: (key of WORKITEM_KEYS, value). `scheduled_at` orders an answer: the start, as DICOM writes it."""

    workitem_key: str
    version: int
    workitem_uid: str
    body: str
    values: tuple[tuple[str, str], ...] = ()
    scheduled_at: str = ""


class WorkitemVault(Protocol):
    def keep(self, item: VaultWorkitem) -> None:
        """Durable. Replaces the same version; of the others only the one before stays: it stands until the working database has committed this one."""
        ...

    def find(self, workitem_key: str, version: int) -> VaultWorkitem | None: ...
    def search(self, search: Search) -> tuple[tuple[str, int], ...]:
        """Key and version of what matches on WORKITEM_KEYS, the earliest scheduled first. A version that does not stand may be among them.

        Matching as in `vault.Search`; a value of several matches where one does. Raises PermanentError(code='bad_query').
        """
        ...

    def forget(self, workitem_key: str) -> None: ...
    def keep_filter(self, subscriber: str, match: Mapping[str, str]) -> None:
        """What a filtered subscription is to; replaces."""
        ...

    def filter_of(self, subscriber: str) -> Mapping[str, str]:
        """{} where there is none."""
        ...
