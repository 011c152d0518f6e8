"""How we prove to a token endpoint which client we are: by a signed assertion, by a secret, or by PKCE alone."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus

from wetread.fhir.backend_services import ASSERTION_TYPE, assertion_claims
from wetread.fhir.client_assertion import ClientKey

__all__ = ["KeyClient", "PublicClient", "SecretClient"]

_Proof = tuple[Mapping[str, str], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class PublicClient:
    client_id: str

    def proof(self, audience: str) -> _Proof:
        return {"client_id": self.client_id}, {}


@dataclass(frozen=True, slots=True)
class SecretClient:
    """`client_secret_basic`, RFC 6749 §2.3.1."""

    client_id: str
    secret: str

    def proof(self, audience: str) -> _Proof:
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.secret)}"
        return {}, {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


@dataclass(frozen=True, slots=True)
class KeyClient:
    """`private_key_jwt`, RFC 7523."""

    client_id: str
    key: ClientKey

    def proof(self, audience: str) -> _Proof:
        signed = self.key.sign(assertion_claims(self.client_id, audience))
        return {"client_id": self.client_id, "client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}, {}
