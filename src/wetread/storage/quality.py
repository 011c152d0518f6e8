"""The last quality report, its reference and the shares by score: one row each, replaced as a whole."""

from functools import lru_cache

from sqlalchemy import bindparam, select

from wetread.domain.quality import QualityReference, QualityReport
from wetread.domain.reliability import Reliability
from wetread.storage import schema
from wetread.storage.codec import decode, encode
from wetread.storage.transaction import Transaction, replacing

__all__ = ["QualityRows"]

_REPORT, _REFERENCE, _RELIABILITY = "report", "reference", "reliability"
_SAVE = replacing(schema.quality)
_READ = select(schema.quality.c.body).where(schema.quality.c.name == bindparam("of"))


class QualityRows(Transaction):
    def save_quality(self, report: QualityReport) -> None:
        self._write(_SAVE, {"name": _REPORT, "body": encode(report)})

    def quality(self) -> QualityReport | None:
        body = self._read(_READ, {"of": _REPORT}).scalar_one_or_none()
        return None if body is None else _report(body)

    def save_quality_reference(self, reference: QualityReference) -> None:
        self._write(_SAVE, {"name": _REFERENCE, "body": encode(reference)})

    def quality_reference(self) -> QualityReference:
        body = self._read(_READ, {"of": _REFERENCE}).scalar_one_or_none()
        return QualityReference() if body is None else decode(QualityReference, body)

    def save_reliability(self, counted: Reliability) -> None:
        self._write(_SAVE, {"name": _RELIABILITY, "body": encode(counted)})

    def reliability(self) -> Reliability | None:
        body = self._read(_READ, {"of": _RELIABILITY}).scalar_one_or_none()
        return None if body is None else _counted(body)


@lru_cache(maxsize=4)
def _report(body: str) -> QualityReport:
    """Metrics ask for the same megabyte every quarter of a minute, and it changes once a night."""
    return decode(QualityReport, body)


@lru_cache(maxsize=2)
def _counted(body: str) -> Reliability:
    """Every film that is opened asks for it, and it changes once a night."""
    return decode(Reliability, body)
