"""The key that signs checkpoints, and the public halves of those that did before it, so that what they signed still holds."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from wetread.checkpoints.note import public_bytes, read_private_key, read_public_key
from wetread.checkpoints.write_once import write_once

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["KeyRing", "fingerprint"]


def fingerprint(public_key: bytes) -> str:
    """sha256 of the 32 raw bytes, hex."""
    return sha256(public_key).hexdigest()


class KeyRing:
    """`pem` gives the private key, asked for anew at each use; in `retired_in` lie public keys (PEM), one a rotation."""

    def __init__(self, pem: Callable[[], bytes], retired_in: Path) -> None:
        self._pem, self.retired_in = pem, retired_in

    def key(self) -> "Ed25519PrivateKey":
        """Raises as its source, PermanentError(code='bad_key')."""
        return read_private_key(self._pem(), "the audit key")

    def public_keys(self) -> tuple[bytes, ...]:
        """The newest first. Raises as `key`."""
        return public_bytes(self.key()), *map(read_public_key, self.retired_files())

    def retired_files(self) -> tuple[Path, ...]:
        """The newest first."""
        return tuple(sorted(self.retired_in.glob("*.pub.pem"), reverse=True))

    def retire(self, public: bytes) -> None:
        """`public` (PEM), of the key that signed until now, is durable: whatever becomes of the private one, what it signed holds."""
        write_once(self.retired_in / f"{len(self.retired_files()) + 1:04d}.pub.pem", public)
