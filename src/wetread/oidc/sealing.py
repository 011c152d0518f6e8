"""What a browser or a table keeps for us, closed to both: JSON in a JWE (RFC 7516, `dir` with A256GCM), for one purpose and until its end."""

import hmac
import json
from collections.abc import Mapping
from datetime import datetime

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from wetread.domain.errors import PermanentError

__all__ = ["Seal", "unusable"]

_HEADER = {"alg": "dir", "enc": "A256GCM"}
_ALGORITHMS = ["dir", "A256GCM"]


class Seal:
    """`secret` is the installation's; what is sealed for one purpose does not open for another."""

    def __init__(self, secret: bytes) -> None:
        self._key = OctKey.import_key(hmac.digest(secret, b"wetread.oidc.seal.1", "sha256"))

    def close(self, purpose: str, content: Mapping[str, object], until: datetime) -> str:
        body = json.dumps({"for": purpose, "until": until.timestamp(), "content": content})
        return jwe.encrypt_compact(_HEADER, body, self._key, algorithms=_ALGORITHMS)

    def open(self, purpose: str, sealed: str, now: datetime) -> Mapping[str, object]:
        """Raises PermanentError 'bad_seal' for what is not ours, is for something else or is over."""
        try:
            plain = jwe.decrypt_compact(sealed, self._key, algorithms=_ALGORITHMS).plaintext or b""
            body = json.loads(plain)
        except (JoseError, ValueError, KeyError, TypeError):
            raise unusable() from None
        if body["for"] != purpose or body["until"] <= now.timestamp():
            raise unusable()
        content: Mapping[str, object] = body["content"]
        return content


def unusable() -> PermanentError:
    return PermanentError("this took too long, or began in another browser: begin again", code="bad_seal")
