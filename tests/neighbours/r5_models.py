"""FHIR R5 by the models of `fhir.resources` (PyPI, BSD): what is missing, unknown, of another type or shape."""

from typing import Any

from fhir.resources import get_fhir_model_class
from pydantic import ValidationError

__all__ = ["r5_errors"]


def r5_errors(resource: dict[str, Any]) -> list[str]:
    """Where and how a resource breaks R5; the resources of a Bundle are looked at with it."""
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValidationError as error:
        return [f"{'/'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    return []
