"""Pages into a Microsoft Teams chat by a Workflows webhook: one Adaptive Card 1.5, its text in TextRuns, which know no Markdown (https://adaptivecards.io/explorer/TextRun.html)."""

import json
import re

from wetread.channels.http import HttpPeer, HttpPoster
from wetread.channels.wording import identity_lines, one_line, paragraphs
from wetread.domain.errors import PermanentError
from wetread.domain.page import PageMessage, refuse_identity

__all__ = ["TeamsNotifier", "to_card"]

_USER = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_MENTION = "<at>on call</at>"


class TeamsNotifier:
    """The workflow's URL decides the chat; the address (user principal name, object id or nothing) is mentioned in it."""

    def __init__(self, name: str, peer: HttpPeer, *, carries_phi: bool = False) -> None:
        self.name = name
        self.carries_phi = carries_phi
        self._poster = HttpPoster(peer)

    def send(self, message: PageMessage, address: str, key: str) -> str:
        refuse_identity(message, carries_phi=self.carries_phi)
        card = {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": to_card(message, address, key),
        }
        body = json.dumps({"type": "message", "attachments": [card]}, ensure_ascii=False).encode()  # 28 KB at most
        status = self._poster.post(body, {"Content-Type": "application/json", "Idempotency-Key": key})
        return f"taken by Teams (HTTP {status})"


def to_card(message: PageMessage, address: str, key: str) -> dict[str, object]:
    if address and not _USER.fullmatch(address):
        raise PermanentError("this is no Teams user name or object id: check the roster", code="bad_address")
    title = f"{message.priority.value.upper()}: {one_line(message.title, 130)}"
    body = [_text(title, weight="Bolder", size="Large"), _text(paragraphs(message.body, 4000) or "-")]
    if message.patient:
        body += [_text(f"{label}: {value}") for label, value in identity_lines(message.patient)]
    if address:
        body.append({"type": "TextBlock", "text": _MENTION, "wrap": True})
    body.append(_text(f"{one_line(message.site)} · page {one_line(key)[:8]} · AI may be wrong", isSubtle=True))
    mentioned = (
        [{"type": "mention", "text": _MENTION, "mentioned": {"id": address, "name": "on call"}}] if address else []
    )
    return {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.5",
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": "Open in wetread", "url": message.link}],
        "msteams": {"width": "Full", "entities": mentioned},
    }


def _text(text: str, **style: object) -> dict[str, object]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}
