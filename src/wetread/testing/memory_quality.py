"""What live monitoring keeps (`ports.quality_store`), in memory."""

from wetread.domain.quality import QualityReference, QualityReport
from wetread.domain.reliability import Reliability
from wetread.testing.memory_transaction import MemoryTransaction

__all__ = ["MemoryQualityStore"]


class MemoryQualityStore(MemoryTransaction):
    def save_quality(self, report: QualityReport) -> None:
        self._changing.quality_reports["report"] = report

    def quality(self) -> QualityReport | None:
        return self._visible.quality_reports.get("report")

    def save_quality_reference(self, reference: QualityReference) -> None:
        self._changing.quality_references["reference"] = reference

    def quality_reference(self) -> QualityReference:
        return self._visible.quality_references.get("reference", QualityReference())

    def save_reliability(self, counted: Reliability) -> None:
        self._changing.reliabilities["reliability"] = counted

    def reliability(self) -> Reliability | None:
        return self._visible.reliabilities.get("reliability")
