"""The event of a signed report says which, never whose, and a receiver can tell that it is ours and whether it came before."""

import json
from base64 import b64encode
from dataclasses import replace

import pytest
from builders_delivery import EFFUSION, NOW, a_package, a_report
from neighbours.receivers import http_receiver

from wetread.channels.http import HttpPeer
from wetread.channels.result_webhook import ResultWebhook, encode_event, event_id
from wetread.channels.webhook import signature, signing_key
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.report import ReportStatus

SECRET = "whsec_" + b64encode(b"0123456789abcdef0123456789abcdef").decode()
FHIR = "https://wetread.example/fhir"


def test_the_event_names_the_report_and_nobody() -> None:
    package = a_package(a_report(EFFUSION, status=ReportStatus.AMENDED, version=2))
    body = encode_event(package, FHIR)
    assert json.loads(body) == {
        "type": "wetread.report",
        "timestamp": "2026-11-23T12:00:00.125000+00:00",
        "data": {
            "study_key": package.study_key,
            "version": 2,
            "status": "amended",
            "report": f"{FHIR}/DiagnosticReport/{package.study_key}",
        },
    }
    assert encode_event(package, FHIR) == body


def test_it_is_signed_and_known_by_study_and_version() -> None:
    with http_receiver() as receiver:
        sink = ResultWebhook(HttpPeer(f"http://127.0.0.1:{receiver.port}/"), SECRET, FHIR, lambda: NOW)
        sink.deliver(a_package())
        ((headers, _, body),) = receiver.arrivals
    known_as, sent_at = headers["webhook-id"], headers["webhook-timestamp"]
    assert headers["webhook-signature"] == signature(signing_key(SECRET), known_as, sent_at, body)
    assert headers["Idempotency-Key"] == known_as == event_id(a_package())
    ids = {
        event_id(replace(a_package(a_report(version=number)), study_key=StudyKey(key)))
        for number in (1, 2)
        for key in "ab"
    }
    assert len(ids) == 4


def test_nothing_is_told_of_a_draft() -> None:
    with pytest.raises(PermanentError) as caught:
        encode_event(a_package(a_report(EFFUSION, status=ReportStatus.PARTIAL)), FHIR)
    assert caught.value.code == "unsigned_report"


@pytest.mark.parametrize("secret", ["", "whsec_short", "not base64!"])
def test_a_weak_secret_is_refused_at_the_start(secret: str) -> None:
    with pytest.raises(PermanentError) as caught:
        ResultWebhook(HttpPeer("https://receiver.example/"), secret, FHIR, lambda: NOW)
    assert caught.value.code == "bad_settings"


@pytest.mark.parametrize(
    "url",
    ["http://receiver.example/", "ftp://receiver.example/", "file:///etc/passwd", "gopher://127.0.0.1/", "https://"],
)
def test_an_address_that_is_not_https_is_refused(url: str) -> None:
    with pytest.raises(PermanentError):
        HttpPeer(url)


def test_a_redirect_is_not_followed() -> None:
    with http_receiver() as receiver:
        receiver.mode = "redirect"
        sink = ResultWebhook(HttpPeer(f"http://127.0.0.1:{receiver.port}/"), SECRET, FHIR, lambda: NOW)
        with pytest.raises(PermanentError) as caught:
            sink.deliver(a_package())
        assert (caught.value.code, receiver.arrivals) == ("report_refused", [])
