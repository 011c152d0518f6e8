"""Tells any program that a report was signed, as a sink: an event without identity, signed as the Standard Webhooks specification says; the result itself is read from /fhir by whoever may.

As a sink it has the durable backlog, the order of versions, the breaker and the retries of every other.
"""

import json
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from wetread.channels.http import HttpPeer, HttpPoster
from wetread.channels.webhook import signed_headers, signing_key
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import derived_uid
from wetread.ports.sink import ReportPackage

__all__ = ["ResultWebhook", "encode_event", "event_id"]


class ResultWebhook:
    """`secret` is 'whsec_' and base64 of 24 bytes or more; `fhir_url` is where our /fhir is reached. webhook-id and Idempotency-Key are fixed by study and version."""

    def __init__(
        self, peer: HttpPeer, secret: str, fhir_url: str, now: Callable[[], datetime], name: str = "webhook"
    ) -> None:
        self.name = name
        self._poster = HttpPoster(peer, of="report")
        self._key = signing_key(secret)
        self._fhir_url = fhir_url
        self._now = now

    def deliver(self, package: ReportPackage) -> str:
        body, known_as = encode_event(package, self._fhir_url), event_id(package)
        headers = signed_headers(self._key, known_as, self._now(), body)
        return f"taken by the webhook (HTTP {self._poster.post(body, headers)})"


def event_id(package: ReportPackage) -> str:
    uid = derived_uid(package.uid_seed, "event", package.study_key, str(package.report.version))
    return f"report_{sha256(uid.encode()).hexdigest()[:32]}"


def encode_event(package: ReportPackage, fhir_url: str) -> bytes:
    """The same bytes every time. Raises PermanentError 'unsigned_report'."""
    report = package.report
    if report.signature is None:
        raise PermanentError("only signed reports are told of: sign it first", code="unsigned_report")
    data = {
        "study_key": package.study_key,
        "version": report.version,
        "status": report.status.value,
        "report": f"{fhir_url}/DiagnosticReport/{package.study_key}",
    }
    when = report.signatures[-1].signed_at.isoformat()
    return json.dumps({"type": "wetread.report", "timestamp": when, "data": data}).encode()
