"""Small analyses for tests of the stages."""

from datetime import UTC, datetime

from wetread.domain.analysis import Analysis, Finding, ModelIdentity, OperatingPoint, QualityFlag, Region
from wetread.domain.finding import FindingName
from wetread.domain.identifiers import InstanceKey

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
MODEL = ModelIdentity("test-model", "1.0.0", "0" * 64)


def a_finding(
    name: str = "pneumothorax", probability: float | None = 0.9, threshold: float = 0.5, laterality: str = "left"
) -> Finding:
    called = probability is not None and probability >= threshold
    region = Region(10, 50, 20, 60) if called else None
    point = OperatingPoint(threshold, "test", None, None)
    return Finding(FindingName(name), 1.5, probability, point, laterality if called else "", region)


def an_analysis(*findings: Finding, quality: tuple[QualityFlag, ...] = ()) -> Analysis:
    return Analysis(InstanceKey("i" * 24), MODEL, findings, quality, 1.0, 2.0, "0" * 64, NOW)
