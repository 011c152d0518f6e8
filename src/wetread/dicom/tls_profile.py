"""TLS for DIMSE in both directions, and for syslog, by the BCP 195 RFC 8996, 9325 profile (PS3.15 B.12): TLS 1.2 or 1.3, ephemeral keys, AES-GCM."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wetread.domain.errors import PermanentError

__all__ = ["SUITES", "ClientCertificates", "OurTls", "PeerTls", "accepting", "calling"]

SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
)
"""Of TLS 1.2 (RFC 9325 §4.2); those of TLS 1.3 are all as good."""

ClientCertificates = Literal["required", "optional", "none"]
_ASKED = {"required": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL, "none": ssl.CERT_NONE}


@dataclass(frozen=True, slots=True)
class OurTls:
    """Who we are at our door, and whom it takes: clients whose certificate `ca_file` vouches for. "optional" takes those without one, too."""

    cert_file: Path
    key_file: Path | None = None
    ca_file: Path | None = None
    client_certificates: ClientCertificates = "required"


@dataclass(frozen=True, slots=True)
class PeerTls:
    """How we call a neighbour in TLS: `ca_file` and no other authority vouches for it (None: the system's), `server_name` is what its certificate must hold for ("": the host that is called).

    `cert_file` is ours, for who asks for one.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str = ""


def accepting(ours: OurTls) -> ssl.SSLContext:
    """Raises PermanentError 'bad_settings' for a file that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _restrict(context)
    _load(context, ours.cert_file, ours.key_file, ours.ca_file)
    context.verify_mode = _ASKED[ours.client_certificates]
    return context


def calling(theirs: PeerTls) -> ssl.SSLContext:
    """Made anew for each association, so that a renewed certificate needs no restart. Raises as `accepting`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _restrict(context)
    _load(context, theirs.cert_file, theirs.key_file, theirs.ca_file)
    if theirs.ca_file is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    return context


def _restrict(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers(":".join(SUITES))


def _load(context: ssl.SSLContext, cert_file: Path | None, key_file: Path | None, ca_file: Path | None) -> None:
    try:
        if cert_file:
            context.load_cert_chain(cert_file, key_file)
        if ca_file:
            context.load_verify_locations(ca_file)
    except OSError as error:
        raise PermanentError(
            f"a certificate, key or authority for TLS cannot be used ({type(error).__name__}): check the files, their modes, and that key and certificate belong together",
            code="bad_settings",
        ) from None
