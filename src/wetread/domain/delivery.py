"""Deliveries: one row per report version and sink, acknowledged once."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wetread.domain.identifiers import StudyKey

__all__ = ["Delivery", "DeliveryState", "all_acknowledged"]


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


def all_acknowledged(deliveries: Iterable[Delivery], version: int, sinks: Collection[str]) -> bool:
    """Whether every one of `sinks` has acknowledged this version."""
    of_it = (each for each in deliveries if each.report_version == version)
    return {each.sink for each in of_it if each.state is DeliveryState.ACKNOWLEDGED}.issuperset(sinks)
