"""Storage commitment as SCU (PS3.4 annex J): after results were stored their receiver is asked to answer for them; its report is awaited for a moment over the same association, and then at our door."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydicom.uid import generate_uid
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_EVENT_REPORT
from pynetdicom.presentation import PresentationContext

from wetread.delivery.commitment_book import CommitmentBook
from wetread.dicom.commitment_message import (
    COMMITMENT,
    COMMITMENT_INSTANCE,
    CommitmentMessage,
    Reference,
    Report,
    write_message,
)
from wetread.dicom.commitment_scp import answer_report, is_commitment
from wetread.dicom.query_scu import no_file, spooled
from wetread.domain.errors import PermanentError, TransientError
from wetread.ports.sink import ReportPackage

__all__ = ["CommitmentScu", "delivery_name", "take_report"]

_SUCCESS, _NOT_ASKED = 0x0000, 0x0112


def delivery_name(package: ReportPackage) -> str:
    return f"{package.study_key}:{package.report.version}"


def take_report(book: CommitmentBook) -> Report:
    """What the door does with a report: 0112 for a transaction that was not asked of that AE title."""

    def take(ae_title: str, report: CommitmentMessage) -> int:
        committed = [each.sop_instance_uid for each in report.references]
        told = book.answer(ae_title, report.transaction_uid, committed, [each.reason for each in report.failed])
        return _NOT_ASKED if told is None else _SUCCESS

    return take


@dataclass
class CommitmentScu:
    """Of one receiver; one delivery at a time. `wait_s`: how long the report is awaited over the association."""

    book: CommitmentBook
    ae_title: str
    wait_s: float = 5.0
    new_uid: Callable[[], str] = field(default=lambda: str(generate_uid(prefix=None)))
    _came: threading.Event = field(default_factory=threading.Event)

    def begin(self, association: Association) -> None:
        """Before anything is stored over it."""
        if all(str(each.abstract_syntax) != COMMITMENT for each in association.accepted_contexts):
            raise PermanentError(
                f"{self.ae_title} does not offer storage commitment: let it, or take commitment out of we_use",
                code="service_refused",
            )
        spooled(association, no_file, 0)
        self._came.clear()
        association.__class__, association.heard = _Asking, self._heard

    def ask(self, association: Association, sink: str, of: str, stored: Sequence[Reference]) -> str:
        """A receipt once all of it is committed. Raises TransientError 'commitment_awaited' or 'commitment_failed': the delivery is tried again."""
        uid = self.new_uid()
        self.book.ask(uid, sink, of, self.ae_title, [each.sop_instance_uid for each in stored])
        message = write_message(CommitmentMessage(uid, tuple(stored)))
        said, _ = association.send_n_action(message, 1, COMMITMENT, COMMITMENT_INSTANCE)
        status = said.get("Status")
        if status != _SUCCESS:
            words = "nothing" if status is None else f"status 0x{status:04X}"
            self.book.answer(self.ae_title, uid, (), (status or 0,))
            raise TransientError(
                f"{self.ae_title} answers a request for commitment with {words}", code="commitment_failed"
            )
        self._came.wait(self.wait_s)
        return self.book.outcome(self.ae_title, uid)

    def _heard(self, association: Association, message: N_EVENT_REPORT, context: PresentationContext) -> None:
        answer_report(association, message, context, self.ae_title, take_report(self.book))
        self._came.set()  # only now: whoever waits for it releases the association


class _Asking(Association):  # type: ignore[misc]
    """Its reports are ours to answer."""

    heard: Callable[[Association, N_EVENT_REPORT, PresentationContext], None]

    def _serve_request(self, message: Any, context_id: int) -> None:
        context = self._accepted_cx.get(context_id)
        is_report = isinstance(message, N_EVENT_REPORT) and message.is_valid_request
        if is_report and is_commitment(context):
            self.heard(self, message, context)
        else:
            super()._serve_request(message, context_id)
