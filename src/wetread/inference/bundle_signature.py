"""Who made a model bundle: an Ed25519 signature (RFC 8032) over the canonical JSON of bundle.json, and so over every file's sha256.

`signature` itself is left out of what is signed. It carries the public key, so that a broken signature is told from an unknown signer.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from wetread.domain.errors import PermanentError
from wetread.inference.json_reader import JsonValue

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = [
    "SHIPPED_KEYS",
    "SignatureState",
    "Signer",
    "TrustedKey",
    "is_signed",
    "new_key_pair",
    "read_private_key",
    "read_trusted_keys",
    "sign",
    "verify",
]

SHIPPED_KEYS = Path(__file__).parent.parent / "models" / "trusted_keys"
"""Public keys (PEM) that ship with wetread."""

_ALGORITHM = "ed25519"


class Signer(StrEnum):
    """What is known about who signed."""

    NOBODY = "unsigned"
    TRUSTED = "trusted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key (32 raw bytes) this site believes, named after its file."""

    name: str
    public_bytes: bytes


@dataclass(frozen=True, slots=True)
class SignatureState:
    """The outcome of `verify`; `key_name` is set for a trusted signer only."""

    signer: Signer
    key_name: str = ""

    def __str__(self) -> str:
        words = {
            Signer.NOBODY: "unsigned: the hashes show damage, not who made the bundle",
            Signer.TRUSTED: f"signed by the trusted key {self.key_name}",
            Signer.UNKNOWN: "signed by a key that is not trusted here",
        }
        return words[self.signer]


def is_signed(document: Mapping[str, object]) -> bool:
    """False when there is no `signature`, or one that says its algorithm is "none"."""
    signature = document.get("signature")
    return signature is not None and not (isinstance(signature, dict) and signature.get("algorithm") == "none")


def sign(document: Mapping[str, object], private_key: "Ed25519PrivateKey") -> dict[str, object]:
    """The same document with its signature in place of any older one."""
    signature = {
        "algorithm": _ALGORITHM,
        "public_key": private_key.public_key().public_bytes_raw().hex(),
        "value": private_key.sign(_canonical(document)).hex(),
    }
    return {**document, "signature": signature}


def verify(document: Mapping[str, object], trusted: Sequence[TrustedKey]) -> SignatureState:
    """Who signed; raises PermanentError(code='bad_bundle') for a signature that does not hold, whoever made it."""
    if not is_signed(document):
        return SignatureState(Signer.NOBODY)
    public_bytes = _checked(document)
    names = [key.name for key in trusted if key.public_bytes == public_bytes]
    return SignatureState(Signer.TRUSTED, names[0]) if names else SignatureState(Signer.UNKNOWN)


def _checked(document: Mapping[str, object]) -> bytes:
    """The signer's public key, once the signature has held."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        spec = JsonValue(document["signature"], "signature")
        if {name for name, _ in spec.members()} != {"algorithm", "public_key", "value"}:
            raise ValueError("signature: only algorithm, public_key and value belong there")
        spec["algorithm"].one_of(_ALGORITHM)
        public_bytes = bytes.fromhex(spec["public_key"].text(r"[0-9a-f]{64}"))
        value = bytes.fromhex(spec["value"].text(r"[0-9a-f]{128}"))
        Ed25519PublicKey.from_public_bytes(public_bytes).verify(value, _canonical(document))
    except (ValueError, InvalidSignature) as error:
        raise PermanentError(
            f"the model bundle's signature does not hold ({str(error) or 'it belongs to other content'}): "
            "the bundle was changed after it was signed; get it again from its maker",
            code="bad_bundle",
        ) from error
    return public_bytes


def _canonical(document: Mapping[str, object]) -> bytes:
    """The order of keys and white space do not count; everything else does."""
    signed = {name: value for name, value in document.items() if name != "signature"}
    return json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def read_trusted_keys(*folders: Path | None) -> tuple[TrustedKey, ...]:
    """Every `*.pem` of the folders, shipped ones first; raises PermanentError for a file that is no Ed25519 public key."""
    files = [file for folder in folders if folder is not None for file in sorted(folder.glob("*.pem"))]
    return tuple(_trusted_key(file) for file in files)


def _trusted_key(file: Path) -> TrustedKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(file.read_bytes())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_key(file, "public") from error
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(file, "public")
    return TrustedKey(file.stem, key.public_bytes_raw())


def new_key_pair() -> tuple[bytes, bytes]:
    """(private, public) as PEM: PKCS#8 without a password, and SubjectPublicKeyInfo."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    public = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    return private, public


def read_private_key(file: Path) -> "Ed25519PrivateKey":
    """Raises PermanentError for anything but an Ed25519 private key without a password."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(file, "private") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(file, "private")
    return key


def _no_key(file: Path, kind: str) -> PermanentError:
    return PermanentError(
        f"{file.name} holds no Ed25519 {kind} key in PEM form; `wetread model keygen` makes one", code="bad_key"
    )
