"""What we say in FHIR R4, said in R5 (https://hl7.org/fhir/R5/diff.html): one pure mapping of the resources that we make, so that both versions come from one result object. Nothing is added or left out."""

from collections.abc import Callable, Mapping
from typing import cast

from wetread.fhir.datatypes import Json, present
from wetread.fhir.resources import BODY_SITE

__all__ = ["to_r5"]

_DEVICE_NAMES = {"model-name": "user-friendly-name"}
"""R5 knows registered, user-friendly and patient-reported names."""


def to_r5(resource: Mapping[str, object]) -> Json:
    """A resource of ours, or a Bundle of them. What R5 has as R4 had it stays as it is."""
    said = dict(resource)
    change = _CHANGES.get(str(said.get("resourceType")))
    return change(said) if change else said


def _items(value: object) -> list[Json]:
    return cast(list[Json], value or [])


def _bundle(said: Json) -> Json:
    def entry(each: Json) -> Json:
        inner = each.get("resource")
        return {**each, "resource": to_r5(inner)} if isinstance(inner, dict) else each

    return {**said, "entry": [entry(each) for each in _items(said["entry"])]} if "entry" in said else said


def _device(said: Json) -> Json:
    named = [
        {"value": each["name"], "type": _DEVICE_NAMES.get(str(each["type"]), each["type"])}
        for each in _items(said.pop("deviceName", None))
    ]
    return {**said, "name": named}


def _imaging_study(said: Json) -> Json:
    """The modality of a series is a concept."""
    series = [
        {**each, "modality": {"coding": [each["modality"]]}} if "modality" in each else each
        for each in _items(said.get("series"))
    ]
    return {**said, "series": series} if series else said


def _diagnostic_report(said: Json) -> Json:
    return present(**{("study" if name == "imagingStudy" else name): value for name, value in said.items()})


def _observation(said: Json) -> Json:
    """A BodyStructure has a place of its own, and then the coded site stands there alone (R5 obs-8)."""
    site = said.get("bodySite")
    for each in _items(site.get("extension") if isinstance(site, dict) else None):
        if each["url"] == BODY_SITE:
            del said["bodySite"]
            return {**said, "bodyStructure": each["valueReference"]}
    return said


def _body_structure(said: Json) -> Json:
    side = _items(said.pop("locationQualifier", None))
    structure = present(structure=said.pop("location", None), laterality=side[0] if side else None)
    return {**said, "includedStructure": [structure]}


def _communication(said: Json) -> Json:
    """Words are a concept's text: R5 has no bare string."""
    payload = [
        {"contentCodeableConcept": {"text": each["contentString"]}} if "contentString" in each else each
        for each in _items(said.get("payload"))
    ]
    return {**said, "payload": payload} if payload else said


def _service_request(said: Json) -> Json:
    """What is asked for, and why, may be a concept or a reference."""
    code, reasons = said.pop("code", None), [{"concept": each} for each in _items(said.pop("reasonCode", None))]
    return {**said, **present(code={"concept": code} if code else None, reason=reasons)}


def _audit_event(said: Json) -> Json:
    """What happened is a code, its kind a category, the outcome a coding, roles and a detail's type are concepts. BALP's profiles are of R4, and with them go the machines' roles in an exchange."""
    kind, acts, outcome = said.pop("type"), said.pop("subtype"), str(said.pop("outcome", "0"))
    why, meta = said.pop("outcomeDesc", None), {**cast(Json, said.pop("meta"))}
    meta.pop("profile", None)
    severity = {"system": "http://hl7.org/fhir/issue-severity", "code": "success" if outcome == "0" else "error"}
    requestors = [_audit_agent(each) for each in _items(said.pop("agent", None)) if each["requestor"]]
    entities = [_audit_entity(each) for each in _items(said.pop("entity", None))]
    return present(
        **said,
        meta=meta,
        category=[{"coding": [kind]}],
        code={"coding": acts},
        outcome=present(code=severity, detail=[{"text": why}] if why else []),
        agent=requestors,
        entity=entities,
    )


def _audit_agent(said: Json) -> Json:
    """A place is its address alone."""
    place = said.pop("network", None)
    return present(**said, networkString=place["address"] if isinstance(place, dict) else None)


def _audit_entity(said: Json) -> Json:
    detail = [{**one, "type": {"text": one["type"]}} for one in _items(said.get("detail"))]
    role = {"coding": [said["role"]]} if "role" in said else None
    return present(what=said.get("what"), role=role, query=said.get("query"), detail=detail)


def _capability_statement(said: Json) -> Json:
    return {**said, "fhirVersion": "5.0.0"}


_CHANGES: dict[str, Callable[[Json], Json]] = {
    "Bundle": _bundle,
    "Device": _device,
    "ImagingStudy": _imaging_study,
    "DiagnosticReport": _diagnostic_report,
    "Observation": _observation,
    "BodyStructure": _body_structure,
    "Communication": _communication,
    "ServiceRequest": _service_request,
    "AuditEvent": _audit_event,
    "CapabilityStatement": _capability_statement,
}
