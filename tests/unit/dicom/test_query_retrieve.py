"""What a peer's timing decides: a query cancelled between two answers, and a peer that stops reading."""

from io import BytesIO
from queue import Queue
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

from pynetdicom import build_context
from pynetdicom.dimse_primitives import C_FIND
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind

from wetread.dicom.dimse_archive import Attributes, OwnArchive
from wetread.dicom.dimse_stream import PacedProvider
from wetread.dicom.query_retrieve import QueryRetrieve
from wetread.domain.audit import AuditEvent
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.testing.builders import a_header, a_vault_instance, an_identity
from wetread.testing.memory_vault import MemoryVault

FIND = StudyRootQueryRetrieveInformationModelFind
_IDENTIFIER = b"\x08\0\x52\0CS\x06\0STUDY " + b"\x20\0\x0d\0UI\0\0"


def five_studies() -> MemoryVault:
    vault = MemoryVault()
    for number in range(5):
        header = a_header(study_instance_uid=f"1.2.{number}", identity=an_identity(study_id=str(number)))
        vault.admit(
            [a_vault_instance(study_key=StudyKey(str(number)), instance_key=InstanceKey(str(number)), header=header)]
        )
    return vault


class Dimse:
    """Keeps what is sent; after `until` answers the peer has cancelled."""

    def __init__(self, until: int) -> None:
        self.sent: list[int] = []
        self.cancel_req: dict[int, object] = {}
        self._until = until

    def take_identifier(self, _: object) -> bytes:
        return _IDENTIFIER

    def send_msg(self, answer: Any, _: int) -> None:
        self.sent.append(answer.Status)
        if len(self.sent) == self._until:
            self.cancel_req[answer.MessageIDBeingRespondedTo] = object()


def _ask(dimse: Dimse, audited: list[AuditEvent]) -> None:
    attributes = Attributes(lambda study: {"0020000D": {"vr": "UI", "Value": [study.study_instance_uid]}}, dict, dict)  # type: ignore[arg-type]
    archive = OwnArchive(five_studies(), None, attributes, lambda _: (), audited.extend)  # type: ignore[arg-type]
    request = C_FIND()
    request.MessageID, request.AffectedSOPClassUID, request.Identifier = 7, FIND, BytesIO(_IDENTIFIER)
    context = build_context(FIND, "1.2.840.10008.1.2.1")
    association = SimpleNamespace(dimse=dimse, is_established=True, requestor=SimpleNamespace(ae_title="VIEWER"))
    served = QueryRetrieve(archive, {}, ae_title="WETREAD", max_matches=10, max_instances=10)
    served.serve(association, request, context)


def test_a_cancelled_query_ends_with_fe00() -> None:
    dimse, audited = Dimse(until=2), list[AuditEvent]()
    _ask(dimse, audited)
    assert dimse.sent == [0xFF00, 0xFF00, 0xFE00]
    assert [(each.action, each.actor_id, each.outcome) for each in audited] == [
        ("dimse.query", "dimse@VIEWER", "success")
    ]


def test_a_query_that_is_not_cancelled_ends_with_success() -> None:
    dimse = Dimse(until=0)
    _ask(dimse, [])
    assert dimse.sent == [0xFF00] * 5 + [0x0000]


class Peer:
    """An association whose other side reads a PDU each time it is told to."""

    is_established, is_requestor, is_acceptor = True, False, True

    def __init__(self, time_out_s: float) -> None:
        self.hung_up = Event()
        self.dul = SimpleNamespace(to_provider_queue=Queue(), socket=SimpleNamespace(socket=self), send_pdu=self._queue)
        self.requestor = SimpleNamespace(maximum_length=1000)
        self.dimse_timeout, self.most = time_out_s, 0
        self._handlers: dict[object, object] = {}
        self.get_handlers = lambda _: []

    def _queue(self, pdu: object) -> None:
        self.dul.to_provider_queue.put(pdu)
        self.most = max(self.most, self.dul.to_provider_queue.qsize())

    def shutdown(self, _: int) -> None:
        self.hung_up.set()


def _message(size_bytes: int) -> C_FIND:
    answer = C_FIND()
    answer.MessageIDBeingRespondedTo, answer.AffectedSOPClassUID, answer.Status = 1, FIND, 0xFF00
    answer.Identifier = BytesIO(bytes(size_bytes))
    return answer


def test_what_is_sent_is_never_queued_whole() -> None:
    peer = Peer(time_out_s=120)
    sending = Thread(target=PacedProvider(peer).send_msg, args=(_message(200_000), 1))
    sending.start()
    read = 0
    while sending.is_alive() or not peer.dul.to_provider_queue.empty():
        read += len(peer.dul.to_provider_queue.get(timeout=120).presentation_data_value_list[0][1]) - 1
    assert read > 200_000
    assert peer.most <= 8
    assert not peer.hung_up.is_set()


def test_a_peer_that_stops_reading_is_hung_up_on() -> None:
    peer = Peer(time_out_s=0.05)
    PacedProvider(peer).send_msg(_message(200_000), 1)
    assert peer.hung_up.is_set()
    assert peer.most <= 8


def test_a_peers_longest_pdu_is_kept_within_ours() -> None:
    peer, lengths = Peer(1), {}
    for asked in (0, 1, 16384, 1 << 30):
        peer.requestor.maximum_length = asked
        lengths[asked] = PacedProvider(peer).maximum_pdu_size
    assert lengths == {0: 131072, 1: 128, 16384: 16384, 1 << 30: 131072}
