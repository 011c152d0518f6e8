"""Storage commitment as SCP (PS3.4 annex J) for what was stored here: asked by N-ACTION, answered by N-EVENT-REPORT from the bytes themselves, hashed anew.

| FailureReason | here (PS3.3 §C.14.1.1) |
|---|---|
| 0110 | the stored bytes are missing, or no longer have their hash |
| 0112 | not stored here |
| 0119 | stored here as another SOP class |
| 0131 | all of them: the Transaction UID is in use for another list |

What is asked is durable before it is answered (`delivery.owed_reports`). The report goes over the same association; where its end comes first, or this process's, over one of our own (`commitment_caller`).
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO

from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_ACTION, N_EVENT_REPORT
from pynetdicom.dsutils import encode
from pynetdicom.presentation import PresentationContext

from wetread.delivery.owed_reports import OwedReports
from wetread.dicom.commitment_message import (
    COMMITMENT,
    COMMITMENT_INSTANCE,
    CommitmentMessage,
    Reference,
    Report,
    Uncommitted,
    read_message,
    write_message,
)
from wetread.domain.commitment import OwedReport
from wetread.domain.errors import PermanentError, TransientError, WetreadError
from wetread.domain.identifiers import StudyKey
from wetread.ingest.fault_points import reach
from wetread.ports.commitment_vault import AskedCommitment
from wetread.ports.file_store import FileStore
from wetread.ports.vault import Search, Vault, VaultInstance

__all__ = ["HEARD", "CommitmentScp", "Judge", "answer_report", "is_commitment", "kind_of", "message_of", "not_heard"]

_LOG = logging.getLogger(__name__)
_SUCCESS, _NOT_AUTHORISED, _NO_ACTION, _NO_INSTANCE, _BAD_ARGUMENT, _FAILED = 0, 0x0124, 0x0123, 0x0112, 0x0115, 0x0110
_TOO_MANY = 0x0213
_DAMAGED, _UNKNOWN, _OTHER_CLASS, _UID_IN_USE = 0x0110, 0x0112, 0x0119, 0x0131
_ALL_KEPT, _SOME_NOT = 1, 2
_AT_ONCE = 500
_MOMENT_S = 1.0

HEARD = frozenset({0x0000, 0x0107, 0x0116})
"""Success, and the warnings of PS3.7 annex C."""
Judge = Callable[[OwedReport, CommitmentMessage], CommitmentMessage]
_Unheard = tuple[OwedReport, CommitmentMessage]


@dataclass
class CommitmentScp:
    """`take_report`: what becomes of reports on what we stored elsewhere. `passing`: of these studies, those that may be dropped again; nothing of them is committed to."""

    vault: Vault
    files: FileStore
    owed: OwedReports
    take_report: Report | None = None
    passing: Callable[[Collection[StudyKey]], Collection[StudyKey]] = lambda _: ()
    _unanswered: dict[Association, dict[int, _Unheard]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, association: Association, request: N_ACTION, context: PresentationContext, *, stores: bool) -> None:
        """Answers the N-ACTION once it is written down; looks at every byte and reports, where its asker waits for that."""
        status, asked = self._understood(association, request, context, stores=stores)
        held = None
        if asked is not None:
            status, held = self._written_down(association, asked)
        answer = N_ACTION()
        answer.MessageIDBeingRespondedTo, answer.Status = request.MessageID, status
        answer.AffectedSOPClassUID, answer.AffectedSOPInstanceUID = COMMITMENT, COMMITMENT_INSTANCE
        answer.ActionTypeID = request.ActionTypeID
        association.dimse.send_msg(answer, context.context_id)
        if held is None or asked is None:
            return
        with _its_lease_brings_it_back():
            waits = _waits(association)
            reach("commitment_answered")
            if not (waits and self._report(association, context, request.MessageID, held, asked)):
                self.owed.release(held)

    def judge(self, held: OwedReport, asked: CommitmentMessage) -> CommitmentMessage:
        """Renews the lease as it goes."""
        if held.duplicate:
            failed = (Uncommitted(each, _UID_IN_USE) for each in asked.references)
            return CommitmentMessage(asked.transaction_uid, (), tuple(failed))
        return self.judged(asked, lambda: self.owed.renew(held), self.owed.lease.total_seconds() / 4)

    def judged(
        self, asked: CommitmentMessage, go_on: Callable[[], object] = lambda: None, every_s: float = 15.0
    ) -> CommitmentMessage:
        """What is durable and whole here, and what is not. `go_on` is called now and then."""
        found = self._found([each.sop_instance_uid for each in asked.references])
        reasons, called_at = dict[Reference, int](), time.monotonic()
        for each in asked.references:
            reasons[each] = self._reason(each, found.get(each.sop_instance_uid))
            if time.monotonic() - called_at > every_s:
                go_on()
                called_at = time.monotonic()
        return CommitmentMessage(
            asked.transaction_uid,
            tuple(each for each, reason in reasons.items() if not reason),
            tuple(Uncommitted(each, reason) for each, reason in reasons.items() if reason),
        )

    def answered(self, association: Association, answer: N_EVENT_REPORT) -> None:
        """To a report of ours. What is not taken goes another way."""
        with self._lock:
            unheard = self._unanswered.get(association, {}).pop(answer.MessageIDBeingRespondedTo, None)
        if unheard is None:
            return
        held, report = unheard
        with _its_lease_brings_it_back():
            if answer.Status in HEARD:
                self.owed.told(held, committed=len(report.references), failed=len(report.failed))
            else:
                self.owed.release(held, not_heard(held.ae_title, answer.Status))

    def reported(
        self, association: Association, request: N_EVENT_REPORT, context: PresentationContext, *, reports: bool
    ) -> None:
        """On what was stored elsewhere."""
        answer_report(association, request, context, _caller(association), self.take_report if reports else None)

    def ended(self, association: Association) -> None:
        """What was not heard over it goes another way."""
        with self._lock:
            left = self._unanswered.pop(association, {})
        for held, _ in left.values():
            with _its_lease_brings_it_back():
                self.owed.release(held)

    def _written_down(self, association: Association, asked: CommitmentMessage) -> tuple[int, OwedReport | None]:
        instances = tuple((each.sop_class_uid, each.sop_instance_uid) for each in asked.references)
        address = str(association.requestor.address)
        try:
            held = self.owed.ask(_caller(association), address, AskedCommitment(asked.transaction_uid, instances))
        except WetreadError as error:
            _LOG.warning("commitment refused: %s", error.code)
            return (_TOO_MANY if error.code == "too_many_owed" else _FAILED), None
        reach("commitment_written")
        return _SUCCESS, held

    def _understood(
        self, association: Association, request: N_ACTION, context: PresentationContext, *, stores: bool
    ) -> tuple[int, CommitmentMessage | None]:
        if not stores:
            return _NOT_AUTHORISED, None
        if request.ActionTypeID != 1:
            return _NO_ACTION, None
        if str(request.RequestedSOPInstanceUID) != COMMITMENT_INSTANCE:
            return _NO_INSTANCE, None
        try:
            content = association.dimse.take_identifier(request.ActionInformation)
            return _SUCCESS, read_message(content, str(context.transfer_syntax[0]))
        except WetreadError as error:
            _LOG.warning("commitment refused: %s", error.code)
            return _BAD_ARGUMENT, None

    def _found(self, uids: Sequence[str]) -> dict[str, VaultInstance]:
        found: dict[str, VaultInstance] = {}
        for at in range(0, len(uids), _AT_ONCE):
            some = uids[at : at + _AT_ONCE]
            for each in self.vault.unnamed.search_instances(Search({"SOPInstanceUID": "\\".join(some)}, len(some))):
                found[each.header.sop_instance_uid] = each
        passing = self.passing({each.study_key for each in found.values()})
        return {uid: each for uid, each in found.items() if each.study_key not in passing}

    def _reason(self, reference: Reference, kept: VaultInstance | None) -> int:
        if kept is None:
            return _UNKNOWN
        if kept.header.traits.sop_class_uid != reference.sop_class_uid:
            return _OTHER_CLASS
        try:
            whole = self.files.verify(kept.content_sha256)
        except (PermanentError, OSError):
            whole = False
        return 0 if whole else _DAMAGED

    def _report(
        self,
        association: Association,
        context: PresentationContext,
        number: int,
        held: OwedReport,
        asked: CommitmentMessage,
    ) -> bool:
        """False where its asker did not wait for what was found."""
        report = self.judge(held, asked)
        if _is_ending(association):
            return False
        if not self.owed.renew(held):
            return True  # in other hands by now
        request, syntax = N_EVENT_REPORT(), context.transfer_syntax[0]
        request.MessageID, request.EventTypeID = number, kind_of(report)
        request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = COMMITMENT, COMMITMENT_INSTANCE
        content = encode(write_message(report), syntax.is_implicit_VR, syntax.is_little_endian)
        request.EventInformation = BytesIO(content or b"")
        with self._lock:
            self._unanswered.setdefault(association, {})[number] = held, report
        association.dimse.send_msg(request, context.context_id)
        return True


def answer_report(
    association: Association, request: N_EVENT_REPORT, context: PresentationContext, ae_title: str, take: Report | None
) -> None:
    """Takes `ae_title`'s report and answers it; without `take` it is not authorised."""
    answer = N_EVENT_REPORT()
    answer.MessageIDBeingRespondedTo, answer.EventTypeID = request.MessageID, request.EventTypeID
    answer.AffectedSOPClassUID, answer.AffectedSOPInstanceUID = COMMITMENT, COMMITMENT_INSTANCE
    answer.Status = _NOT_AUTHORISED
    if take:
        try:
            content = association.dimse.take_identifier(request.EventInformation)
            answer.Status = take(ae_title, read_message(content, str(context.transfer_syntax[0])))
        except WetreadError as error:
            _LOG.warning("report of a commitment refused: %s", error.code)
            answer.Status = _BAD_ARGUMENT if isinstance(error, PermanentError) else _FAILED
    association.dimse.send_msg(answer, context.context_id)


