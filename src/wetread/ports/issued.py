"""What of a study was issued, as resources for whoever asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wetread.domain.audit import AuditRecord
from wetread.domain.identifiers import StudyKey
from wetread.domain.order import Order

__all__ = ["FhirForms", "Issued", "Resource", "nothing_issued"]

Resource = Mapping[str, object]
"""A FHIR R4 resource as JSON, with its id and meta."""

Issued = Callable[[StudyKey], Mapping[str, Resource]]
"""By 'Type/id': the resources of the newest version that a radiologist signed, as they were sent, and what was told of a critical result; none where nothing was. Raises TransientError."""


@dataclass(frozen=True, slots=True)
class FhirForms:
    """`of_audit`: a record of the audit log as an AuditEvent. `of_order`: an order as a ServiceRequest. `in_r5`: a resource of ours, or a Bundle of them, in FHIR R5."""

    of_audit: Callable[[AuditRecord], Resource]
    of_order: Callable[[Order], Resource]
    in_r5: Callable[[Resource], Resource]


def nothing_issued(study_key: StudyKey) -> Mapping[str, Resource]:
    """Where no FHIR is served."""
    return {}
