"""What a FHIR server's answer to a transaction means: taken, try again, or a person must act."""

import json

import pytest

from wetread.domain.errors import PermanentError, TransientError
from wetread.fhir.rest import FhirPeer, judge_transaction


def response(*statuses: str) -> bytes:
    entries = [{"response": {"status": status}} for status in statuses]
    return json.dumps({"resourceType": "Bundle", "type": "transaction-response", "entry": entries}).encode()


def test_a_transaction_that_was_taken_whole_is_acknowledged() -> None:
    assert judge_transaction(200, response("201 Created", "200", "200 OK"), "fhir") == "3 resources"


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 507])
def test_a_busy_server_is_transient(status: int) -> None:
    with pytest.raises(TransientError):
        judge_transaction(status, b"", "fhir")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 412, 413, 422, 301, 202, 204])
def test_a_refusal_is_permanent(status: int) -> None:
    with pytest.raises(PermanentError) as caught:
        judge_transaction(status, b"", "fhir")
    assert caught.value.code == "transaction_refused"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b'{"type": "batch-response"}', response(), b"[" * 99_999]
)
def test_200_to_something_else_is_no_acknowledgement(body: bytes) -> None:
    with pytest.raises(PermanentError) as caught:
        judge_transaction(200, body, "fhir")
    assert caught.value.code == "unconfirmed"


@pytest.mark.parametrize(
    ("bad", "kind"),
    [("503", TransientError), ("409 Conflict", TransientError), ("422", PermanentError), ("", PermanentError)],
)
def test_one_failed_entry_is_no_acknowledgement(bad: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        judge_transaction(200, response("201", bad), "fhir")


def test_a_malformed_entry_is_no_acknowledgement() -> None:
    body = b'{"type": "transaction-response", "entry": [{"response": {"status": "201"}}, null]}'
    with pytest.raises(PermanentError):
        judge_transaction(200, body, "fhir")


def test_a_peer_is_called_by_its_host_alone() -> None:
    assert FhirPeer("https://user:secret@fhir.example/r4?key=secret").host == "fhir.example"
