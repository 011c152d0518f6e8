"""A checkpoint as text that others can check: a transparency log checkpoint (C2SP tlog-checkpoint) in a signed note (C2SP signed-note), Ed25519 (RFC 8032).

wetread.example/audit          origin
1042                           records covered
base64 of the Merkle root      (RFC 9162, domain.merkle)
made 2026-11-29T16:00:00+00:00

— wetread.example/audit base64 of key id and signature
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from wetread.domain.errors import PermanentError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = [
    "Checkpoint",
    "fresh_pem",
    "log_name",
    "private_pem",
    "public_bytes",
    "public_pem",
    "read_note",
    "read_private_key",
    "read_public_key",
    "sign_note",
]

_ED25519 = b"\x01"
_ORIGIN = re.compile(r"[!-~]{1,100}")
_SIZE = re.compile(r"[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`root` (32 bytes) stands for records 1 to `size` of the log called `origin`, as they were at `made_at`."""

    origin: str
    size: int
    root: bytes
    made_at: datetime

    def body(self) -> str:
        """What is signed."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\nmade {self.made_at.isoformat(timespec='seconds')}\n"


def log_name(site: str) -> str:
    """What a site's log is called: a key name without spaces or plus signs (C2SP signed-note)."""
    return f"wetread/{re.sub(r'[^!-*,-~]', '-', site)[:80] or 'site'}/audit"


def sign_note(checkpoint: Checkpoint, key: "Ed25519PrivateKey") -> str:
    """The signed note."""
    body = checkpoint.body()
    signature = _key_id(checkpoint.origin, public_bytes(key)) + key.sign(body.encode())
    return f"{body}\n\u2014 {checkpoint.origin} {base64.b64encode(signature).decode()}\n"


def read_note(text: str, public_key: bytes) -> Checkpoint:
    """The checkpoint of a note that this key (32 raw bytes) signed. Raises PermanentError(code='bad_checkpoint') for any other text."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        body, _, signed = text.partition("\n\n")
        body += "\n"
        checkpoint = _checkpoint(body)
        raw = base64.b64decode(_signature_line(signed, checkpoint.origin), validate=True)
        if raw[:4] != _key_id(checkpoint.origin, public_key):
            raise ValueError("another key signed it")
        Ed25519PublicKey.from_public_bytes(public_key).verify(raw[4:], body.encode())
    except InvalidSignature:
        raise _bad("its signature does not hold") from None
    except (ValueError, binascii.Error) as error:
        raise _bad(str(error)) from None
    return checkpoint


def _checkpoint(body: str) -> Checkpoint:
    lines = body.split("\n")
    if len(lines) != 5 or not _ORIGIN.fullmatch(lines[0]) or not _SIZE.fullmatch(lines[1]):
        raise ValueError("it is no checkpoint")
    root = base64.b64decode(lines[2], validate=True)
    made_at = datetime.fromisoformat(lines[3].removeprefix("made "))
    if len(root) != sha256().digest_size or made_at.tzinfo is None:
        raise ValueError("it is no checkpoint")
    read = Checkpoint(lines[0], int(lines[1]), root, made_at)
    if read.body() != body:
        raise ValueError("it is not written as checkpoints are")
    return read


def _signature_line(signed: str, origin: str) -> str:
    found = [line.rpartition(" ")[2] for line in signed.splitlines() if line.startswith(f"\u2014 {origin} ")]
    if len(found) != 1:
        raise ValueError("it is not signed in the name of its log")
    return found[0]


def _key_id(name: str, public_key: bytes) -> bytes:
    """C2SP signed-note, Ed25519 key ID."""
    return sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:4]


def _bad(why: str) -> PermanentError:
    return PermanentError(f"this checkpoint cannot be believed: {why}", code="bad_checkpoint")


def public_bytes(key: "Ed25519PrivateKey") -> bytes:
    return key.public_key().public_bytes_raw()


def public_pem(key: "Ed25519PrivateKey") -> bytes:
    """For those who check without us."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def private_pem(key: "Ed25519PrivateKey") -> bytes:
    """PKCS #8, without a password."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def fresh_pem() -> bytes:
    """A new private key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return private_pem(Ed25519PrivateKey.generate())


def read_public_key(file: Path) -> bytes:
    """32 raw bytes of an Ed25519 public key (PEM). Raises PermanentError(code='bad_key')."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(file.read_bytes())
    except (OSError, ValueError) as error:
        raise PermanentError(f"{file.name} is no readable public key (PEM)", code="bad_key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise PermanentError(f"{file.name} is not an Ed25519 key", code="bad_key")
    return key.public_bytes_raw()


def read_private_key(pem: bytes, where: str) -> "Ed25519PrivateKey":
    """PEM, PKCS #8, without a password. Raises PermanentError(code='bad_key')."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        raise PermanentError(f"{where} is no private key (PEM without password)", code="bad_key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise PermanentError(f"{where} is not an Ed25519 key", code="bad_key")
    return key
