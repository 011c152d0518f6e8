"""What storage commitment says (PS3.4 annex J): which instances somebody asks us to answer for, and what of them is kept. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from pydicom.dataset import Dataset

from wetread.dicom.byte_source import BytesSource
from wetread.dicom.limits import Limits
from wetread.dicom.part10 import Level, Walk
from wetread.dicom.transfer_syntax import TRANSFER_SYNTAXES
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import is_valid_uid

__all__ = [
    "COMMITMENT",
    "COMMITMENT_INSTANCE",
    "CommitmentMessage",
    "Reference",
    "Report",
    "Uncommitted",
    "read_message",
    "write_message",
]

COMMITMENT, COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"
_TRANSACTION, _REFERENCED, _FAILED = 0x00081195, 0x00081199, 0x00081198
_CLASS, _INSTANCE, _REASON = 0x00081150, 0x00081155, 0x00081197
_MAX_BYTES = 256 * 1024
_MOST_REFERENCES = 2000
_BOUNDS = Limits(nesting_depth=4, elements=20_000, header_bytes=_MAX_BYTES, value_bytes=_MAX_BYTES)


@dataclass(frozen=True, slots=True)
class Reference:
    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class Uncommitted:
    """`reason`: FailureReason, PS3.3 §C.14.1.1."""

    reference: Reference
    reason: int


@dataclass(frozen=True, slots=True)
class CommitmentMessage:
    """A request: references alone. A report: what is kept, and what is not."""

    transaction_uid: str
    references: tuple[Reference, ...]
    failed: tuple[Uncommitted, ...] = ()


Report = Callable[[str, CommitmentMessage], int]
"""Takes an AE title's report; gives the status of the answer."""


class _Items(Walk):
    """Keeps the short values of every item with the sequence that it is in."""

    def run(self) -> None:
        self.items: list[tuple[int, dict[int, bytes]]] = []
        self._opened = 0
        super().run()

    def begun(self, tag: int, item: Level) -> None:
        self._opened = tag

    def entered(self, level: Level, parent: Level) -> None:
        if not level.is_item:
            level.holder = [self._opened]
        elif parent.holder is not None:
            level.holder = [{}]
            self.items.append((parent.holder[0], level.holder[0]))

    def found(self, tag: int, vr: str, length: int, item: Level) -> None:
        if item.holder is not None and length <= 64:
            item.holder[0][tag] = self._source.read(self._position, length)


def read_message(content: bytes, transfer_syntax_uid: str) -> CommitmentMessage:
    """Raises HostileInput for bytes that are no data set, PermanentError 'bad_commitment' for one that names nothing, too much, or no UIDs."""
    syntax = TRANSFER_SYNTAXES[transfer_syntax_uid]
    walk = _Items(BytesSource(content), 0, syntax, {_TRANSACTION}, frozenset(), _BOUNDS)
    walk.run()
    transaction = walk.data_set.values.get(_TRANSACTION)
    uid = _text(transaction.value if transaction else b"")
    kept = tuple(_reference(item) for sequence, item in walk.items if sequence == _REFERENCED)
    width = "big" if syntax.big_endian else "little"
    failed = tuple(
        Uncommitted(_reference(item), int.from_bytes(item.get(_REASON, b"")[:2], width))  # type: ignore[arg-type]
        for sequence, item in walk.items
        if sequence == _FAILED
    )
    if not is_valid_uid(uid) or not (kept or failed) or len(kept) + len(failed) > _MOST_REFERENCES:
        raise PermanentError("a commitment names a transaction and 1 to 2000 instances", code="bad_commitment")
    return CommitmentMessage(uid, kept, failed)


def write_message(message: CommitmentMessage) -> Dataset:
    """As action or event information; an empty sequence is left out (PS3.4 table J.3-2)."""
    said = Dataset()
    said.TransactionUID = message.transaction_uid
    if message.references:
        said.ReferencedSOPSequence = [_item(each) for each in message.references]
    if message.failed:
        said.FailedSOPSequence = [_item(each.reference, each.reason) for each in message.failed]
    return said


def _item(reference: Reference, reason: int | None = None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = reference.sop_class_uid
    item.ReferencedSOPInstanceUID = reference.sop_instance_uid
    if reason is not None:
        item.FailureReason = reason
    return item


def _reference(item: dict[int, bytes]) -> Reference:
    found = Reference(_text(item.get(_CLASS, b"")), _text(item.get(_INSTANCE, b"")))
    if not (is_valid_uid(found.sop_class_uid) and is_valid_uid(found.sop_instance_uid)):
        raise PermanentError("a referenced instance has no UIDs", code="bad_commitment")
    return found


def _text(value: bytes) -> str:
    return value.rstrip(b"\0 ").decode("latin-1")