def is_commitment(context: PresentationContext | None) -> bool:
    return context is not None and str(context.abstract_syntax) == COMMITMENT


def _caller(association: Association) -> str:
    return str(association.requestor.ae_title).strip()


def _waits(association: Association) -> bool:
    """Many ask, are answered and release; a report that crosses their release confuses some. So they are given a moment, unless they ask on."""
    ends = time.monotonic() + _MOMENT_S
    while time.monotonic() < ends:
        if _is_ending(association):
            return False
        if association.dimse.msg_queue.qsize():
            return True
        time.sleep(0.01)
    return True


def _is_ending(association: Association) -> bool:
    """A release or an abort waits to be answered, or was."""
    return not association.is_established or association.dul.peek_next_pdu() is not None


@contextmanager
def _its_lease_brings_it_back() -> Iterator[None]:
    """What cannot be written of a report now: whoever looks next when its lease has run out does it."""
    try:
        yield
    except TransientError as error:
        _LOG.warning("commitment_waits code=%s", error.code)


def not_heard(ae_title: str, status: int | None) -> str:
    """In words; None: no status came."""
    said = "nothing" if status is None else f"status 0x{status:04X}"
    return f"{ae_title} answers the report on its storage commitment with {said}: look into its log"


def message_of(asked: AskedCommitment) -> CommitmentMessage:
    return CommitmentMessage(asked.transaction_uid, tuple(Reference(*each) for each in asked.instances))


def kind_of(report: CommitmentMessage) -> int:
    """Event Type ID (PS3.4 table J.3-2)."""
    return _SOME_NOT if report.failed else _ALL_KEPT
