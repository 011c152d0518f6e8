"""From which network address somebody acts: known at the door, and written down wherever the audit record is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from wetread.domain.audit import ADDRESS, AuditEvent
from wetread.domain.ip import ip_of

__all__ = ["acting_from", "here", "located"]

_ADDRESS: ContextVar[str] = ContextVar("wetread_acting_from", default="")


@contextmanager
def acting_from(address: str) -> Iterator[None]:
    """What is recorded within, also in threads that the request is handed to, was done from `address`; what is no IP address ("") is recorded as nothing."""
    token = _ADDRESS.set(str(ip_of(address) or ""))
    try:
        yield
    finally:
        _ADDRESS.reset(token)


def here() -> str:
    """The address that is acted from; "" where none is known."""
    return _ADDRESS.get()


def located(event: AuditEvent) -> AuditEvent:
    """With the address as its last fact, where one is known: under the record's hash as every fact."""
    address = here()
    return replace(event, detail=(*event.detail, (ADDRESS, address))) if address and not event.address else event
