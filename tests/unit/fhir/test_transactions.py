"""A long transaction in parts: same entries, same order, every reference still leads somewhere."""

import json

import pytest
from builders_delivery import NOW, a_package

from wetread.domain.errors import PermanentError
from wetread.fhir.bundle import encode_bundle
from wetread.fhir.transactions import locations, repoint, split_transaction

BODY = encode_bundle(a_package(), NOW)


def answer(*places: str | None) -> bytes:
    entries = [{"response": {"status": "200"} | ({"location": each} if each else {})} for each in places]
    return json.dumps({"type": "transaction-response", "entry": entries}).encode()


@pytest.mark.parametrize(("size", "parts"), [(1, 9), (2, 5), (6, 2), (9, 1), (100, 1)])
def test_parts_hold_every_entry_in_order(size: int, parts: int) -> None:
    found = list(split_transaction(BODY, size))
    assert [entry for part in found for entry in part["entry"]] == json.loads(BODY)["entry"]
    assert len(found) == parts
    assert {part["type"] for part in found} == {"transaction"}


@pytest.mark.parametrize("place", ["Patient/1", "Patient/1/_history/3", "https://host/r4/Patient/1/_history/3"])
def test_a_place_is_type_and_id(place: str) -> None:
    (part, *_) = split_transaction(BODY, 1)
    assert list(locations(part, answer(place)).values()) == ["Patient/1"]


@pytest.mark.parametrize("places", [(None,), ("",), ("nowhere",), (), ("../Patient",)])
def test_a_server_that_hides_where_it_put_things_cannot_take_parts(places: tuple[str | None, ...]) -> None:
    (part, *_) = split_transaction(BODY, 1)
    with pytest.raises(PermanentError):
        locations(part, answer(*places))


def test_only_references_are_pointed_anew() -> None:
    node = {"reference": "a", "text": "a", "list": [{"reference": "a"}, {"reference": "b"}, "a"]}
    assert repoint(node, {"a": "Patient/1"}) == {
        "reference": "Patient/1",
        "text": "a",
        "list": [{"reference": "Patient/1"}, {"reference": "b"}, "a"],
    }
