"""What of a study was issued, as resources for whoever asks."""

from collections.abc import Callable, Mapping

from wetread.domain.identifiers import StudyKey

__all__ = ["Issued", "Resource", "nothing_issued"]

Resource = Mapping[str, object]
"""A FHIR R4 resource as JSON, with its id and meta."""

Issued = Callable[[StudyKey], Mapping[str, Resource]]
"""By 'Type/id': the resources of the newest version that a radiologist signed, as they were sent; none where nothing was. Raises TransientError."""


def nothing_issued(study_key: StudyKey) -> Mapping[str, Resource]:
    """Where no FHIR is served."""
    return {}
