"""Time-based one-time passwords (RFC 6238 over RFC 4226: HMAC-SHA-1, six digits, steps of 30 s) and recovery codes. Pure."""

import base64
import hmac
from datetime import datetime
from urllib.parse import quote, urlencode

__all__ = ["CODES", "SEED_BYTES", "code_at", "normal_code", "otpauth_uri", "readable_seed", "taken_step"]

SEED_BYTES = 20
"""RFC 4226 §4, R6: as long as what SHA-1 gives."""
CODES = 10
_STEP_S, _DIGITS, _SKEW = 30, 6, 1


def code_at(seed: bytes, step: int) -> str:
    """Six digits of the time step (RFC 4226 §5.3)."""
    digest = hmac.digest(seed, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def taken_step(seed: bytes, code: str, now: datetime, last_step: int) -> int | None:
    """The step that `code` is of, one step early or late at most, and none up to `last_step` (RFC 6238 §5.2: no code is taken twice); None for a code that is not taken."""
    at = int(now.timestamp()) // _STEP_S
    steps = [step for step in range(at - _SKEW, at + _SKEW + 1) if step > last_step]
    right = [step for step in steps if hmac.compare_digest(code_at(seed, step), code)]
    return right[0] if right else None


def readable_seed(seed: bytes) -> str:
    """In groups of four, to be typed where no camera is."""
    text = base64.b32encode(seed).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def otpauth_uri(seed: bytes, account: str, issuer: str) -> str:
    """What an authenticator reads from the picture (Key URI Format)."""
    label = quote(f"{issuer}:{account}", safe="")
    query = {"secret": base64.b32encode(seed).decode(), "issuer": issuer, "digits": _DIGITS, "period": _STEP_S}
    return f"otpauth://totp/{label}?{urlencode(query, quote_via=quote)}"


def normal_code(typed: str) -> str:
    """Without what a person puts between: "123 456" is 123456, "ABCDE-FGHIJ" is abcdefghij."""
    return "".join(each for each in typed.lower() if each.isascii() and each.isalnum())
