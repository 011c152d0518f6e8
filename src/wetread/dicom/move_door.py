"""A port of our own that is open while a C-MOVE runs: it takes that archive's instances and nobody else's, and hands them to who asked."""

import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from wetread.dicom.dimse import DimseDoor, DimseLimits
from wetread.dicom.remote_ae import RemoteAe
from wetread.dicom.retrieve_arrivals import Arrivals
from wetread.dicom.tls_profile import OurTls
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import TransientError
from wetread.ingest.outcome import Claim, InstanceOutcome, Outcome
from wetread.ports.archive import Inbox
from wetread.ports.file_store import IncomingFile

__all__ = ["MovePort", "opened_for"]

_LOG = logging.getLogger(__name__)
_TAKEN, _LATER = 0x0000, 0xA700


@dataclass(frozen=True, slots=True)
class MovePort:
    """What the archive has for us: AE title, and `port` at this machine. `calls_from`: the addresses that it sends from; none: those of its host name."""

    ae_title: str
    host: str
    port: int
    tls: OurTls | None = None
    calls_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Desk:
    """As a reception to the door; `files` gives the inbox's files."""

    arrivals: Arrivals

    @property
    def files(self) -> Inbox:
        return self.arrivals.inbox

    def receive(self, incoming: Sequence[IncomingFile], sender: str, claim: Claim) -> tuple[InstanceOutcome, ...]:
        return tuple(
            _outcome(self.arrivals.take(each, claim.sop_class_uid, claim.sop_instance_uid)) for each in incoming
        )

    def turn_away(self, sender: str, error: Exception) -> InstanceOutcome:
        return _outcome(self.arrivals.lost(error))

    def record(self, event: AuditEvent) -> None:
        """A stranger at the port; the retrieve itself is in the audit log of who asked."""
        _LOG.warning("%s (%s) while a retrieve runs", event.action, event.outcome)


@contextmanager
def opened_for(port: MovePort, peer: RemoteAe, arrivals: Arrivals, instance_bytes: int) -> Iterator[str]:
    """Gives our AE title there. Raises TransientError 'port_taken' while another retrieve uses the port."""
    addresses = port.calls_from or _addresses(peer.host)
    door = DimseDoor(
        _Desk(arrivals),
        ae_title=port.ae_title,
        callers=[(peer.ae_title, address) for address in addresses],
        limits=DimseLimits(max_associations=8, max_instance_bytes=instance_bytes),
    )
    try:
        door.start(port.host, port.port, port.tls)
    except OSError as error:
        raise TransientError(
            f"the port for C-MOVE cannot be opened ({error.strerror}): another retrieve has it", code="port_taken"
        ) from None
    try:
        yield port.ae_title
    finally:
        door.stop()


def _addresses(host: str) -> tuple[str, ...]:
    try:
        return tuple({str(each[4][0]) for each in socket.getaddrinfo(host, None)})
    except OSError:
        raise TransientError("the archive's host has no address: check its name", code="receiver_unreachable") from None


def _outcome(status: int) -> InstanceOutcome:
    if status == _TAKEN:
        return InstanceOutcome(Outcome.STORED)
    if status == _LATER:
        return InstanceOutcome(Outcome.UNAVAILABLE, message="send it again later")
    return InstanceOutcome(Outcome.REFUSED, "not_asked", "not asked for")
