"""What the two ends of the drafting wire share: addresses, files of mutual TLS, limits. Plaintext goes no further than this machine."""

from dataclasses import dataclass
from pathlib import Path

from wetread.domain.errors import PermanentError
from wetread.domain.loopback import is_loopback

__all__ = ["MAX_MESSAGE_BYTES", "SERVICE", "TlsFiles", "require_local", "tls_files"]

SERVICE = "wetread.drafting.v1.DraftingService"
MAX_MESSAGE_BYTES = 2 * 1024 * 1024
"""A request with 20 findings is about 3 kB: one megabyte for the record's snippets, one for a film of 1024 x 1024."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: whom we trust, who we are, and the key that proves it."""

    ca: Path
    cert: Path
    key: Path

    def read(self) -> tuple[bytes, bytes, bytes]:
        """(ca, cert, key); raises PermanentError 'bad_tls_files'."""
        try:
            return self.ca.read_bytes(), self.cert.read_bytes(), self.key.read_bytes()
        except OSError as error:
            name = Path(str(error.filename)).name
            raise PermanentError(
                f"drafting TLS file {name} cannot be read ({type(error).__name__})", code="bad_tls_files"
            ) from None


def tls_files(ca: Path | None, cert: Path | None, key: Path | None) -> TlsFiles | None:
    """None when none is given; raises PermanentError 'bad_tls_files' when only some are: half of mutual TLS is not less of it, but none."""
    if ca and cert and key:
        return TlsFiles(ca, cert, key)
    if ca or cert or key:
        raise PermanentError("drafting over TLS needs all three: CA, certificate and key", code="bad_tls_files")
    return None


def require_local(address: str) -> None:
    """Raises PermanentError 'plaintext_refused' for an address beyond this machine."""
    host = address.rpartition(":")[0].strip("[]")
    if not (address.startswith("unix:") or is_loopback(host)):
        raise PermanentError(
            "drafting without TLS is only for a loopback address or a Unix socket: give CA, certificate and key",
            code="plaintext_refused",
        )
