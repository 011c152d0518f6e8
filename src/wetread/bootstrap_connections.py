"""What an administrator may try: each configured destination with a test that sends nothing of a patient and pages nobody."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wetread.bootstrap_archives import build_archive
from wetread.dimse_neighbours import neighbours_of
from wetread.domain.capability import Capability
from wetread.domain.errors import PermanentError
from wetread.settings import ChannelSettings, EmailChannel, Hl7Channel, HttpChannel, Settings
from wetread.settings_archives import ArchiveSettings
from wetread.settings_explained import explain
from wetread.triage.policy import DEFAULT_POLICY
from wetread.web.services import Administration, Connection

if TYPE_CHECKING:
    from wetread.dicom.remote_ae import RemoteAe

__all__ = ["build_administration", "shown_settings"]

_TIMEOUT_S = 10.0
_AS_IT_IS = re.compile(r"[A-Za-z0-9._-]+")


def build_administration(settings: Settings) -> Administration:
    """Connections: sinks first, then the channels that pages leave by, in the order of the settings."""
    channels = (_channel(*each) for each in settings.notification_channels.items())
    policy = settings.triage_policy or DEFAULT_POLICY
    return Administration(
        (*_sinks(settings), *(_archive(settings, each) for each in settings.archives), *channels),
        shown_settings(settings),
        partial(_text_of, policy),
        settings.triage_policy is not None,
        tuple(each.name for each in settings.archives),
    )


def _text_of(policy: Path) -> str:
    try:
        return policy.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PermanentError(f"the policy file cannot be read ({type(error).__name__})", code="bad_policy") from None


def shown_settings(settings: Settings) -> tuple[tuple[str, str, str, str], ...]:
    """(name, value, source, description) of each setting as `wetread settings` shows it: secrets masked."""
    given = settings.model_fields_set
    return tuple(
        (row.name, row.value, "file or command line" if row.source == "default" and row.name in given else row.source, row.description)
        for row in explain(settings)
    )  # fmt: skip


def _sinks(settings: Settings) -> Iterator[Connection]:
    folder = settings.resolved_folder_sink
    yield Connection("folder", "folder", str(folder), partial(_folder, folder))
    if settings.stow_sink_url:
        yield _http("stow", "STOW-RS", settings.stow_sink_url)
    yield from _neighbours(settings)
    if settings.fhir_sink_url:
        yield _http("fhir", "FHIR", settings.fhir_sink_url.rstrip("/") + "/metadata")
    if receiver := settings.hl7_sink:
        test = partial(_reach_tcp, receiver.host, receiver.port, _TIMEOUT_S, tls=receiver.tls, ca_file=receiver.ca_file)
        yield Connection("hl7", "HL7 v2, MLLP", str(receiver), test)
    if hook := settings.result_webhook:
        test = partial(_reach_http, _root(hook.resolved_url), hook.timeout_s, hook.ca_file)
        yield Connection("webhook", "webhook", urlsplit(hook.resolved_url).hostname or "", test)
    if settings.record_fhir_url:
        yield _http(
            "record",
            "FHIR, patient record",
            settings.record_fhir_url.rstrip("/") + "/metadata",
            settings.record_ca_file,
        )


def _http(name: str, kind: str, url: str, ca_file: Path | None = None) -> Connection:
    return Connection(name, kind, _shown(url), partial(_reach_http, url, _TIMEOUT_S, ca_file))


def _reach_http(url: str, timeout_s: float, ca_file: Path | None) -> str:
    from wetread.channels.reach import reach_http

    return reach_http(url, timeout_s, ca_file)


def _reach_tcp(host: str, port: int, timeout_s: float, *, tls: bool, ca_file: Path | None) -> str:
    from wetread.channels.reach import reach_tcp

    return reach_tcp(host, port, timeout_s, tls=tls, ca_file=ca_file)


def _shown(url: str) -> str:
    """Without a password or a query that stands in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"


def _root(url: str) -> str:
    """What may be asked for without its path doing anything."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def _archive(house: Settings, settings: ArchiveSettings) -> Connection:
    """Asks it who it is, by its own ways."""
    where = settings.ae_title or _shown(settings.url)
    test = partial(_ask_archive, house, settings)
    return Connection(f"archive-{settings.name}", f"archive, {settings.kind}", where, test)


def _ask_archive(house: Settings, settings: ArchiveSettings) -> str:
    who = build_archive(house, settings).identity()
    return f"{who.product} {who.version}".strip() + (" answers, and says what is new" if who.feeds else " answers")


def _channel(name: str, channel: ChannelSettings) -> Connection:
    """The host alone is shown: the path of a web hook may be its secret."""
    if isinstance(channel, HttpChannel):
        host, root = urlsplit(channel.resolved_url).hostname or "", _root(channel.resolved_url)
        return Connection(
            f"channel-{name}", channel.kind, host, partial(_reach_http, root, channel.timeout_s, channel.ca_file)
        )
    if isinstance(channel, EmailChannel | Hl7Channel):
        tls = channel.tls if isinstance(channel, Hl7Channel) else channel.security == "tls"
        test = partial(_reach_tcp, channel.host, channel.port, channel.timeout_s, tls=tls, ca_file=channel.ca_file)
        return Connection(f"channel-{name}", channel.kind, f"{channel.host}:{channel.port}", test)
    raise PermanentError(f"channel {name} is of a kind that has no test", code="bad_settings")


def _folder(folder: Path) -> str:
    import os

    if not folder.is_dir():
        raise PermanentError("the folder is not there yet: it is made with the first delivery", code="no_folder")
    if not os.access(folder, os.W_OK):
        raise PermanentError("the folder cannot be written: correct its owner or its mode", code="not_writable")
    return "the folder is there and can be written"


def _neighbours(settings: Settings) -> Iterator[Connection]:
    """DICOM application entities that we call."""
    for number, each in enumerate(neighbours_of(settings)):
        if (remote := each.remote) is None:
            continue
        shorter = replace(remote, timeout_s=min(remote.timeout_s, _TIMEOUT_S))
        uses = ", ".join(each.we_use) or "C-MOVE destination"
        where = f"{remote.ae_title}@{remote.host}:{remote.port}{' (TLS)' if remote.tls else ''}"
        check = partial(_check_ae, shorter, each.we_use)
        name = each.sink or f"ae-{each.ae_title}"
        if not _AS_IT_IS.fullmatch(name):  # it stands in a path
            name = f"ae-{number}"
        yield Connection(name, f"DICOM, {uses}".replace("_", " and "), where, check)


def _check_ae(remote: "RemoteAe", we_use: tuple[str, ...]) -> tuple[Capability, ...]:
    from wetread.dicom.ae_check import check_ae

    return tuple(check_ae(remote, we_use))
