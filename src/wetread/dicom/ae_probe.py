"""What a DICOM application entity accepts (PS3.8 presentation contexts) and whether it answers C-ECHO: one association that negotiates everything and transfers nothing."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wetread.dicom.remote_ae import UNCOMPRESSED, VERIFICATION, RemoteAe, associate
from wetread.domain.capability import Capability, Verdict

if TYPE_CHECKING:
    from pynetdicom.association import Association

__all__ = ["echoed", "probe_ae"]

_DX = "1.2.840.10008.5.1.4.1.1.1.1"
_CLASSES = (
    ("Storage", "computed radiography", "1.2.840.10008.5.1.4.1.1.1"),
    ("Storage", "digital X-ray", _DX),
    ("Storage", "secondary capture", "1.2.840.10008.5.1.4.1.1.7"),
    ("Storage", "comprehensive SR", "1.2.840.10008.5.1.4.1.1.88.33"),
    ("Storage", "presentation state", "1.2.840.10008.5.1.4.1.1.11.1"),
    ("Storage", "segmentation", "1.2.840.10008.5.1.4.1.1.66.4"),
    ("Query/Retrieve", "C-FIND, study root", "1.2.840.10008.5.1.4.1.2.2.1"),
    ("Query/Retrieve", "C-MOVE, study root", "1.2.840.10008.5.1.4.1.2.2.2"),
    ("Query/Retrieve", "C-GET, study root", "1.2.840.10008.5.1.4.1.2.2.3"),
    ("Worklist", "modality worklist C-FIND", "1.2.840.10008.5.1.4.31"),
    ("Commitment", "storage commitment, push model", "1.2.840.10008.1.20.1"),
)
_SYNTAXES = (
    ("JPEG Lossless SV1", "1.2.840.10008.1.2.4.70"),
    ("JPEG-LS Lossless", "1.2.840.10008.1.2.4.80"),
    ("JPEG 2000 Lossless", "1.2.840.10008.1.2.4.90"),
    ("HTJ2K Lossless", "1.2.840.10008.1.2.4.201"),
    ("RLE Lossless", "1.2.840.10008.1.2.5"),
)


def probe_ae(peer: RemoteAe) -> Iterator[Capability]:
    """Raises TransientError when the neighbour is not reached, PermanentError when it rejects the association."""
    offers = [
        (VERIFICATION, UNCOMPRESSED),
        *((uid, UNCOMPRESSED) for _, _, uid in _CLASSES),
        *((_DX, (uid,)) for _, uid in _SYNTAXES),
    ]
    with associate(peer, offers) as association:
        accepted = {(str(each.abstract_syntax), str(each.transfer_syntax[0])) for each in association.accepted_contexts}
        classes = {uid for uid, _ in accepted}
        yield Capability(
            "Verification", "C-ECHO", *(echoed(association) if VERIFICATION in classes else _verdict(accepted=False))
        )
        for service, name, uid in _CLASSES:
            yield Capability(service, name, *_verdict(accepted=uid in classes))
        for name, uid in _SYNTAXES:
            yield Capability("Storage", f"digital X-ray in {name}", *_verdict(accepted=(_DX, uid) in accepted))


def _verdict(*, accepted: bool) -> tuple[Verdict, str]:
    return (Verdict.YES, "") if accepted else (Verdict.NO, "not accepted")


def echoed(association: "Association") -> tuple[Verdict, str]:
    """What becomes of a C-ECHO (PS3.7 §9.1.5), and the status where it is none of success."""
    status = getattr(association.send_c_echo(), "Status", None)
    if status == 0x0000:
        return Verdict.YES, ""
    return Verdict.NO, "no answer" if status is None else f"status 0x{status:04X}"
