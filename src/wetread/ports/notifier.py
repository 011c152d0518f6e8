"""How a page leaves the house."""

from typing import Protocol

from wetread.domain.page import PageMessage

__all__ = ["Notifier"]


class Notifier(Protocol):
    """One channel. `carries_phi` is the site's word that identity may travel on it; every other channel gets messages without."""

    name: str
    carries_phi: bool

    def send(self, message: PageMessage, address: str, key: str) -> str:
        """Hand the page to the receiver; returns a PHI-free receipt once it has taken it.

        `key` is the same for the same page: a receiver that has it already must not ring twice (SMTP Message-ID, HTTP Idempotency-Key, FHIR identifier, HL7 MSH-10).
        Raises TransientError (down, busy, timeout) or PermanentError (refused: the message says why, without the address).
        """
        ...
