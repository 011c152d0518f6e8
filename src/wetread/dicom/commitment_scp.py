"""Storage commitment as SCP (PS3.4 annex J) for what was stored here: asked by N-ACTION, answered by N-EVENT-REPORT from the bytes themselves, hashed anew.

| FailureReason | here (PS3.3 §C.14.1.1) |
|---|---|
| 0110 | the stored bytes are missing, or no longer have their hash |
| 0112 | not stored here |
| 0119 | stored here as another SOP class |

The report goes over the same association. Where its end comes first it goes over one of our own, to the address that the settings have for that AE title, three times at most; who hears nothing asks again.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO

from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_ACTION, N_EVENT_REPORT
from pynetdicom.dsutils import encode
from pynetdicom.presentation import PresentationContext

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
from wetread.dicom.remote_ae import UNCOMPRESSED, RemoteAe, associate
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import PermanentError, WetreadError
from wetread.domain.identifiers import StudyKey
from wetread.ports.file_store import FileStore
from wetread.ports.vault import Search, Vault, VaultInstance

__all__ = ["CommitmentScp", "answer_report", "is_commitment", "report_to"]

_LOG = logging.getLogger(__name__)
_SUCCESS, _NOT_AUTHORISED, _NO_ACTION, _NO_INSTANCE, _BAD_ARGUMENT, _FAILED = 0, 0x0124, 0x0123, 0x0112, 0x0115, 0x0110
_DAMAGED, _UNKNOWN, _OTHER_CLASS = 0x0110, 0x0112, 0x0119
_ALL_KEPT, _SOME_NOT = 1, 2
_AT_ONCE = 500
_AGAIN_AFTER_S = (0.0, 60.0, 600.0)
_MOST_WAITING = 200
_MOMENT_S = 1.0


@dataclass
class CommitmentScp:
    """`remotes`: how to call an AE title back; `take_report`: what becomes of reports on what we stored elsewhere. `audit` raises where it cannot write. `passing`: of these studies, those that may be dropped again; nothing of them is committed to."""

    vault: Vault
    files: FileStore
    audit: Callable[[Iterable[AuditEvent]], None]
    remotes: Mapping[str, RemoteAe]
    take_report: Report | None = None
    passing: Callable[[Collection[StudyKey]], Collection[StudyKey]] = lambda _: ()
    again_after_s: Sequence[float] = _AGAIN_AFTER_S
    _unanswered: dict[Association, dict[int, CommitmentMessage]] = field(default_factory=dict)
    _waiting: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, association: Association, request: N_ACTION, context: PresentationContext, *, stores: bool) -> None:
        """Answers the N-ACTION, then looks at every byte, then reports."""
        status, asked = self._understood(association, request, context, stores=stores)
        answer = N_ACTION()
        answer.MessageIDBeingRespondedTo, answer.Status = request.MessageID, status
        answer.AffectedSOPClassUID, answer.AffectedSOPInstanceUID = COMMITMENT, COMMITMENT_INSTANCE
        answer.ActionTypeID = request.ActionTypeID
        association.dimse.send_msg(answer, context.context_id)
        if asked is None:
            return
        report = self.judged(asked)
        actor = f"dimse@{_caller(association)}"
        counts = (("committed", str(len(report.references))), ("failed", str(len(report.failed))))
        self.audit([AuditEvent("dimse.commit", actor, "incomplete" if report.failed else "success", detail=counts)])
        self._report(association, context, request.MessageID, report)

    def judged(self, asked: CommitmentMessage) -> CommitmentMessage:
        """What is durable and whole here, and what is not."""
        found = self._found([each.sop_instance_uid for each in asked.references])
        reasons = {each: self._reason(each, found.get(each.sop_instance_uid)) for each in asked.references}
        return CommitmentMessage(
            asked.transaction_uid,
            tuple(each for each, reason in reasons.items() if not reason),
            tuple(Uncommitted(each, reason) for each, reason in reasons.items() if reason),
        )

    def answered(self, association: Association, answer: N_EVENT_REPORT) -> None:
        """To a report of ours: whatever its status, it was heard."""
        with self._lock:
            self._unanswered.get(association, {}).pop(answer.MessageIDBeingRespondedTo, None)

    def reported(
        self, association: Association, request: N_EVENT_REPORT, context: PresentationContext, *, reports: bool
    ) -> None:
        """On what was stored elsewhere."""
        answer_report(association, request, context, _caller(association), self.take_report if reports else None)

    def ended(self, association: Association) -> None:
        """What was not heard over it goes another way."""
        with self._lock:
            left = self._unanswered.pop(association, {})
        for report in left.values():
            self._later(_caller(association), report, 0)

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
        self, association: Association, context: PresentationContext, number: int, report: CommitmentMessage
    ) -> None:
        if not _goes_on(association):
            self._later(_caller(association), report, 0)
            return
        request, syntax = N_EVENT_REPORT(), context.transfer_syntax[0]
        request.MessageID, request.EventTypeID = number, _kind(report)
        request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = COMMITMENT, COMMITMENT_INSTANCE
        content = encode(write_message(report), syntax.is_implicit_VR, syntax.is_little_endian)
        request.EventInformation = BytesIO(content or b"")
        with self._lock:
            self._unanswered.setdefault(association, {})[number] = report
        association.dimse.send_msg(request, context.context_id)

    def _later(self, caller: str, report: CommitmentMessage, attempt: int) -> None:
        with self._lock:
            given_up = (
                self.remotes.get(caller) is None or attempt >= len(self.again_after_s) or self._waiting >= _MOST_WAITING
            )
            self._waiting += 0 if given_up else 1
        if given_up:
            _LOG.warning(
                "commitment not reported to %s: it ended the association, and cannot be called; it has to ask again",
                caller,
            )
            return
        timer = threading.Timer(self.again_after_s[attempt], self._call, (caller, report, attempt))
        timer.daemon = True
        timer.start()

    def _call(self, caller: str, report: CommitmentMessage, attempt: int) -> None:
        with self._lock:
            self._waiting -= 1
        try:
            status = report_to(self.remotes[caller], report)
        except WetreadError as error:
            _LOG.warning("commitment not reported to %s: %s", caller, error.code)
            status = _FAILED
        if status != _SUCCESS:
            self._later(caller, report, attempt + 1)


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


def report_to(peer: RemoteAe, report: CommitmentMessage) -> int:
    """Over an association of our own, in which we are the SCP (PS3.4 §J.3.3); the status of its answer, 0110 for none. Raises as `associate`."""
    offer = [(COMMITMENT, UNCOMPRESSED)]
    with associate(peer, offer, roles={COMMITMENT: (False, True)}) as association:
        said, _ = association.send_n_event_report(write_message(report), _kind(report), COMMITMENT, COMMITMENT_INSTANCE)
        return int(said.get("Status", _FAILED))


def is_commitment(context: PresentationContext | None) -> bool:
    return context is not None and str(context.abstract_syntax) == COMMITMENT


def _caller(association: Association) -> str:
    return str(association.requestor.ae_title).strip()


def _goes_on(association: Association) -> bool:
    """Many ask, are answered and release; a report that crosses their release confuses some. So they are given a moment, unless they ask on."""
    ends = time.monotonic() + _MOMENT_S
    while time.monotonic() < ends:
        if not association.is_established or association.dul.peek_next_pdu() is not None:
            return False  # a release or an abort waits to be answered
        if association.dimse.msg_queue.qsize():
            return True
        time.sleep(0.01)
    return True


def _kind(report: CommitmentMessage) -> int:
    return _SOME_NOT if report.failed else _ALL_KEPT
