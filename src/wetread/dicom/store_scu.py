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

    from wetread.dicom.commitment_scu import CommitmentScu

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
    """Sends every document the encoders make to one SCP. Its documents' UIDs are fixed, so the SCP knows a repeated one. With `commitment` it is delivered once the SCP answers for it."""

    def __init__(
        self,
        peer: RemoteAe,
        encoders: Sequence[Encoder],
        name: str = "cstore",
        commitment: "CommitmentScu | None" = None,
    ) -> None:
        self.name = name
        self._peer = peer
        self._encoders = encoders
        self._commitment = commitment

    def deliver(self, package: ReportPackage) -> str:
        if self._commitment is None:
            documents = self._documents(package)
            with associate(self._peer, _contexts(documents)) as association:
                return ", ".join(self._store(association, document) for document in documents)
        from wetread.dicom.commitment_message import COMMITMENT, Reference
        from wetread.dicom.commitment_scu import delivery_name

        commitment, of = self._commitment, delivery_name(package)
        if receipt := commitment.book.receipt(self.name, of):
            return receipt
        documents = self._documents(package)
        offers = [*_contexts(documents), (COMMITMENT, UNCOMPRESSED)]
        with associate(self._peer, offers) as association:
            commitment.begin(association)
            for document in documents:
                self._store(association, document)
            stored = [Reference(str(each.SOPClassUID), str(each.SOPInstanceUID)) for each in documents]
            return commitment.ask(association, self.name, of, stored)

    def _documents(self, package: ReportPackage) -> "list[Dataset]":
        from pydicom import dcmread

        made = (encode(package) for encode in self._encoders)
        return [dcmread(BytesIO(document)) for document in made if document is not None]

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


def _contexts(documents: "Sequence[Dataset]") -> list[tuple[str, Sequence[str]]]:
    return [(str(uid), UNCOMPRESSED) for uid in dict.fromkeys(each.SOPClassUID for each in documents)]
