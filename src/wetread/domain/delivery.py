"""Deliveries: one row per report version and sink, acknowledged once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wetread.domain.identifiers import StudyKey

__all__ = ["Delivery", "DeliveryState"]


class DeliveryState(StrEnum):
    PENDING = "pending"
    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """`receipt` is what the receiver said (a status or an address, never PHI)."""

    study_key: StudyKey
    report_version: int
    sink: str
    state: DeliveryState
    attempts: int
    receipt: str
    updated_at: datetime
