"""What is kept so that only who holds the key in the vault reads it: AES-256-GCM (NIST SP 800-38D), bound to a name; and single-use codes as Argon2id hashes."""

import base64
import binascii
import secrets
from collections.abc import Iterable

from wetread.domain.errors import PermanentError
from wetread.web.argon2 import Argon2Cost, argon2id, made

__all__ = ["hash_code", "seal", "unseal", "verify_code"]

_NONCE_BYTES = 12


def seal(key: bytes, data: bytes, name: str) -> str:
    """Base64 of nonce and ciphertext. `key` has 32 bytes; what is sealed under one `name` opens under no other."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, data, name.encode())).decode()


def unseal(keys: Iterable[bytes], sealed: str, name: str) -> bytes:
    """By the first of `keys` that opens it. Raises PermanentError('sealed_otherwise'): other keys, another name, or changed bytes."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    for key in keys:
        try:
            raw = base64.b64decode(sealed, validate=True)
            return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError, binascii.Error):
            continue
    raise PermanentError(
        "a second factor cannot be read with this installation's key: give back the second-factor key of before, or reset it",
        code="sealed_otherwise",
    )


def hash_code(code: str) -> str:
    """As a PHC string with a salt of its own."""
    return argon2id(code.encode(), salt=secrets.token_bytes(16), cost=Argon2Cost())


def verify_code(code: str, stored: str) -> bool:
    return made(code.encode(), stored)
