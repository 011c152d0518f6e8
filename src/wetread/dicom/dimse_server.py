"""The connections of the DIMSE door: how one begins, which of its requests are ours to answer, and what happens when it ends (pynetdicom's server, handler and association, made ours)."""

import logging
import socket
import ssl
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_ACTION, N_EVENT_REPORT
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from wetread.dicom.commitment_scp import CommitmentScp, is_commitment
from wetread.dicom.dimse_greeting import GreetingRefused, NothingSaid, first_byte, greeted
from wetread.dicom.dimse_stream import BoundedSocket, SpoolingProvider
from wetread.dicom.query_retrieve import MODELS
from wetread.domain.acting_from import acting_from
from wetread.domain.upkeep import DoorCounts

if TYPE_CHECKING:
    from wetread.dicom.dimse import DimseDoor

__all__ = ["DoorAssociation", "DoorHandler", "DoorServer", "on_close"]

_log = logging.getLogger(__name__)
_MOST_STRANGERS = 16


class DoorHandler(RequestHandler):  # type: ignore[misc]
    """A new connection: its socket and its messages are ours (`dimse_stream`)."""

    server: "DoorServer"

    def _create_association(self) -> Association:
        association, door = super()._create_association(), self.server.door
        association.__class__, association.door = DoorAssociation, door
        # Not a second socket object: this one has announced itself to the state machine already.
        association.dul.socket.__class__ = BoundedSocket
        association.dul.socket.pdu_s = door.limits.pdu_s
        association.dimse = SpoolingProvider(association, door.receive, door.limits.max_instance_bytes)
        return association


class DoorAssociation(Association):  # type: ignore[misc]
    """Queries, retrieves and commitments are answered by us, everything else by pynetdicom."""

    door: "DimseDoor"
    has_asked = False

    def _serve_request(self, message: Any, context_id: int) -> None:
        with acting_from(self.requestor.address):
            self._answer(message, context_id)

    def _answer(self, message: Any, context_id: int) -> None:
        models, context = MODELS.get(type(message)), self._accepted_cx.get(context_id)
        answers, commitment = self.door.query_retrieve, self.door.commitment
        if isinstance(message, N_ACTION | N_EVENT_REPORT) and commitment is not None and is_commitment(context):
            self._commit(commitment, message, context)
        elif models is None or self._sent_release:
            super()._serve_request(message, context_id)
        elif answers is None or context is None or not _fits(message, context, models):
            self.abort()
        else:
            self.dimse.cancel_req = {}  # of requests answered before
            self._is_paused = True  # the sub-operations' answers are read by whoever asked
            with self.door.serving:
                answers.serve(self, message, context)
            self._is_paused = False

    def _commit(self, commitment: CommitmentScp, message: Any, context: PresentationContext) -> None:
        if isinstance(message, N_ACTION) and message.is_valid_request:
            with self.door.serving:
                commitment.serve(self, message, context, stores=self.door.services(self).stores)
        elif isinstance(message, N_EVENT_REPORT) and message.is_valid_response:
            commitment.answered(self, message)
        elif isinstance(message, N_EVENT_REPORT) and message.is_valid_request:
            commitment.reported(self, message, context, reports=self.door.services(self).reports)
        else:
            self.abort()


def on_close(event: evt.Event) -> None:
    """Whatever was on its way ends."""
    association = event.assoc
    association.dimse.discard_all()
    if association.door.commitment is not None:
        association.door.commitment.ended(association)
    if not association.has_asked:
        association.has_asked = True
        association.door.turned_away(association.requestor.address, "no_association")


def _fits(message: Any, context: PresentationContext, models: Collection[str]) -> bool:
    """A request in the context that was negotiated for it, which only queriers have."""
    model = str(context.abstract_syntax)
    return message.is_valid_request and model in models and str(message.AffectedSOPClassUID) == model


class DoorServer(ThreadedAssociationServer):  # type: ignore[misc]
    request_queue_size = 128
    daemon_threads = True
    door: "DimseDoor"
    tls: ssl.SSLContext | None = None

    def verify_request(self, request: object, client_address: tuple[str, int]) -> bool:
        """Of those who may not call, a few at a time are heard for a moment, so that a modality at the wrong address is written down, and who only looks whether somebody listens is not."""
        if not self.door.callers.admits(client_address[0]):
            return self.door.strangers.number < _MOST_STRANGERS
        return not self.door.is_crowded

    def process_request_thread(self, request: socket.socket, client_address: tuple[str, int]) -> None:
        """In a thread of its own, so that nobody waits for another's handshake (pynetdicom would shake hands where it accepts)."""
        try:
            secured = self._greeted(request, client_address[0])
        except NothingSaid:
            self.door.tally.add(DoorCounts(unused=1))
            self.shutdown_request(request)
        except GreetingRefused as refused:
            self.door.turned_away(client_address[0], refused.code)
            self.shutdown_request(request)
        except OSError as error:
            _log.info("connection ended: %s from %s", type(error).__name__, client_address[0])
            self.shutdown_request(request)
        else:
            super().process_request_thread(secured, client_address)

    def _greeted(self, request: socket.socket, address: str) -> socket.socket:
        if self.door.callers.admits(address):
            with self.door.greeting:
                return greeted(request, self.tls, self.door.limits.artim_s)
        with self.door.strangers:
            first_byte(request, self.door.limits.artim_s)
            raise GreetingRefused("address_unknown")
