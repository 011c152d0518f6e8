"""A signed token from outside: what it must be before any claim is looked at (RFC 7515, 7519, 8725)."""

from base64 import urlsafe_b64decode
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from wetread.domain.errors import PermanentError
from wetread.domain.strict_json import StrictJsonError, read_strict_json

__all__ = ["ASYMMETRIC", "SKEW_S", "BadToken", "check_times", "is_for", "unverified_claim", "verified"]

ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Never `none`, never a secret shared with whoever signs: with HS256 a public key would be one."""
SKEW_S = 10.0
"""How far clocks may differ."""
_LONGEST = 32 * 1024
_LONGEST_KEY_ID = 256


class BadToken(PermanentError):
    """Its message says which rule it broke, and repeats nothing of it."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the token cannot be accepted: {why}", code="bad_token")


def verified(
    token: str,
    keys: Callable[[str | None], KeySet],
    algorithms: Collection[str] = ASYMMETRIC,
    types: Collection[str] = (),
) -> Mapping[str, object]:
    """The claims of a compact JWS that one of `keys(kid)` signed. `types`: what its `typ` must be, where it has one. Raises BadToken, and what `keys` raises."""
    if len(token) > _LONGEST or token.count(".") != 2 or not token.isascii():
        raise BadToken("it is no compact JWS")
    header = _part(token.partition(".")[0])
    if header.get("alg") not in algorithms:
        raise BadToken("its algorithm is not allowed")
    if "crit" in header or "b64" in header:
        raise BadToken("it demands an extension")
    kind, key_id = header.get("typ"), header.get("kid")
    if types and kind is not None and str(kind).lower().removeprefix("application/") not in types:
        raise BadToken("it is of another type")
    if key_id is not None and not (isinstance(key_id, str) and len(key_id) <= _LONGEST_KEY_ID):
        raise BadToken("its key id is none")
    try:
        payload = jws.deserialize_compact(token, keys(key_id), algorithms=list(algorithms)).payload
    except (JoseError, ValueError, TypeError):
        raise BadToken("its signature does not hold") from None
    return _object(payload)


def unverified_claim(token: str, name: str) -> str:
    """What an unchecked token says of itself, "" for nothing: good for finding the key that it must be checked by, and for nothing else."""
    parts = token.split(".") if len(token) <= _LONGEST else []
    value = _part(parts[1]).get(name) if len(parts) == 3 else None
    return value if isinstance(value, str) else ""


def check_times(claims: Mapping[str, object], now: datetime, *, longest_s: float | None = None) -> float:
    """When it ends, in seconds since the epoch; raises BadToken for one that is over, not yet, without an end, or issued to last longer than `longest_s`."""
    at = now.timestamp()
    ends = _seconds(claims, "exp")
    issued = _seconds(claims, "iat") if "iat" in claims or longest_s is None else None
    if ends is None or (issued is None and longest_s is None):
        raise BadToken("it says neither when it was issued nor when it ends")
    begins = max(_seconds(claims, "nbf") or at, issued or at)
    if ends <= at - SKEW_S:
        raise BadToken("it is over")
    if begins > at + SKEW_S:
        raise BadToken("it is from the future")
    if longest_s is not None and ends > min(at, issued or at) + longest_s + SKEW_S:
        raise BadToken(f"it lasts longer than {longest_s:g} s")
    return ends


def is_for(claims: Mapping[str, object], audience: str) -> bool:
    """Whether `aud` names us: alone, or among others (RFC 7519 §4.1.3)."""
    named = claims.get("aud")
    return named == audience or (isinstance(named, list) and audience in named)


def _seconds(claims: Mapping[str, object], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadToken(f"its {name} is no time")
    return float(value)


def _part(text: str) -> Mapping[str, object]:
    try:
        return _object(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        raise BadToken("it is no compact JWS") from None


def _object(data: bytes) -> Mapping[str, object]:
    try:
        value = read_strict_json(data, max_depth=16)
    except StrictJsonError:
        raise BadToken("it holds no JSON object") from None
    if not isinstance(value, dict):
        raise BadToken("it holds no JSON object")
    return value
