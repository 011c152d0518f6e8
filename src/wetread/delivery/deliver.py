"""One report version to one sink: at most one acknowledgement, and only for what a person signed (laws 2 and 3)."""

from datetime import datetime

from wetread.domain.delivery import Delivery, DeliveryState
from wetread.domain.errors import PermanentError
from wetread.domain.report import is_final
from wetread.ports.sink import ReportPackage, Sink

__all__ = ["deliver"]


def deliver(package: ReportPackage, sink: Sink, now: datetime, previous: Delivery | None) -> Delivery:
    """The acknowledged delivery: `previous` when it was acknowledged already, else what the sink answers now.

    Raises TransientError or PermanentError as the sink does, and PermanentError for a report that nobody signed or that changed after signing.
    """
    if previous and previous.state is DeliveryState.ACKNOWLEDGED:
        return previous
    if package.report.signature is None:
        raise PermanentError("only signed reports leave: sign it first", code="unsigned_report")
    is_final(package.report)
    return Delivery(
        study_key=package.study_key,
        report_version=package.report.version,
        sink=sink.name,
        state=DeliveryState.ACKNOWLEDGED,
        attempts=(previous.attempts if previous else 0) + 1,
        receipt=sink.deliver(package),
        updated_at=now,
    )
