"""Pages to any program: JSON, signed as the Standard Webhooks specification says (https://www.standardwebhooks.com), so that a receiver knows sender, age and repeats."""

import hmac
import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256

from wetread.channels.http import HttpPeer, HttpPoster
from wetread.channels.wording import one_line, paragraphs
from wetread.domain.errors import PermanentError
from wetread.domain.page import PageMessage, refuse_identity

__all__ = ["WebhookNotifier", "encode_page", "signature", "signing_key"]

_SHORTEST_KEY_BYTES = 24


class WebhookNotifier:
    """`secret` is 'whsec_' and base64 of 24 bytes or more. webhook-id and Idempotency-Key are the page's key."""

    def __init__(
        self, name: str, peer: HttpPeer, secret: str, now: Callable[[], datetime], *, carries_phi: bool = False
    ) -> None:
        self.name = name
        self.carries_phi = carries_phi
        self._poster = HttpPoster(peer)
        self._key = signing_key(secret)
        self._now = now

    def send(self, message: PageMessage, address: str, key: str) -> str:
        refuse_identity(message, carries_phi=self.carries_phi)
        body = encode_page(message, address)
        headers = signed_headers(self._key, key, self._now(), body)
        return f"taken by the webhook (HTTP {self._poster.post(body, headers)})"


def signed_headers(signing: bytes, known_as: str, now: datetime, body: bytes) -> dict[str, str]:
    """Of a JSON body that is known to its receiver as `known_as`, however often it comes."""
    timestamp = str(int(now.timestamp()))
    return {
        "Content-Type": "application/json",
        "Idempotency-Key": known_as,
        "webhook-id": known_as,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(signing, known_as, timestamp, body),
    }


def encode_page(message: PageMessage, address: str) -> bytes:
    data = {
        "to": address,
        "title": one_line(message.title),
        "body": paragraphs(message.body),
        "link": message.link,
        "priority": message.priority.value,
        "site": message.site,
        "study_key": message.study_key,
        "step": message.step,
        "patient": asdict(message.patient) if message.patient else None,
    }
    return json.dumps({"type": "wetread.page", "timestamp": message.sent_at.isoformat(), "data": data}).encode()


def signing_key(secret: str) -> bytes:
    """The bytes behind 'whsec_...'; raises PermanentError where there are too few, or it is not base64."""
    try:
        key = b64decode(secret.removeprefix("whsec_"), validate=True)
    except (NotBase64, ValueError):
        key = b""
    if len(key) < _SHORTEST_KEY_BYTES:
        raise PermanentError(
            "the webhook secret must be 'whsec_' and base64 of at least 24 random bytes", code="bad_settings"
        )
    return key


def signature(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> str:
    """'v1,' and the HMAC-SHA256 over 'id.timestamp.body' in base64."""
    mac = hmac.new(key, f"{webhook_id}.{timestamp}.".encode() + body, sha256)
    return "v1," + b64encode(mac.digest()).decode()
