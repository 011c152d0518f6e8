"""Argon2id (RFC 9106) as PHC strings, at the cost that OWASP's password storage sheet gives for 19 MiB."""

import re
from dataclasses import dataclass

__all__ = ["Argon2Cost", "argon2id", "made"]

_PHC = re.compile(r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{43}")
_MAX_MEMORY_KIB, _MAX_WORK = 128 * 1024, 16


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    memory_kib: int = 19 * 1024
    iterations: int = 2
    lanes: int = 1


def argon2id(secret: bytes, *, salt: bytes, cost: Argon2Cost) -> str:
    """What to store of `secret`. `salt` has 8 bytes at least."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    kdf = Argon2id(salt=salt, length=32, iterations=cost.iterations, lanes=cost.lanes, memory_cost=cost.memory_kib)
    return kdf.derive_phc_encoded(secret)


def made(secret: bytes, stored: str) -> bool:
    """Whether `secret` made it; constant time in the comparison. What is damaged or too dear was made by nobody."""
    found = _PHC.fullmatch(stored)
    memory_kib, iterations, lanes = map(int, found.groups()) if found else (0, 0, 0)
    if not found or memory_kib > _MAX_MEMORY_KIB or max(iterations, lanes) > _MAX_WORK:
        return False
    from cryptography.exceptions import InvalidKey
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    try:
        Argon2id.verify_phc_encoded(secret, stored)
    except (InvalidKey, ValueError):
        return False
    return True
