"""Where the Notifier port meets its adapters: channel settings in, working channels out. Only what is configured is imported."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from wetread.domain.errors import PermanentError
from wetread.domain.page import PageMessage
from wetread.ports.notifier import Notifier
from wetread.settings import (
    ChannelSettings,
    EmailChannel,
    FhirChannel,
    Hl7Channel,
    HttpChannel,
    Settings,
    SmsChannel,
    WebhookChannel,
)

if TYPE_CHECKING:
    from wetread.channels.http import HttpPeer
    from wetread.channels.ping import DeadMansPing

__all__ = ["build_notifiers", "build_ping", "running_notifiers"]

_LOG = logging.getLogger(__name__)
_LIMIT_TIMEOUTS = 3
"""A whole send may take this many times the channel's timeout: connecting, talking and the answer each wait up to one."""


def build_notifiers(settings: Settings) -> Mapping[str, Notifier]:
    """The configured channels by name, each bounded in time; raises PermanentError naming the channel whose settings cannot work."""
    from wetread.channels.bounded import BoundedNotifier

    notifiers: dict[str, Notifier] = {}
    for name, channel in settings.notification_channels.items():
        try:
            notifiers[name] = BoundedNotifier(_notifier(name, channel, settings), _LIMIT_TIMEOUTS * channel.timeout_s)
        except PermanentError as error:
            raise PermanentError(f"channel {name}: {error}", code=error.code) from error
    return notifiers


class _Unbuilt:
    """A channel that cannot work yet, such as one whose secret_file is gone: it is built with its first page that can be sent, and every page before takes the next channel."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name, self.carries_phi = name, settings.notification_channels[name].carries_phi
        self._only = settings.model_copy(update={"notification_channels": {name: settings.notification_channels[name]}})
        self._built: Notifier | None = None

    def built(self) -> Notifier:
        """Raises PermanentError as `build_notifiers`."""
        if self._built is None:
            self._built = build_notifiers(self._only)[self.name]
        return self._built

    def problem(self) -> str:
        """What is wrong with it now, "" when nothing is any more."""
        try:
            self.built()
        except PermanentError as error:
            return str(error)
        return ""

    def send(self, message: PageMessage, address: str, key: str) -> str:
        return self.built().send(message, address, key)


def running_notifiers(settings: Settings) -> tuple[Mapping[str, Notifier], Callable[[], Sequence[tuple[str, str]]]]:
    """The configured channels by name for a service that must page by whatever works, and a question for those that do not now: each with what is wrong. Never raises."""
    found: dict[str, Notifier] = {}
    unbuilt: list[_Unbuilt] = []
    for name in settings.notification_channels:
        each = _Unbuilt(name, settings)
        if problem := each.problem():
            _LOG.error("channel_unusable %s", problem)
            unbuilt.append(each)
            found[name] = each
        else:
            found[name] = each.built()
    return found, lambda: tuple((each.name, problem) for each in unbuilt if (problem := each.problem()))


def build_ping(settings: Settings) -> "DeadMansPing | None":
    """The dead man's ping; None when no watcher is configured. Raises PermanentError for a URL that cannot work."""
    from wetread.channels.http import HttpPeer
    from wetread.channels.ping import DeadMansPing

    url = settings.deadman_ping_url.get_secret_value()
    try:
        return DeadMansPing(HttpPeer(url)) if url else None
    except PermanentError as error:
        raise PermanentError(f"deadman_ping_url: {error}", code=error.code) from error


def _notifier(name: str, channel: ChannelSettings, settings: Settings) -> Notifier:
    if isinstance(channel, EmailChannel):
        return _email(name, channel)
    if isinstance(channel, Hl7Channel):
        return _hl7(name, channel, settings.site)
    if isinstance(channel, FhirChannel):
        return _fhir(name, channel)
    if isinstance(channel, WebhookChannel):
        from wetread.channels.webhook import WebhookNotifier

        return WebhookNotifier(name, _peer(channel), channel.resolved_secret, _now, carries_phi=channel.carries_phi)
    if isinstance(channel, SmsChannel):
        from wetread.channels.sms_gateway import SmsForm, SmsNotifier

        fields = (channel.to_field, channel.text_field, channel.key_field)
        return SmsNotifier(
            name, _peer(channel), SmsForm(channel.body, *fields, channel.extra_fields), channel.resolved_secret
        )
    if channel.kind == "slack":
        from wetread.channels.slack import SlackNotifier

        return SlackNotifier(name, _peer(channel), carries_phi=channel.carries_phi)
    from wetread.channels.teams import TeamsNotifier

    return TeamsNotifier(name, _peer(channel), carries_phi=channel.carries_phi)


def _email(name: str, channel: EmailChannel) -> Notifier:
    from wetread.channels.smtp import SmtpNotifier, SmtpServer

    login = (channel.security, channel.user, channel.resolved_secret)
    server = SmtpServer(channel.host, channel.port, *login, channel.timeout_s, channel.ca_file)
    return SmtpNotifier(name, server, channel.sender, carries_phi=channel.carries_phi)


def _hl7(name: str, channel: Hl7Channel, site: str) -> Notifier:
    from wetread.hl7.mllp import MllpPeer
    from wetread.hl7.oru_page import Hl7Notifier, OruHeader

    peer = MllpPeer(channel.host, channel.port, channel.tls, channel.timeout_s, channel.ca_file)
    header = OruHeader(site, channel.receiving_application, channel.receiving_facility, channel.processing_id)
    return Hl7Notifier(name, peer, header, carries_phi=channel.carries_phi)


def _fhir(name: str, channel: FhirChannel) -> Notifier:
    from wetread.channels.http import HttpPoster
    from wetread.fhir.communication import FhirNotifier

    return FhirNotifier(
        name,
        HttpPoster(_peer(channel, f"{channel.resolved_url.rstrip('/')}/Communication")),
        authorization=channel.resolved_secret,
        carries_phi=channel.carries_phi,
        patient_system=channel.patient_system,
    )


def _peer(channel: HttpChannel, url: str = "") -> "HttpPeer":
    from wetread.channels.http import HttpPeer

    return HttpPeer(url or channel.resolved_url, channel.timeout_s, channel.ca_file, channel.allow_http)


def _now() -> datetime:
    return datetime.now(UTC)
