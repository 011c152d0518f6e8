"""Search over issued resources (https://hl7.org/fhir/R4/search.html): what may be asked, which studies can answer it, and which of their resources do. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wetread.ports.issued import Resource
from wetread.web.problems import Refusal

__all__ = [
    "AUDIT_SEARCH",
    "INCLUDES",
    "ORDER_SEARCH",
    "REVINCLUDES",
    "SEARCHABLE",
    "Asked",
    "asked_of",
    "included",
    "matches",
    "summary_of",
]

_COMMON = {"_id": "token", "identifier": "token"}
_OF_PATIENT = {"patient": "reference", "patient.identifier": "token"}
SEARCHABLE: dict[str, dict[str, str]] = {
    "DiagnosticReport": {**_COMMON, **_OF_PATIENT, "accession": "token", "status": "token", "code": "token"},
    "Observation": {**_COMMON, **_OF_PATIENT, "accession": "token", "status": "token", "code": "token"},
    "BodyStructure": {**_COMMON, **_OF_PATIENT, "accession": "token", "location": "token", "morphology": "token"},
    "ImagingStudy": {**_COMMON, **_OF_PATIENT, "accession": "token", "status": "token"},
    "Patient": dict(_COMMON),
    "Practitioner": dict(_COMMON),
    "Device": dict(_COMMON),
    "Provenance": {"_id": "token", "target": "reference"},
    "Communication": {**_COMMON, "patient.identifier": "token", "accession": "token", "status": "token"},
}
"""Search parameters by resource type. `accession` is ours: the accession number of the study."""
AUDIT_SEARCH = {"date": "date", "agent.identifier": "token", "entity": "reference", "subtype": "token"}
"""Of AuditEvent, which is for those who may read the audit log."""
ORDER_SEARCH = {**_COMMON, "patient.identifier": "token", "accession": "token", "status": "token"}
"""Of ServiceRequest: orders are kept apart from what was issued."""
INCLUDES: dict[str, tuple[str, ...]] = {
    "DiagnosticReport": ("result", "subject"),
    "Observation": ("subject",),
}
"""What a search may bring with its matches (`_include=TYPE:NAME`): the resources that they refer to by that element."""
REVINCLUDES = {
    "Observation": ("DiagnosticReport:result",),
    "DiagnosticReport": ("Provenance:target",),
    "Patient": ("DiagnosticReport:subject", "Observation:subject"),
}
"""By the type that is searched: the resources that refer to the matches (`_revinclude`)."""
_CONTROL = frozenset({"_count", "_summary", "_format", "page", "_include", "_revinclude"})
_ANSWERS = frozenset({"json", "application/json", "application/fhir+json"})
_MOST, _USUAL = 100, 20
_LONG = ("presentedForm", "component", "note", "series", "conclusion")


@dataclass(frozen=True, slots=True)
class Asked:
    """`after` is where the page before ended: a study, and how many of its matches were given. `includes` are elements of the matches; `revincludes` are written `Type:element`, of what refers to them."""

    resource_type: str
    values: Mapping[str, str] = field(default_factory=dict)
    count: int = _USUAL
    summary: str = "false"
    after: tuple[str, int] = ("", 0)
    includes: tuple[str, ...] = ()
    revincludes: tuple[str, ...] = ()


def asked_of(resource_type: str, query: tuple[tuple[str, str], ...]) -> Asked:
    """Raises Refusal: a parameter that is not served would silently give more than was asked for."""
    if resource_type not in SEARCHABLE:
        raise Refusal(404, "not_served", "this type of resource is not served: see /fhir/metadata")
    given = dict(query)
    once = [name for name, _ in query if name not in ("_include", "_revinclude")]
    if len(set(once)) != len(once):
        raise Refusal(400, "query_misfit", "each search parameter may be given once")
    known = SEARCHABLE[resource_type].keys() | _CONTROL
    if given.keys() - known or any(
        "," in given[name] or not given[name] for name in given.keys() & SEARCHABLE[resource_type].keys()
    ):
        raise Refusal(400, "query_misfit", f"search by {', '.join(sorted(known))}, one value each, without modifiers")
    if given.get("_format", "json") not in _ANSWERS:
        raise Refusal(406, "json_only", "answers are application/fhir+json")
    summary = given.get("_summary", "false")
    if summary not in ("true", "false", "count"):
        raise Refusal(400, "query_misfit", "_summary is true, false or count")
    values = {name: value for name, value in given.items() if name not in _CONTROL}
    after = _after(given.get("page", ""))
    return Asked(resource_type, values, _count(given), summary, after, *_brought(resource_type, query))


def _brought(resource_type: str, query: tuple[tuple[str, str], ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is to come with the matches. Raises Refusal for what is not served."""
    with_them = {f"{resource_type}:{name}": name for name in INCLUDES.get(resource_type, ())}
    to_them = REVINCLUDES.get(resource_type, ())
    wanted = [value for name, value in query if name == "_include"]
    referring = [value for name, value in query if name == "_revinclude"]
    if not set(wanted) <= with_them.keys() or not set(referring) <= set(to_them):
        told = f"_include: {', '.join(with_them) or 'none'}; _revinclude: {', '.join(to_them) or 'none'}"
        raise Refusal(400, "query_misfit", f"with a {resource_type} may come {told}")
    return tuple(with_them[each] for each in dict.fromkeys(wanted)), tuple(dict.fromkeys(referring))


