"""What a system's assertion must be (RFC 7523 §3; SMART App Launch 2.2, Client Authentication: Asymmetric): ES384 or RS384 by a registered key, for our token endpoint alone, for minutes, used once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from joserfc.jwk import KeySet

from wetread.domain.errors import PermanentError
from wetread.domain.strict_json import StrictJsonError, read_strict_json
from wetread.oidc.jwks import key_set
from wetread.oidc.jwt import SKEW_S, BadToken, check_times, unverified_claim, verified
from wetread.ports.clock import Clock
from wetread.ports.service_clients import ProvedClient

__all__ = ["ALGORITHMS", "RegisteredClients"]

ALGORITHMS = ("ES384", "RS384")
_LONGEST_S = 300.0
_LONGEST_FILE = 64 * 1024
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class RegisteredClients:
    """Implements ServiceClients. `keys_files`: a JWK set of public keys by account, read at each use: a key that is taken out of it opens nothing from then on."""

    keys_files: Mapping[str, Path]
    clock: Clock

    def __call__(self, assertion: str, audience: str) -> ProvedClient:
        account = unverified_claim(assertion, "iss")
        file = self.keys_files.get(account)
        if file is None:
            raise BadToken("no such client is registered")
        keys = _keys_of(file)

        def named(key_id: str | None) -> KeySet:
            found = [each for each in keys.keys if key_id is not None and each.kid == key_id]
            if not found:
                raise BadToken("no such key is registered")
            return KeySet(found)

        claims = verified(assertion, named, ALGORITHMS, types=("jwt",))
        if claims.get("iss") != account or claims.get("sub") != account:
            raise BadToken("iss and sub are not both the client's id")
        if claims.get("aud") != audience:
            raise BadToken("it is not for this token endpoint alone")
        ends = check_times(claims, self.clock.now(), longest_s=_LONGEST_S)
        name = claims.get("jti")
        if not (isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME):
            raise BadToken("it has no jti")
        digest = hashlib.sha256(f"{account} {name}".encode()).hexdigest()
        return ProvedClient(account, digest, datetime.fromtimestamp(ends + SKEW_S, UTC))


def _keys_of(file: Path) -> KeySet:
    try:
        with file.open("rb") as opened:
            document = read_strict_json(opened.read(_LONGEST_FILE), max_depth=8)
    except (OSError, StrictJsonError) as error:
        raise PermanentError(
            f"keys_file {file.name} cannot be used ({type(error).__name__})", code="bad_settings"
        ) from None
    return key_set(document if isinstance(document, dict) else {})
