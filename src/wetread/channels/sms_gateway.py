"""Pages as one SMS through an HTTP gateway: 160 septets of the GSM 7 bit alphabet (3GPP TS 23.038 §6.2.1), the link whole, never an identity."""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlencode

from wetread.channels.http import HttpPeer, HttpPoster
from wetread.channels.wording import one_line
from wetread.domain.errors import PermanentError
from wetread.domain.page import PageMessage, refuse_identity

__all__ = ["SmsForm", "SmsNotifier", "gsm_text", "septets", "to_sms"]

_LIMIT = 160
_BASIC = frozenset(
    "@£$¥èéùìòÇØøÅå_ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€")
_ADDRESS = re.compile(r"\+?[0-9]{3,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SmsForm:
    """How the gateway wants its fields named. `extra` is sent along unchanged (sender id, route)."""

    body: Literal["form", "json"] = "form"
    to_field: str = "to"
    text_field: str = "text"
    key_field: str = ""
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def encode(self, to: str, text: str, key: str) -> bytes:
        fields = {**self.extra, self.to_field: to, self.text_field: text}
        if self.key_field:
            fields[self.key_field] = key
        return (json.dumps(fields) if self.body == "json" else urlencode(fields)).encode()


class SmsNotifier:
    """`authorization` is the value of that header. Idempotency-Key names the page; gateways that take a client reference get it in `key_field` too."""

    carries_phi = False

    def __init__(self, name: str, peer: HttpPeer, form: SmsForm, authorization: str = "") -> None:
        self.name = name
        self._poster = HttpPoster(peer)
        self._form = form
        content = "application/json" if form.body == "json" else "application/x-www-form-urlencoded"
        self._headers = {"Content-Type": content} | ({"Authorization": authorization} if authorization else {})

    def send(self, message: PageMessage, address: str, key: str) -> str:
        refuse_identity(message, carries_phi=self.carries_phi)
        number = re.sub(r"[ ()/.-]", "", address)
        if not _ADDRESS.fullmatch(number):
            raise PermanentError("this is not one telephone number: check the roster", code="bad_address")
        body = self._form.encode(number, to_sms(message), key)
        return f"taken by the SMS gateway (HTTP {self._poster.post(body, self._headers | {'Idempotency-Key': key})})"


def to_sms(message: PageMessage) -> str:
    """Priority and title, cut to what the link leaves; a link that leaves less than 40 septets gives way to the study key."""
    link = gsm_text(message.link)
    if septets(link) > _LIMIT - 40:
        link = gsm_text(message.study_key or "")[:64]
    head = gsm_text(f"{message.priority.value.upper()}: {one_line(message.title)}")
    while septets(head) > _LIMIT - septets(link) - 1:
        head = head[:-1]
    return f"{head} {link}".strip()


def gsm_text(text: str) -> str:
    """One line in the GSM alphabet: accents it lacks are dropped, anything else becomes '?'."""
    return "".join(_gsm(character) for character in one_line(text, 2000))


def _gsm(character: str) -> str:
    if character in _BASIC or character in _EXTENDED:
        return character
    plain = unicodedata.normalize("NFKD", character)[:1]
    return plain if plain in _BASIC else "?"


def septets(text: str) -> int:
    return sum(2 if character in _EXTENDED else 1 for character in text)
