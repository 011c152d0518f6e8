"""Systems that prove who they are by the certificate of their connection: a proxy ends TLS and passes it on (RFC 9440), and what is registered is the certificate itself (RFC 8705 §2.2).

Whose word for a certificate is taken is settled before any route is looked at (`guard.check_head`): here the header is the proxy's.
"""

import base64
import hashlib
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from wetread.domain.errors import PermanentError
from wetread.ports.clock import Clock

__all__ = ["CertificateClients", "end_of", "thumbprint_of"]

_BYTES = re.compile(r":([A-Za-z0-9+/]{4,20000}={0,2}):")
"""A byte sequence of RFC 8941 §3.3.5."""
_PEM = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_LONGEST_FILE = 256 * 1024


@dataclass(frozen=True, slots=True)
class CertificateClients:
    """`files`: PEM certificates by account, read at each use: one that is taken out opens nothing from then on."""

    files: Mapping[str, Path]
    clock: Clock

    def proved(self, account: str, header: str) -> str:
        """The thumbprint of the account's certificate in `header`. Raises PermanentError('bad_certificate') for none, for another, and for one that is not good today."""
        shown, file = thumbprint_of(header), self.files.get(account)
        registered = _registered(file).get(shown) if shown and file else None
        if registered is None:
            raise PermanentError("no such certificate is registered for this client", code="bad_certificate")
        from cryptography.x509 import load_der_x509_certificate

        certificate = load_der_x509_certificate(registered)
        if not certificate.not_valid_before_utc <= self.clock.now() <= certificate.not_valid_after_utc:
            raise PermanentError("the certificate is not good today", code="bad_certificate")
        return shown


def thumbprint_of(header: str) -> str:
    """x5t#S256 (RFC 8705 §3.1) of the certificate in a `Client-Cert` header; "" for what holds none."""
    found = _BYTES.fullmatch(header)
    try:
        return _thumbprint(base64.b64decode(found[1], validate=True)) if found else ""
    except ValueError:
        return ""


def end_of(pem: bytes) -> datetime:
    """When the first certificate in it ends. Raises ValueError where there is none."""
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate(pem).not_valid_after_utc


def _registered(file: Path) -> dict[str, bytes]:
    """DER by thumbprint."""
    try:
        with file.open(encoding="ascii") as opened:
            blocks = map(ssl.PEM_cert_to_DER_cert, _PEM.findall(opened.read(_LONGEST_FILE)))
            return {_thumbprint(each): each for each in blocks}
    except (OSError, ValueError) as error:
        said = f"certificates_file {file.name} cannot be used ({type(error).__name__})"
        raise PermanentError(said, code="bad_settings") from None


def _thumbprint(certificate: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(certificate).digest()).rstrip(b"=").decode()
