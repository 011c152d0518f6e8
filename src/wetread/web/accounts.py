"""Passwords and tokens: how a secret becomes what we store (scrypt, RFC 7914, at the cost OWASP's password storage sheet gives for 16 MiB)."""

import base64
import hmac
import unicodedata
from dataclasses import dataclass
from hashlib import scrypt, sha256

from wetread.domain.errors import PermanentError

__all__ = ["MIN_PASSWORD_LENGTH", "ScryptCost", "hash_password", "token_sha256", "verify_password"]

MIN_PASSWORD_LENGTH = 12
_MAX_PASSWORD_LENGTH = 256
_MAX_MEMORY_BYTES = 128 * 2**20
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class ScryptCost:
    """RFC 7914 parameters; memory is 128 * n * r bytes."""

    n: int = 2**14
    r: int = 8
    p: int = 5


def hash_password(password: str, *, salt: bytes, cost: ScryptCost | None = None) -> str:
    """What to store: `scrypt$n,r,p$salt$key`. `salt` is 16 or more random bytes. Raises PermanentError(code='weak_password')."""
    if not MIN_PASSWORD_LENGTH <= len(password) <= _MAX_PASSWORD_LENGTH:
        raise PermanentError(
            f"a password has {MIN_PASSWORD_LENGTH} to {_MAX_PASSWORD_LENGTH} characters", code="weak_password"
        )
    if len(salt) < 16:
        raise ValueError("a salt has at least 16 bytes")
    cost = cost or ScryptCost()
    key = _derive(password, salt, cost)
    return f"scrypt${cost.n},{cost.r},{cost.p}${_b64(salt)}${_b64(key)}"


def verify_password(password: str, stored: str) -> bool:
    """True when `password` made `stored`; constant time in the comparison. An account without a usable hash never opens."""
    try:
        scheme, parameters, salt, key = stored.split("$")
        n, r, p = (int(each) for each in parameters.split(","))
        if scheme != "scrypt" or 128 * n * r > _MAX_MEMORY_BYTES or p > 16 or len(password) > _MAX_PASSWORD_LENGTH:
            return False
        derived = _derive(password, base64.b64decode(salt), ScryptCost(n, r, p))
        return hmac.compare_digest(derived, base64.b64decode(key))
    except ValueError:
        return False


def token_sha256(token: str) -> str:
    """The only form in which a session or bearer secret is stored."""
    return sha256(token.encode()).hexdigest()


def _derive(password: str, salt: bytes, cost: ScryptCost) -> bytes:
    # NFKC, so that the same keys on another keyboard give the same bytes (NIST SP 800-63B, 3.1.1.2).
    normal = unicodedata.normalize("NFKC", password).encode()
    return scrypt(normal, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=2 * _MAX_MEMORY_BYTES, dklen=_KEY_BYTES)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
