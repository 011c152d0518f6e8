"""What live monitoring keeps between its nights: the last report, the reference that every later night is held against, and what became of films by their score."""

from typing import Protocol

from wetread.domain.quality import QualityReference, QualityReport
from wetread.domain.reliability import Reliability

__all__ = ["QualityStore"]


class QualityStore(Protocol):
    """Part of every unit of work."""

    def save_quality(self, report: QualityReport) -> None:
        """In place of the last one."""
        ...

    def quality(self) -> QualityReport | None:
        """The last one, None before the first."""
        ...

    def save_quality_reference(self, reference: QualityReference) -> None:
        """In place of the last one."""
        ...

    def quality_reference(self) -> QualityReference:
        """Without cells where nothing is frozen yet."""
        ...

    def save_reliability(self, counted: Reliability) -> None:
        """In place of the last one."""
        ...

    def reliability(self) -> Reliability | None:
        """The last one, None before the first."""
        ...
