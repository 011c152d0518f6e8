"""What a key looks like as text, and what may be said of it."""

import base64
import binascii
import re
from hashlib import sha256

from wetread.domain.errors import PermanentError
from wetread.ports.keys import LEAST_KEY_BYTES, MOST_KEY_BYTES

__all__ = ["checked", "fingerprint", "key_of_output", "key_of_text"]

_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){32,}")
_PEM = b"-----BEGIN "


def checked(key: bytes, where: str) -> bytes:
    """Raises PermanentError('bad_key')."""
    if not LEAST_KEY_BYTES <= len(key) <= MOST_KEY_BYTES:
        raise _bad(where, f"it has not {LEAST_KEY_BYTES} to {MOST_KEY_BYTES} bytes")
    return key


def key_of_text(text: bytes, where: str) -> bytes:
    """Of hexadecimal digits, of base64, or a PEM block as it is. Raises PermanentError('bad_key')."""
    words = text.strip()
    if words.startswith(_PEM):
        return checked(words + b"\n", where)
    if _HEX.fullmatch(words):
        return checked(bytes.fromhex(words.decode()), where)
    try:
        return checked(base64.b64decode(b"".join(words.split()), validate=True), where)
    except binascii.Error:
        raise _bad(where, "it is neither base64 nor hexadecimal nor PEM") from None


def key_of_output(output: bytes, where: str) -> bytes:
    """As text, or as bytes where it is none. Text that is no key (a message, JSON) is never taken for bytes. Raises PermanentError('bad_key')."""
    return key_of_text(output, where) if output.isascii() else checked(output, where)


def fingerprint(name: str, public: bytes) -> str:
    """Eight hexadecimal digits by which people tell one key from another. `public` is the key, or its public half."""
    return sha256(b"wetread.keys.fingerprint.1 " + name.encode() + b"\0" + public).hexdigest()[:8]


def _bad(where: str, why: str) -> PermanentError:
    return PermanentError(f"{where} holds no key: {why}", code="bad_key")
