"""Our own certificates among the settings, and when each ends."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wetread.settings import Settings

__all__ = ["certificate_ends", "own_certificates"]


def certificate_ends(settings: "Settings") -> Iterator[tuple[str, datetime]]:
    """(setting, end) of the first certificate in each file, which is ours and not an authority's. Not of one that this process cannot read: whoever uses it tells that at its start."""
    from wetread.web.client_certificates import end_of

    for name, file, _ in own_certificates(settings):
        try:
            yield name, end_of(file.expanduser().read_bytes())
        except (OSError, ValueError):
            continue


def own_certificates(settings: "Settings") -> Iterator[tuple[str, Path, Path | None]]:
    """(setting, certificate, the key where it is another file)."""
    if settings.drafter_cert_file:
        yield "drafter", settings.drafter_cert_file, settings.drafter_key_file
    for name, each in (
        ("dimse_tls", settings.dimse_tls),
        ("hl7_listener", settings.hl7_listener),
        ("hl7_sink", settings.hl7_sink),
        ("audit_repository", settings.audit_repository),
        *((each.ae_title, each) for each in settings.application_entities),
    ):
        if each and each.cert_file:
            yield name, each.cert_file, each.key_file
