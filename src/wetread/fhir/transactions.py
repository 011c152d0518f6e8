"""One transaction as several smaller ones, for servers that bound how many conditional entries a transaction may have (Medplum: 8).

The price is atomicity: entries keep their order, so the report comes after all it speaks of and a repeated delivery completes what a broken one began. A reference to a resource
of an earlier transaction becomes the place where the server put it (https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.response.location).
"""

import json
import re
from collections.abc import Iterator

from wetread.domain.errors import PermanentError

__all__ = ["locations", "repoint", "split_transaction"]

_LOCATION = re.compile(r"(?:^|/)([A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})(?:/_history/[^/]+)?$")


def split_transaction(body: bytes, max_entries: int) -> Iterator[dict[str, object]]:
    """JSON transactions of at most `max_entries` entries each, in order."""
    bundle = json.loads(body)
    entries = bundle["entry"]
    for start in range(0, len(entries), max_entries):
        yield bundle | {"entry": entries[start : start + max_entries]}


def locations(part: dict[str, object], answer: bytes) -> dict[str, str]:
    """`Type/id` by fullUrl for the entries of an accepted transaction; raises PermanentError where the server keeps a place to itself."""
    sent, responses = _entries(part), _entries(json.loads(answer))
    found = [_LOCATION.search(str(each["response"].get("location", ""))) for each in responses]
    places = {str(entry["fullUrl"]): place[1] for entry, place in zip(sent, found, strict=False) if place}
    if len(places) != len(sent):
        raise PermanentError(
            "the FHIR server does not say where it put a resource: let it take the report in one transaction",
            code="unconfirmed",
        )
    return places


def _entries(bundle: object) -> list[dict[str, dict[str, object]]]:
    entries: list[dict[str, dict[str, object]]] = bundle["entry"] if isinstance(bundle, dict) else []
    return entries


def repoint(node: object, targets: dict[str, str]) -> object:
    """The same JSON with every `reference` to a key of `targets` replaced by its value."""
    if isinstance(node, list):
        return [repoint(each, targets) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        key: targets.get(value, value) if key == "reference" and isinstance(value, str) else repoint(value, targets)
        for key, value in node.items()
    }
