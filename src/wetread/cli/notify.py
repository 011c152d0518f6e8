"""`wetread notify channels|test`: which channels pages can leave by, and one marked test page through one of them."""

import secrets
from datetime import UTC, datetime
from urllib.parse import urlsplit

from wetread.bootstrap_notifiers import build_notifiers
from wetread.cli.options import parser_for, settings_from
from wetread.domain.errors import PermanentError
from wetread.domain.page import PageMessage, PagePatient
from wetread.domain.priority import Priority
from wetread.settings import ChannelSettings, HttpChannel, Settings

__all__ = ["run"]

_MADE_UP = PagePatient("WETREAD-TEST", "WETREAD", "Test^Wetread", "", "O", "", "2.25.1")


def run(argv: list[str]) -> int:
    parser = parser_for("notify", "List the channels of the settings file, or send a test page through one.")
    acts = parser.add_subparsers(dest="act", required=True)
    acts.add_parser("channels", help="list the channels; nothing is sent")
    test = acts.add_parser("test", help="send one page that says it is a test")
    test.add_argument("channel", help="its name in the settings file")
    test.add_argument("address", help="as it stands in the roster: mail address, telephone number, id")
    args = parser.parse_args(argv)
    settings = settings_from(args)
    if args.act == "channels":
        _list(settings)
    else:
        print(_test(settings, args.channel, args.address))
    return 0


def _list(settings: Settings) -> None:
    build_notifiers(settings)
    if not settings.notification_channels:
        print("no channels: nobody can be paged (see docs/channels.md)")
    for name, channel in settings.notification_channels.items():
        marked = "carries identity" if channel.carries_phi else "without identity"
        print(f"{name:<20} {channel.kind:<8} {_host(channel):<32} {marked}")


def _host(channel: ChannelSettings) -> str:
    """Where it goes, without the part of a URL that may be a token."""
    if isinstance(channel, HttpChannel):
        return urlsplit(channel.resolved_url).hostname or ""
    return f"{channel.host}:{channel.port}"


def _test(settings: Settings, name: str, address: str) -> str:
    known = settings.notification_channels
    if name not in known:
        there = ", ".join(known) or "none (see docs/channels.md)"
        raise PermanentError(f"there is no channel {name}; configured: {there}", code="no_channel")
    only = settings.model_copy(update={"notification_channels": {name: known[name]}})
    message = PageMessage(
        title="TEST of wetread's pages, no patient concerned",
        body="This is a test. Nobody needs to act. If you were not told to expect it, tell whoever runs wetread.",
        link=settings.resolved_public_url,
        priority=Priority.ROUTINE,
        site=settings.site,
        study_key=None,
        step=0,
        sent_at=datetime.now(UTC),
        patient=_MADE_UP if known[name].kind == "hl7" else None,
    )
    return build_notifiers(only)[name].send(message, address, secrets.token_hex(16))
