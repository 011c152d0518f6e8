"""The key that proves who we are to a SMART server, and what is signed with it (SMART App Launch 2.2, Client Authentication: Asymmetric; RFC 7515, 7517, 7518, 7638)."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wetread.domain.errors import PermanentError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

__all__ = ["ClientKey", "load_client_key", "new_client_key"]

_LEAST_RSA_BITS = 2048
_LONGEST_FILE = 64 * 1024


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A private key with the algorithm it signs by: ES384 (P-384) or RS384 (RSA). `jwk` is the public half as a JWK with `kid`, as a server registers it."""

    private: "EllipticCurvePrivateKey | RSAPrivateKey"
    algorithm: str
    jwk: Mapping[str, object]

    def sign(self, claims: Mapping[str, object]) -> str:
        """A compact JWS of the claims."""
        header = {"alg": self.algorithm, "kid": self.jwk["kid"], "typ": "JWT"}
        content = f"{_b64(_json(header))}.{_b64(_json(claims))}"
        return f"{content}.{_b64(self._signature(content.encode()))}"

    def _signature(self, content: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric import ec, padding
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
        from cryptography.hazmat.primitives.hashes import SHA384

        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self.private.sign(content, ec.ECDSA(SHA384())))
            return r.to_bytes(48, "big") + s.to_bytes(48, "big")  # RFC 7518 §3.4
        return self.private.sign(content, padding.PKCS1v15(), SHA384())


def load_client_key(path: Path, key_id: str = "") -> ClientKey:
    """The key of an unencrypted PEM file; `key_id` replaces its thumbprint (RFC 7638) as `kid`.

    Raises PermanentError 'bad_client_key' for any other file, for RSA below 2048 bits and for another curve than P-384.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(_bytes_of(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _bad(path, "is no unencrypted PEM private key") from None
    return _client_key(private, path, key_id)


def new_client_key(path: Path) -> ClientKey:
    """Make a P-384 key and write it to a new file that only its owner can read; raises PermanentError when the file exists or cannot be written."""
    import os

    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP384R1())
    pem = private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
    except FileExistsError:
        raise _bad(path, "exists already: a key is never overwritten") from None
    except OSError as error:
        raise _bad(path, f"cannot be written ({type(error).__name__})") from None
    return _client_key(private, path, "")


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_FILE)
    except OSError as error:
        raise _bad(path, f"cannot be read ({type(error).__name__})") from None


def _client_key(private: object, path: Path, key_id: str) -> ClientKey:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP384R1):
        point = private.public_key().public_numbers()
        public = {"crv": "P-384", "kty": "EC", "x": _number(point.x, 48), "y": _number(point.y, 48)}
        return ClientKey(private, "ES384", _published(public, "ES384", key_id))
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= _LEAST_RSA_BITS:
        numbers = private.public_key().public_numbers()
        public = {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
        return ClientKey(private, "RS384", _published(public, "RS384", key_id))
    raise _bad(path, f"must hold a P-384 key or an RSA key of {_LEAST_RSA_BITS} bits or more")


def _published(public: Mapping[str, str], algorithm: str, key_id: str) -> Mapping[str, object]:
    thumbprint = _b64(hashlib.sha256(_json(public)).digest())  # the members are in the order RFC 7638 wants
    return {**public, "alg": algorithm, "use": "sig", "key_ops": ["verify"], "kid": key_id or thumbprint}


def _number(value: int, size: int = 0) -> str:
    return _b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _b64(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def _bad(path: Path, why: str) -> PermanentError:
    return PermanentError(f"client key {path.name} {why}", code="bad_client_key")
