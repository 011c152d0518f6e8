"""Pages into a Slack channel by incoming webhook (https://api.slack.com/messaging/webhooks). Text goes in plain_text objects, which Slack does not parse."""

import json
import re

from wetread.channels.http import HttpPeer, HttpPoster
from wetread.channels.wording import identity_lines, one_line, paragraphs
from wetread.domain.errors import PermanentError
from wetread.domain.page import PageMessage, refuse_identity

__all__ = ["SlackNotifier", "to_blocks"]

_MENTIONS = {"": "", "here": "<!here> ", "channel": "<!channel> "}
_MEMBER, _GROUP = re.compile(r"[UW][A-Z0-9]{4,20}", re.ASCII), re.compile(r"S[A-Z0-9]{4,20}", re.ASCII)
_LINK = re.compile(r"https?://[^\s<>|\"]+")


class SlackNotifier:
    """The webhook's URL decides the channel; the address mentions somebody in it: a member id, a group id, 'here', 'channel' or nothing."""

    def __init__(self, name: str, peer: HttpPeer, *, carries_phi: bool = False) -> None:
        self.name = name
        self.carries_phi = carries_phi
        self._poster = HttpPoster(peer)

    def send(self, message: PageMessage, address: str, key: str) -> str:
        refuse_identity(message, carries_phi=self.carries_phi)
        body = json.dumps(to_blocks(message, address, key)).encode()
        status = self._poster.post(body, {"Content-Type": "application/json", "Idempotency-Key": key})
        return f"taken by Slack (HTTP {status})"


def to_blocks(message: PageMessage, address: str, key: str) -> dict[str, object]:
    title = f"{message.priority.value.upper()}: {one_line(message.title, 130)}"
    body = paragraphs(message.body, 1800)
    who = "\n".join(f"{label}: {value}" for label, value in identity_lines(message.patient)) if message.patient else ""
    blocks = [
        {"type": "header", "text": _plain(title)},
        {"type": "section", "text": _plain(f"{body}\n\n{who}".strip() or "-")},
        {"type": "section", "text": {"type": "mrkdwn", "text": _mention(address) + _link(message.link)}},
        {
            "type": "context",
            "elements": [_plain(f"{one_line(message.site)} · page {one_line(key)[:8]} · AI may be wrong")],
        },
    ]
    return {"text": _escaped(title), "mrkdwn": False, "blocks": blocks}


def _plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _mention(address: str) -> str:
    if address in _MENTIONS:
        return _MENTIONS[address]
    if _MEMBER.fullmatch(address):
        return f"<@{address}> "
    if _GROUP.fullmatch(address):
        return f"<!subteam^{address}> "
    raise PermanentError(
        "this is no Slack member id, group id, 'here' or 'channel': check the roster", code="bad_address"
    )


def _link(link: str) -> str:
    if not _LINK.fullmatch(link):
        raise PermanentError("the link of this page is no URL: check public_url", code="bad_link")
    return f"<{_escaped(link)}|Open in wetread>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
