"""The key that signs checkpoints, and the public halves of those that did before it, so that what they signed still holds."""

import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from wetread.checkpoints.note import ensure_key, private_pem, public_bytes, public_pem, read_public_key
from wetread.checkpoints.write_once import sync_folder, write_once

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["KeyRing", "fingerprint"]


def fingerprint(public_key: bytes) -> str:
    """sha256 of the 32 raw bytes, hex."""
    return sha256(public_key).hexdigest()


class KeyRing:
    """`file` holds the private key (PEM); beside it, in `file`.retired, lie public keys (PEM), one a rotation."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.retired_in = file.with_name(f"{file.name}.retired")

    def key(self) -> "Ed25519PrivateKey":
        """Made on first use. Raises PermanentError(code='bad_key')."""
        return ensure_key(self.file)

    def public_keys(self) -> tuple[bytes, ...]:
        """The newest first. Raises as `key`."""
        return public_bytes(self.key()), *map(read_public_key, self.retired_files())

    def retired_files(self) -> tuple[Path, ...]:
        """The newest first."""
        return tuple(sorted(self.retired_in.glob("*.pub.pem"), reverse=True))

    def fresh(self) -> "Ed25519PrivateKey":
        """A key that is not in use yet."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.generate()

    def rotate(self, fresh: "Ed25519PrivateKey") -> None:
        """`fresh` signs from now on. The old public key is durable before the old private key is gone; a crash between the two leaves the old one in use, and nothing lost."""
        old = public_pem(self.key())
        write_once(self.retired_in / f"{len(self.retired_files()) + 1:04d}.pub.pem", old)
        coming = self.file.with_name(f".{self.file.name}.coming")
        coming.unlink(missing_ok=True)
        write_once(coming, private_pem(fresh))
        os.replace(coming, self.file)  # noqa: PTH105
        sync_folder(self.file.parent)
