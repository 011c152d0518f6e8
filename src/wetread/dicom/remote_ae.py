"""A DICOM application entity that we call: an association, plain or in TLS, and C-ECHO (PS3.7 §9.1.5). What goes wrong is told apart by who has to act."""

import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from wetread.dicom.tls_profile import PeerTls, calling
from wetread.domain.errors import PermanentError, TransientError, WetreadError
from wetread.domain.no_answer import certificate_fault

if TYPE_CHECKING:
    from pynetdicom.association import Association
    from pynetdicom.pdu import A_ASSOCIATE_RJ

__all__ = ["UNCOMPRESSED", "VERIFICATION", "RemoteAe", "associate", "echo"]

UNCOMPRESSED = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
VERIFICATION = "1.2.840.10008.1.1"


@dataclass(frozen=True, slots=True)
class RemoteAe:
    """A neighbour and how we call it, in TLS where `tls` is. `timeout_s` bounds each of connection, association and every answer."""

    ae_title: str
    host: str
    port: int
    calling_ae_title: str = "WETREAD"
    timeout_s: float = 30.0
    tls: PeerTls | None = None


@dataclass(slots=True)
class _Heard:
    """What became of the connection, as far as it came."""

    connected: bool = False
    failures: list[OSError] = field(default_factory=list)
    rejection: "A_ASSOCIATE_RJ | None" = None


@contextmanager
def associate(
    peer: RemoteAe,
    contexts: Iterable[tuple[str, Sequence[str]]],
    *,
    roles: Mapping[str, tuple[bool, bool]] = MappingProxyType({}),
    answers: Iterable[tuple[Any, Callable[..., Any]]] = (),
) -> Iterator["Association"]:
    """An association offering (SOP class, transfer syntaxes), released at the end. `roles` proposes us as (SCU, SCP) of a SOP class (PS3.7 §D.3.3.4), `answers` are pynetdicom's events and who answers them.

    Raises TransientError when the peer is down, busy or silent, PermanentError when it refuses us for good or its certificate does not hold.
    """
    from pynetdicom import build_role, evt  # here, as a process that only lists its sinks should not pay for it

    from wetread.dicom.dimse_stream import BoundedAe

    ae = BoundedAe(peer.calling_ae_title)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = peer.timeout_s
    for sop_class_uid, transfer_syntax_uids in contexts:
        ae.add_requested_context(sop_class_uid, list(transfer_syntax_uids))
    heard = _Heard()
    listen = [(evt.EVT_PDU_RECV, lambda event: _hear(heard, event.pdu)), (evt.EVT_CONN_OPEN, lambda _: _open(heard))]
    try:
        association = ae.associate(
            peer.host,
            peer.port,
            ae_title=peer.ae_title,
            ext_neg=[build_role(uid, scu_role=scu, scp_role=scp) for uid, (scu, scp) in roles.items()],
            evt_handlers=[*listen, *answers],
            tls_args=_tls(peer, heard),
        )
    except socket.gaierror:
        raise TransientError(
            f"the host of {peer.ae_title} has no address: check its name", code="receiver_unreachable"
        ) from None
    if not association.is_established:
        raise _refusal(peer, heard, bool(association.rejected_contexts))
    association.unbind(*listen[0])
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def echo(peer: RemoteAe) -> str:
    """C-ECHO (PS3.7 section 9.1.5) in words; raises as `associate`, and TransientError for any status but success."""
    with associate(peer, [(VERIFICATION, UNCOMPRESSED)]) as association:
        answer = association.send_c_echo()
    status = answer.get("Status") if answer else None
    if status != 0x0000:
        said = "nothing" if status is None else f"status 0x{status:04X}"
        raise TransientError(f"{peer.ae_title} answers C-ECHO with {said}", code="receiver_busy")
    return f"{peer.ae_title} answers C-ECHO"


def _hear(heard: _Heard, pdu: object) -> None:
    """pynetdicom forgets a rejection when the peer hangs up at once, so the PDU itself is asked."""
    from pynetdicom.pdu import A_ASSOCIATE_RJ

    if isinstance(pdu, A_ASSOCIATE_RJ):
        heard.rejection = pdu


def _open(heard: _Heard) -> None:
    heard.connected = True


def _tls(peer: RemoteAe, heard: _Heard) -> tuple[ssl.SSLContext, str] | None:
    """The context, with sockets that remember what failed: pynetdicom only says that something did."""
    if peer.tls is None:
        return None

    class Remembering(ssl.SSLSocket):
        def connect(self, address: Any) -> None:
            try:
                super().connect(address)
            except OSError as error:
                heard.failures.append(error)
                raise

        def recv_into(self, *args: Any) -> int:
            try:
                return super().recv_into(*args)
            except ssl.SSLError as error:  # in TLS 1.3 the peer's word on our certificate comes only now
                heard.failures.append(error)
                raise

    context = calling(peer.tls)
    context.sslsocket_class = Remembering
    return context, peer.tls.server_name or peer.host


def _refusal(peer: RemoteAe, heard: _Heard, no_context: bool) -> WetreadError:
    """PS3.8 table 9-21: result 1 is permanent, 2 transient."""
    name, rejection = peer.ae_title, heard.rejection
    for failure in heard.failures:
        if isinstance(failure, ssl.SSLError):
            return _tls_refusal(name, failure)
        if isinstance(failure, TimeoutError | ConnectionResetError | ConnectionAbortedError | BrokenPipeError):
            return TransientError(
                f"{name} does not finish a TLS handshake: is it running, and does it speak TLS at this port?",
                code="no_association",
            )
    if rejection and rejection.result == 1:
        return PermanentError(
            f"{name} rejects the association ({rejection.reason_str}): check both AE titles and its list of peers",
            code="association_rejected",
        )
    if rejection:
        return TransientError(f"{name} is too busy for an association", code="association_busy")
    if no_context:
        return PermanentError(
            f"{name} accepts none of these SOP classes and transfer syntaxes: let it accept them",
            code="sop_class_refused",
        )
    if heard.connected:
        wants = "is it a DICOM port without TLS?" if peer.tls else "does it expect TLS, or not know our address?"
        return TransientError(f"{name} takes the connection and does not answer: {wants}", code="no_association")
    return TransientError(f"{name} does not answer: is it running and reachable?", code="receiver_unreachable")


def _tls_refusal(name: str, failure: ssl.SSLError) -> PermanentError:
    if isinstance(failure, ssl.SSLCertVerificationError):
        said = certificate_fault(failure, "correct host or server_name")
        return PermanentError(f"the certificate of {name} {said}", code="certificate_refused")
    reason = (failure.reason or "").upper()
    if "ALERT" in reason and "VERSION" not in reason:
        return PermanentError(
            f"{name} ends the TLS handshake ({reason.lower()}): check our certificate (cert_file) and that its authority is known there",
            code="tls_refused",
        )
    return PermanentError(
        f"no TLS with {name} ({reason.lower() or 'unknown'}): it must speak TLS 1.2 or later with ephemeral keys and AES-GCM at this port",
        code="tls_failed",
    )
