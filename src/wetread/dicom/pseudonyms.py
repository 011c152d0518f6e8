"""What stands instead of a UID, a patient's number and a date: keyed (HMAC-SHA-256), the same for the same input under one key, and nothing without the key tells what it was.

Each name carries a check of itself under the key, so that what was renamed once is known and stays as it is: to de-identify twice is to de-identify once.
"""

import base64
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from wetread.domain.errors import PermanentError
from wetread.domain.prior import dicom_day

__all__ = ["Pseudonyms", "moved"]

_KEY_BYTES = 32
_CHECK_BITS, _NAME_BITS = 48, 74
_ROOT = "2.25."
_STANDARD = re.compile(r"1\.2\.840\.10008\.[0-9.]+")
_FEWEST_DAYS, _MOST_DAYS = 366, 3652
_PATIENT = "P-"


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """`key` is 32 random bytes; who has it and an original can tell its pseudonym, so it is kept with the identities, or not at all."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) != _KEY_BYTES:
            raise PermanentError("A key of pseudonyms is 32 bytes.", code="bad_key")

    @classmethod
    def fresh(cls) -> "Pseudonyms":
        return cls(secrets.token_bytes(_KEY_BYTES))

    def uid(self, original: str) -> str:
        """A UID under 2.25 (PS3.5 §B.2) for one that names an instance, a series and so on; those of the standard itself stay."""
        if _STANDARD.fullmatch(original) or self._is_own_uid(original):
            return original
        name = self._number("uid", original, _NAME_BITS)
        return _ROOT + str(_as_uuid(name, self._number("uid check", str(name), _CHECK_BITS)))

    def patient(self, subject: str) -> str:
        """Thirteen characters and "P-" for whoever `subject` names, any text that is the patient's alone."""
        if self.is_own_patient(subject):
            return subject
        name = self._digest("patient", subject)[:5]
        return _PATIENT + base64.b32encode(name + self._digest("patient check", name.hex())[:3]).decode().rstrip("=")

    def is_own_patient(self, name: str) -> bool:
        """True for what `patient` gave under this key."""
        raw = name.removeprefix(_PATIENT)
        if len(name) != len(_PATIENT) + 13:
            return False
        try:
            packed = base64.b32decode(raw + "===")
        except ValueError:
            return False
        return packed[5:] == self._digest("patient check", packed[:5].hex())[:3]

    def shift(self, subject: str) -> timedelta:
        """How far every date of the patient moves: back, by one to ten years in whole days."""
        return timedelta(days=-(_FEWEST_DAYS + self._number("days", subject, 64) % (_MOST_DAYS - _FEWEST_DAYS)))

    def _is_own_uid(self, uid: str) -> bool:
        digits = uid.removeprefix(_ROOT)
        if digits == uid or not digits.isascii() or not digits.isdigit() or len(digits) > 39:
            return False
        whole = int(digits)
        check = whole & (1 << _CHECK_BITS) - 1
        high, low = whole >> 64, whole & (1 << 64) - 1
        name = (high >> 16) << 26 | (high & 0xFFF) << 14 | (low >> _CHECK_BITS & 0x3FFF)
        return whole == _as_uuid(name, check) and check == self._number("uid check", str(name), _CHECK_BITS)

    def _number(self, purpose: str, text: str, bits: int) -> int:
        return int.from_bytes(self._digest(purpose, text)) >> 256 - bits

    def _digest(self, purpose: str, text: str) -> bytes:
        return hmac.new(self.key, f"{purpose}\0{text}".encode(), sha256).digest()


def _as_uuid(name: int, check: int) -> int:
    """128 bits with the version (8, RFC 9562 §5.8) and variant of a UUID: 74 of the name, 48 of its check."""
    high = (name >> 26) << 16 | 0x8000 | (name >> 14 & 0xFFF)
    return high << 64 | (0b10 << 62 | (name & 0x3FFF) << _CHECK_BITS | check)


def moved(day: str, by: timedelta) -> str | None:
    """A DA ("YYYYMMDD"), or the date at the head of a DT, moved; None for what is none."""
    here = dicom_day(day[:8])
    if here is None or not day.isascii():
        return None
    try:
        there = here + by
    except OverflowError:
        return None
    return there.isoformat().replace("-", "") + day[8:]
