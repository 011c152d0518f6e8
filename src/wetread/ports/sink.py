"""Where a signed report goes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from wetread.domain.analysis import Analysis
from wetread.domain.identifiers import StudyKey
from wetread.domain.priority import TriageDecision
from wetread.domain.report import Report
from wetread.ports.vault import VaultInstance, VaultStudy

__all__ = ["Encoder", "ReportPackage", "ReportPicture", "Sink"]


@dataclass(frozen=True, slots=True)
class ReportPackage:
    """Everything the encoders need, put together after signing. `uid_seed` fixes every UID made from it: encoding twice gives the same bytes' identity."""

    study_key: StudyKey
    study: VaultStudy
    instances: tuple[VaultInstance, ...]
    read_instance: VaultInstance
    report: Report
    predecessor: Report | None
    analysis: Analysis | None
    decision: TriageDecision | None
    film_path: str
    uid_seed: bytes


Encoder = Callable[[ReportPackage], bytes | None]
"""One document of a package; None when this package has no such document."""


ReportPicture = Literal["heatmap", "boxes", "regions", "pdf"]
"""What can go with the SR: the film with its heat map burned in (secondary capture), boxes over the film (presentation state), the heat map's regions (segmentation), the report's words as a PDF."""


class Sink(Protocol):
    name: str

    def deliver(self, package: ReportPackage) -> str:
        """Send; returns a PHI-free receipt once the receiver has acknowledged.

        Must be safe to repeat (same UIDs, conditional create). Raises TransientError (receiver down, busy) or PermanentError (receiver refuses; message says why).
        """
        ...
