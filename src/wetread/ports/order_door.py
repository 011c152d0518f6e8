"""What a system may hand us in FHIR: an order, and a request for a read of its film."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from wetread.ports.issued import Resource

__all__ = ["OrderDoor", "Taken"]


@dataclass(frozen=True, slots=True)
class Taken:
    """`resource_id` is ours; the same resource handed in again has the same and is not new."""

    resource_id: str
    is_new: bool


class OrderDoor(Protocol):
    def take_order(self, resource: Mapping[str, object], by: str) -> Taken:
        """A ServiceRequest, `active` or `revoked`. Raises PermanentError for what is no order."""
        ...

    def take_task(self, resource: Mapping[str, object], by: str) -> Taken:
        """A Task about an order that was taken here; one that is `cancelled` withdraws it. Raises PermanentError."""
        ...

    def task(self, task_id: str, by: str) -> Resource | None:
        """As it stands now, for whoever handed it in."""
        ...