def included(found: Sequence[Resource], of: Mapping[str, Resource], asked: Asked) -> list[Resource]:
    """What comes with `found`, which are of one study as `of` is: each once, and no match again."""
    matched = {f"{each['resourceType']}/{each['id']}" for each in found}
    places = {place for each in found for name in asked.includes for place in _places(each, name)}
    for wanted in asked.revincludes:
        kind, _, name = wanted.partition(":")
        referring = {place: each for place, each in of.items() if place.startswith(f"{kind}/")}
        places |= {place for place, each in referring.items() if matched & _places(each, name)}
    return [of[place] for place in sorted(places - matched) if place in of]


def _places(resource: Resource, name: str) -> set[str]:
    """That an element refers to, whichever version."""
    value = resource.get(name)
    return {_reference(each).partition("/_history")[0] for each in (value if isinstance(value, list) else [value])}


def _count(given: Mapping[str, str]) -> int:
    text = given.get("_count", str(_USUAL))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise Refusal(400, "query_misfit", "_count is a number from 1")
    return min(int(text), _MOST)


def _after(page: str) -> tuple[str, int]:
    if not page:
        return "", 0
    if not re.fullmatch(r"[a-z2-7]{24}\.\d{1,3}", page):
        raise Refusal(400, "query_misfit", "page comes from the link of another page")
    key, _, given = page.partition(".")
    return key, int(given)


def matches(resource: Resource, of: Mapping[str, Resource], asked: Asked) -> bool:
    """`of` are all resources of the same study."""
    return all(_matches(resource, of, name, value) for name, value in asked.values.items())


def _matches(resource: Resource, of: Mapping[str, Resource], name: str, value: str) -> bool:
    match name:
        case "_id":
            return resource["id"] == value
        case "status":
            return resource.get("status") == value.rpartition("|")[2]
        case "patient":
            of_whom = resource.get("subject") or resource.get("patient")
            return _reference(of_whom) == f"Patient/{value.removeprefix('Patient/')}"
        case "target":
            targets: list[object] = resource.get("target", [])  # type: ignore[assignment]
            return any(_reference(each).partition("/_history")[0] == value for each in targets)
        case "patient.identifier":
            contained: list[Resource] = resource.get("contained", [])  # type: ignore[assignment]
            people = (*(each for place, each in of.items() if place.startswith("Patient/")), *contained)
            return _names(resource.get("subject"), value) or any(_has_token(each, value) for each in people)
        case "accession":
            token = f"urn:wetread:accession|{value.rpartition('|')[2]}"
            studies = (each for place, each in of.items() if place.startswith("ImagingStudy/"))
            about: list[object] = resource.get("about", [])  # type: ignore[assignment]
            return any(_names(each, token) for each in about) or any(
                _has_token(each, token) for each in (resource, *studies)
            )
        case "code" | "location" | "morphology":
            codings: list[dict[str, str]] = resource.get(name, {}).get("coding", [])  # type: ignore[attr-defined]
            return any(_is_token((each.get("system", ""), each.get("code", "")), value) for each in codings)
    return _has_token(resource, value)


def _reference(value: object) -> str:
    return str(value.get("reference", "")) if isinstance(value, dict) else ""


def _names(reference: object, token: str) -> bool:
    """A reference that carries an identifier."""
    named = reference.get("identifier") if isinstance(reference, dict) else None
    return isinstance(named, dict) and _is_token((named.get("system", ""), named.get("value", "")), token)


def _has_token(resource: Resource, value: str) -> bool:
    return any(_is_token(token, value) for token in _identifiers(resource))


def _identifiers(resource: Resource) -> Iterator[tuple[str, str]]:
    named: list[dict[str, str]] = resource.get("identifier", [])  # type: ignore[assignment]
    return ((each.get("system", ""), each.get("value", "")) for each in named)


def _is_token(token: tuple[str, str], asked: str) -> bool:
    """[system]|[value], or a value of any system."""
    system, bar, value = asked.rpartition("|")
    return token[1] == value and (not bar or token[0] == system)


def summary_of(resource: Resource) -> Resource:
    """Without its long parts, and marked so (`_summary=true`)."""
    short = {name: value for name, value in resource.items() if name not in _LONG}
    tag = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
    meta: dict[str, object] = resource["meta"]  # type: ignore[assignment]
    return {**short, "meta": {**meta, "tag": [tag]}}
