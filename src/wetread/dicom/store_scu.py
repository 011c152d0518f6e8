"""C-STORE as SCU (PS3.4 annex B, PS3.7 §9.1.1): associations, and what each status means for trying again."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from wetread.domain.errors import PermanentError, TransientError, WetreadError
from wetread.ports.sink import Encoder, ReportPackage

if TYPE_CHECKING:
    from pydicom import Dataset
    from pynetdicom.association import Association
    from pynetdicom.pdu import A_ASSOCIATE_RJ

__all__ = ["CStoreSink", "StoreScp", "associate", "echo", "store_outcome"]

_UNCOMPRESSED = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
_VERIFICATION = "1.2.840.10008.1.1"
_DUPLICATE = 0x0111
_WARNINGS = (0x0001, 0x0107, 0x0116, *range(0xB000, 0xC000))
_TRY_AGAIN = (0x0110, 0x0213, *range(0xA700, 0xA800))


@dataclass(frozen=True, slots=True)
class StoreScp:
    """A storage SCP and how we call it. `timeout_s` bounds each of connection, association and every answer."""

    ae_title: str
    host: str
    port: int
    calling_ae_title: str = "WETREAD"
    timeout_s: float = 30.0


@contextmanager
def associate(peer: StoreScp, contexts: Iterable[tuple[str, Sequence[str]]]) -> Iterator["Association"]:
    """An association offering (SOP class, transfer syntaxes), released at the end.

    Raises TransientError when the peer is down, busy or silent, PermanentError when it refuses us for good.
    """
    from pynetdicom import AE, evt  # here, as a process that only lists its sinks should not pay for it
    from pynetdicom.pdu import A_ASSOCIATE_RJ

    ae = AE(peer.calling_ae_title)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = peer.timeout_s
    for sop_class_uid, transfer_syntax_uids in contexts:
        ae.add_requested_context(sop_class_uid, list(transfer_syntax_uids))
    received: list[object] = []
    listen = [(evt.EVT_PDU_RECV, lambda event: received.append(event.pdu))]
    association = ae.associate(peer.host, peer.port, ae_title=peer.ae_title, evt_handlers=listen)
    if not association.is_established:
        # pynetdicom forgets a rejection when the peer hangs up at once, so the PDU itself is asked.
        rejections = [pdu for pdu in received if isinstance(pdu, A_ASSOCIATE_RJ)]
        raise _refusal(peer, rejections[0] if rejections else None, bool(association.rejected_contexts))
    association.unbind(*listen[0])
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def _refusal(peer: StoreScp, rejection: "A_ASSOCIATE_RJ | None", no_context: bool) -> WetreadError:
    """PS3.8 table 9-21: result 1 is permanent, 2 transient."""
    if rejection and rejection.result == 1:
        return PermanentError(
            f"{peer.ae_title} rejects the association ({rejection.reason_str}): check both AE titles and its list of peers",
            code="association_rejected",
        )
    if rejection:
        return TransientError(f"{peer.ae_title} is too busy for an association", code="association_busy")
    if no_context:
        return PermanentError(
            f"{peer.ae_title} accepts none of these SOP classes and transfer syntaxes: let it accept them",
            code="sop_class_refused",
        )
    return TransientError(f"{peer.ae_title} does not answer: is it running and reachable?", code="receiver_unreachable")


def store_outcome(status: int | None, peer: str) -> str:
    """'stored', 'stored with warning' or 'duplicate' for a C-STORE status; None stands for no answer.

    Raises TransientError (no answer, out of resources, processing failure) or PermanentError (everything else).
    """
    if status is None:
        raise TransientError(f"{peer} fell silent during the transfer", code="receiver_unreachable")
    if status == 0x0000:
        return "stored"
    if status in _WARNINGS:
        return f"stored with warning 0x{status:04X}"
    if status == _DUPLICATE:
        return "duplicate"
    if status in _TRY_AGAIN:
        raise TransientError(f"{peer} cannot store now (status 0x{status:04X})", code="receiver_busy")
    raise PermanentError(f"{peer} refuses the object (status 0x{status:04X}): look into its log", code="store_refused")


class CStoreSink:
    """Sends every document the encoders make to one SCP. Its documents' UIDs are fixed, so the SCP knows a repeated one."""

    def __init__(self, peer: StoreScp, encoders: Sequence[Encoder], name: str = "cstore") -> None:
        self.name = name
        self._peer = peer
        self._encoders = encoders

    def deliver(self, package: ReportPackage) -> str:
        from pydicom import dcmread

        made = (encode(package) for encode in self._encoders)
        documents = [dcmread(BytesIO(document)) for document in made if document is not None]
        with associate(
            self._peer, [(uid, _UNCOMPRESSED) for uid in {each.SOPClassUID for each in documents}]
        ) as association:
            receipts = [self._store(association, document) for document in documents]
        return ", ".join(receipts)

    def _store(self, association: "Association", document: "Dataset") -> str:
        if not association.is_established:
            raise TransientError(f"{self._peer.ae_title} ended the association", code="receiver_unreachable")
        try:
            answer = association.send_c_store(document)
        except ValueError as error:
            raise PermanentError(
                f"{self._peer.ae_title} does not accept {document.SOPClassUID.name}: let it accept that SOP class",
                code="sop_class_refused",
            ) from error
        return store_outcome(answer.get("Status"), self._peer.ae_title)


def echo(peer: StoreScp) -> str:
    """C-ECHO (PS3.7 section 9.1.5) in words; raises as `associate`, and TransientError for any status but success."""
    with associate(peer, [(_VERIFICATION, _UNCOMPRESSED)]) as association:
        answer = association.send_c_echo()
    status = answer.get("Status") if answer else None
    if status != 0x0000:
        said = "nothing" if status is None else f"status 0x{status:04X}"
        raise TransientError(f"{peer.ae_title} answers C-ECHO with {said}", code="receiver_busy")
    return f"{peer.ae_title} answers C-ECHO"
