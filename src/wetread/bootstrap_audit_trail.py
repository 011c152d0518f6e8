"""The audit log's way out: the forms it leaves in, and what brings it to a repository."""

import json
import os
import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from wetread.audit_trail.dicom_message import dicom_audit_message
from wetread.domain.audit import AuditRecord
from wetread.domain.errors import StudyNotFound
from wetread.domain.identity_access import Purpose, access_events, of_service
from wetread.fhir.audit_event import audit_event
from wetread.ports.vault import Vault, VaultStudy
from wetread.settings import Settings
from wetread.settings_audit import AuditRepository

if TYPE_CHECKING:
    from wetread.audit_trail.courier import AuditCourier
    from wetread.ports.database import Database

__all__ = ["balp_text", "build_courier", "dicom_text"]

_MSGID = {"dicom": "DICOM+RFC3881", "balp": "FHIR+AuditEvent"}


def balp_text(record: AuditRecord, known: VaultStudy | None = None) -> str:
    """One line of JSON."""
    return json.dumps(audit_event(record, known.identity if known else None), separators=(",", ":"))


def dicom_text(settings: Settings, record: AuditRecord, known: VaultStudy | None = None) -> str:
    """One line of XML."""
    return dicom_audit_message(record, settings.ae_title, settings.site, known)


def build_courier(settings: Settings, where: AuditRepository, database: "Database", vault: Vault) -> "AuditCourier":
    from datetime import timedelta

    from wetread.audit_trail.courier import AuditCourier
    from wetread.audit_trail.syslog_tls import SyslogTls, syslog_message
    from wetread.dicom.tls_profile import calling

    host, process = socket.gethostname(), str(os.getpid())
    text: Callable[..., str] = balp_text if where.format == "balp" else partial(dicom_text, settings)

    def message(record: AuditRecord) -> bytes:
        known = _known(vault, record) if where.with_identity else None
        failed = record.event.outcome != "success"
        return syslog_message(text(record, known), record.recorded_at, host, process, _MSGID[where.format], failed=failed)  # fmt: skip

    receiver = SyslogTls(where.host, where.port, where.server_name or where.host, partial(calling, where.tls))
    silent = timedelta(minutes=where.silent_min)
    return AuditCourier(database, where.name, f"{host}/{process}", receiver, message, silent)


def _known(vault: Vault, record: AuditRecord) -> VaultStudy | None:
    """None of a study that was erased or never entered, and of the record that this very look makes: it would make another."""
    event, reader = record.event, of_service(Purpose.AUDIT)
    if event.study_key is None or event in access_events(reader, [event.study_key]):
        return None
    try:
        return vault.on_behalf_of(reader).study(event.study_key)
    except StudyNotFound:
        return None
