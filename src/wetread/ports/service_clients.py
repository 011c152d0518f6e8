"""Systems that prove who they are by a key of their own (RFC 7523, SMART Backend Services)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

__all__ = ["ProvedClient", "ServiceClients"]


@dataclass(frozen=True, slots=True)
class ProvedClient:
    """`account` is its account here. The assertion may be taken once until `expires_at`."""

    account: str
    assertion_sha256: str
    expires_at: datetime


class ServiceClients(Protocol):
    def __call__(self, assertion: str, audience: str) -> ProvedClient:
        """Raises PermanentError for an assertion that proves nothing to `audience`, our token endpoint."""
        ...
