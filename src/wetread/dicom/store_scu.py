"""C-STORE as SCU (PS3.4 annex B, PS3.7 §9.1.1): signed results as documents, and what each status means for trying again."""

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from wetread.dicom.remote_ae import UNCOMPRESSED, RemoteAe, associate
from wetread.domain.errors import PermanentError, TransientError
from wetread.ports.sink import Encoder, ReportPackage

if TYPE_CHECKING:
    from pydicom import Dataset
    from pynetdicom.association import Association

__all__ = ["CStoreSink", "store_outcome"]

_DUPLICATE = 0x0111
_WARNINGS = (0x0001, 0x0107, 0x0116, *range(0xB000, 0xC000))
_TRY_AGAIN = (0x0110, 0x0213, *range(0xA700, 0xA800))


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

    def __init__(self, peer: RemoteAe, encoders: Sequence[Encoder], name: str = "cstore") -> None:
        self.name = name
        self._peer = peer
        self._encoders = encoders

    def deliver(self, package: ReportPackage) -> str:
        from pydicom import dcmread

        made = (encode(package) for encode in self._encoders)
        documents = [dcmread(BytesIO(document)) for document in made if document is not None]
        with associate(
            self._peer, [(uid, UNCOMPRESSED) for uid in {each.SOPClassUID for each in documents}]
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
