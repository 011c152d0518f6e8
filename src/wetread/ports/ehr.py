"""An EHR that opens studies here (SMART App Launch 2.2, EHR launch): it says of whom and which, never who is at the screen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from wetread.ports.identity_provider import SentOut

__all__ = ["EhrLaunches", "LaunchContext"]


@dataclass(frozen=True, slots=True)
class LaunchContext:
    """`patients`: every (IssuerOfPatientID, PatientID) that the EHR has of its patient, "" for no issuer; `study_uids` are of the studies that it names, none where it names the patient alone."""

    ehr: str
    patients: tuple[tuple[str, str], ...]
    study_uids: tuple[str, ...]


class EhrLaunches(Protocol):
    """Raises TransientError when the EHR does not answer, PermanentError (safe to show) when it is unknown or what it says cannot be used."""

    def send_out(self, issuer: str, launch: str, redirect_uri: str) -> SentOut: ...

    def receive(self, sealed: str, answer: Mapping[str, str]) -> str:
        """What the EHR opens, sealed, for some minutes."""
        ...

    def context(self, sealed: str) -> LaunchContext: ...
