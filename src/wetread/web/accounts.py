"""Passwords and tokens: how a secret becomes what we store. Passwords are Argon2id hashes; those of older releases, scrypt (RFC 7914), open until their owner next signs in."""

import base64
import hmac
import unicodedata
from hashlib import scrypt, sha256

from wetread.domain.errors import PermanentError
from wetread.web.argon2 import Argon2Cost, argon2id, made

__all__ = ["DECOY", "MIN_PASSWORD_LENGTH", "hash_password", "is_dated", "token_sha256", "verify_password"]

MIN_PASSWORD_LENGTH = 12
_MAX_PASSWORD_LENGTH = 256
_TODAY = Argon2Cost()
DECOY = f"$argon2id$v=19$m={_TODAY.memory_kib},t={_TODAY.iterations},p={_TODAY.lanes}${'A' * 22}${'A' * 43}"
"""A hash at today's cost that nothing opens: an unknown name takes as long as a known one."""
_MAX_SCRYPT_BYTES = 128 * 2**20


def hash_password(password: str, *, salt: bytes, cost: Argon2Cost = _TODAY) -> str:
    """What to store, as a PHC string. `salt` is 16 or more random bytes. Raises PermanentError(code='weak_password')."""
    if not MIN_PASSWORD_LENGTH <= len(password) <= _MAX_PASSWORD_LENGTH:
        raise PermanentError(
            f"a password has {MIN_PASSWORD_LENGTH} to {_MAX_PASSWORD_LENGTH} characters", code="weak_password"
        )
    if len(salt) < 16:
        raise ValueError("a salt has at least 16 bytes")
    return argon2id(_normal(password), salt=salt, cost=cost)


def verify_password(password: str, stored: str) -> bool:
    """True when `password` made `stored`; constant time in the comparison. An account without a usable hash never opens."""
    if len(password) > _MAX_PASSWORD_LENGTH:
        return False
    return _scrypt_made(password, stored) if is_dated(stored) else made(_normal(password), stored)


def is_dated(stored: str) -> bool:
    """Made by an older release: to be made anew when its password is at hand."""
    return stored.startswith("scrypt$")


def token_sha256(token: str) -> str:
    """The only form in which a session or bearer secret is stored."""
    return sha256(token.encode()).hexdigest()


def _scrypt_made(password: str, stored: str) -> bool:
    try:
        _, parameters, salt, key = stored.split("$")
        n, r, p = (int(each) for each in parameters.split(","))
        if 128 * n * r > _MAX_SCRYPT_BYTES or p > 16:
            return False
        work = {"n": n, "r": r, "p": p, "maxmem": 2 * _MAX_SCRYPT_BYTES, "dklen": 32}
        derived = scrypt(_normal(password), salt=base64.b64decode(salt), **work)
        return hmac.compare_digest(derived, base64.b64decode(key))
    except ValueError:
        return False


def _normal(password: str) -> bytes:
    """NFKC, so that the same keys on another keyboard give the same bytes (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode()
