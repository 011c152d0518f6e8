"""The DIMSE door: who may associate and for what, and C-STORE and C-ECHO as SCP (PS3.4 Annex B and A, PS3.7 §9.1.1 and §9.1.5). `query_retrieve` answers the rest.

| outcome | status | meaning (PS3.4 Table B.2-1, PS3.7 Annex C) |
|---|---|---|
| stored, duplicate (same data set) | 0000 | durable here |
| conflict | 0111 | duplicate SOP instance, other content: the first is kept. Not B00E: a warning would read as stored |
| identity_conflict | C001 | cannot understand: the study belongs to another patient |
| claim_mismatch | A900 | data set does not match the command's SOP class or instance |
| refused | C000 | cannot understand: malformed or over a limit |
| storage_full | A700 | out of resources: send again later |
| unavailable | A701 | out of resources: something is down, send again later |
| (none) | 0124 | the caller may query and retrieve, not store |

A port of it speaks TLS or it does not (`dimse_greeting`). It runs in a process of its own (`run_dimse`): pynetdicom costs 60 MB and its threads the interpreter.
"""

import logging
import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from pydicom.config import IGNORE
from pydicom.config import settings as pydicom_settings
from pydicom.dataset import Dataset
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association

from wetread.dicom.commitment_scp import CommitmentScp
from wetread.dicom.dimse_callers import Callers
from wetread.dicom.dimse_contexts import Services, contexts_for
from wetread.dicom.dimse_refusals import Tally, advice, shown
from wetread.dicom.dimse_server import DoorHandler, DoorServer, on_close
from wetread.dicom.dimse_stream import (
    MAX_PDU_BYTES,
    Spool,
)
from wetread.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from wetread.dicom.query_retrieve import QueryRetrieve
from wetread.dicom.tls_profile import OurTls, accepting
from wetread.domain.acting_from import acting_from
from wetread.domain.audit import AuditEvent
from wetread.domain.errors import TransientError
from wetread.domain.once_per_hour import OncePerHour
from wetread.domain.upkeep import DoorCounts
from wetread.ingest.outcome import Claim, InstanceOutcome, Outcome
from wetread.ports.file_store import IncomingFile

__all__ = ["Desk", "DimseDoor", "DimseLimits", "run_dimse"]

_log = logging.getLogger(__name__)

_STATUS = {
    Outcome.STORED: 0x0000,
    Outcome.DUPLICATE: 0x0000,
    Outcome.CONFLICT: 0x0111,
    Outcome.IDENTITY_CONFLICT: 0xC001,
    Outcome.CLAIM_MISMATCH: 0xA900,
    Outcome.REFUSED: 0xC000,
    Outcome.STORAGE_FULL: 0xA700,
    Outcome.UNAVAILABLE: 0xA701,
}
_NOT_AUTHORISED = 0x0124
_COMMENT_CHARACTERS = 64
_CALLER_NOT_RECOGNISED, _CALLED_NOT_RECOGNISED, _TOO_MANY = (0x01, 0x01, 0x03), (0x01, 0x01, 0x07), (0x02, 0x03, 0x02)
"""Result, source and reason of A-ASSOCIATE-RJ (PS3.8 §9.3.4)."""


@dataclass(frozen=True, slots=True)
class DimseLimits:
    """`artim_s` is how long a connection may wait before it says anything, finishes its TLS handshake, asks for an association (PS3.8 §9.1.5), each; `pdu_s` how long one PDU may take, `idle_s` how long there may be none."""

    max_associations: int = 64
    max_instance_bytes: int = 2 * 1024**3
    artim_s: float = 10.0
    pdu_s: float = 10.0
    idle_s: float = 120.0
    drain_s: float = 25.0
    max_matches: int = 2000
    max_retrieved_instances: int = 10_000


class _Files(Protocol):
    def receive(self) -> IncomingFile: ...


class Desk(Protocol):
    """Where a door brings instances: the reception, or who waits for those of a retrieve."""

    @property
    def files(self) -> _Files: ...
    def receive(self, incoming: Sequence[IncomingFile], sender: str, claim: Claim) -> tuple[InstanceOutcome, ...]: ...
    def turn_away(self, sender: str, error: Exception) -> InstanceOutcome: ...
    def record(self, event: AuditEvent) -> None: ...


class DimseDoor:
    """`callers` may store, `queriers` may query and retrieve; of all these, `secured` in TLS only (`Callers`). Nobody else may associate, and with none listed nobody may.

    `greeting` counts connections that are not yet associations, `strangers` those that will be none; `serving` requests, which `stop` waits for. `tally`: how connections ended that came to nothing.
    """

    def __init__(
        self,
        reception: Desk,
        *,
        ae_title: str,
        callers: Collection[tuple[str, str]],
        queriers: Collection[tuple[str, str]] = (),
        query_retrieve: QueryRetrieve | None = None,
        commitment: CommitmentScp | None = None,
        limits: DimseLimits | None = None,
        secured: Mapping[str, str] = MappingProxyType({}),
        reporters: Collection[tuple[str, str]] = (),
    ) -> None:
        self.limits = limits or DimseLimits()
        self.query_retrieve = query_retrieve
        self.commitment = commitment
        self.receive = reception.files.receive
        self._reception = reception
        self.callers = Callers(
            frozenset(callers), frozenset(queriers) if query_retrieve else frozenset(), secured, reporters
        )
        self._once = OncePerHour()
        self.greeting, self.strangers, self.serving = _Underway(), _Underway(), _Underway()
        self.tally = Tally()
        self._ae = _application_entity(ae_title, self.limits)
        self._servers: list[DoorServer] = []

    def start(self, host: str, port: int, tls: OurTls | None = None) -> int:
        """Listen, once for each port; returns the port (0 picks a free one). Raises PermanentError 'bad_settings' for a certificate that cannot be used."""
        secured = tls and accepting(tls)
        handlers = [
            (evt.EVT_REQUESTED, self._on_requested),
            (evt.EVT_C_STORE, self._on_c_store),
            (evt.EVT_CONN_CLOSE, on_close),
        ]
        server = self._ae.make_server(
            (host, port),
            contexts=contexts_for(Services(stores=False, queries=False)),
            evt_handlers=handlers,
            server_class=DoorServer,
            request_handler=DoorHandler,
        )
        server.door, server.tls = self, secured
        self._ae._servers.append(server)  # where its own `shutdown` looks for it
        threading.Thread(target=server.serve_forever, name="dimse", daemon=True).start()
        self._servers.append(server)
        if not self.callers:
            _log.warning("no caller is allowed to associate: list the modalities and archives that may send")
        return int(server.server_address[1])

    def stop(self) -> None:
        """Stop listening, let what is being received be answered, end the associations."""
        for server in self._servers:
            server.shutdown()
        deadline = time.monotonic() + self.limits.drain_s
        while self._is_busy() and time.monotonic() < deadline:
            time.sleep(0.05)
        self._ae.shutdown()

    def _is_busy(self) -> bool:
        return self.serving.number > 0 or any(each.dimse.is_receiving for each in self._ae.active_associations)

    @property
    def is_crowded(self) -> bool:
        """Connections that have said nothing yet count too."""
        return len(self._ae.active_associations) + self.greeting.number >= 4 * self.limits.max_associations

    def services(self, association: Association) -> Services:
        requestor = association.requestor
        return self.callers.services(requestor.primitive.calling_ae_title.strip(), requestor.address)

    def _on_requested(self, event: evt.Event) -> None:
        association = event.assoc
        association.has_asked = True
        request, address = association.requestor.primitive, association.requestor.address
        services = self.services(association)
        if request.called_ae_title.strip() != self._ae.ae_title.strip():
            self._reject(association, address, _CALLED_NOT_RECOGNISED, "called_ae_unknown")
        elif not (services.stores or services.queries or services.reports):
            self._reject(association, address, _CALLER_NOT_RECOGNISED, "calling_ae_unknown")
        elif missed := self.callers.misses(request.calling_ae_title.strip(), association.dul.socket.socket):
            self._reject(association, address, _CALLER_NOT_RECOGNISED, missed)
        elif sum(each.is_established for each in self._ae.active_associations) >= self.limits.max_associations:
            self._reject(association, address, _TOO_MANY, "too_many_associations")
        else:
            association.acceptor.supported_contexts = contexts_for(services)
            association.dimse.takes_instances = services.stores

    def turned_away(self, address: str, code: str, titles: str = "") -> None:
        """Somebody was, and is written down."""
        _log.warning("association rejected: %s from %s%s: %s", code, address, titles, advice(code))
        if self._once.is_new((address, code)):
            with acting_from(address):
                self._reception.record(AuditEvent("association.reject", f"dimse@{address}", code))
        self.tally.add(DoorCounts(refused=1))

    def _reject(self, association: Association, address: str, reason: tuple[int, int, int], code: str) -> None:
        request = association.requestor.primitive
        titles = f" ({shown(request.calling_ae_title)} calls {shown(request.called_ae_title)})"
        self.turned_away(address, code, titles)
        association.acse.send_reject(*reason)
        association.kill()

    def _on_c_store(self, event: evt.Event) -> Dataset:
        with self.serving:
            try:
                return self._store(event)
            except Exception as error:  # noqa: BLE001  (whatever it was, the sender must not take it for a success)
                _log.error("C-STORE failed: %s", type(error).__name__)
                return _answer(InstanceOutcome(Outcome.UNAVAILABLE, message="failed: send again later"))

    def _store(self, event: evt.Event) -> Dataset:
        sender = f"dimse@{event.assoc.requestor.ae_title.strip()}"
        spool = event.assoc.dimse.take(event.request.DataSet)
        if self.services(event.assoc).stores:
            return _answer(self._receive(event, sender, spool))
        if spool is not None and spool.file is not None:
            spool.file.discard()
        self._reception.record(AuditEvent("instance.store", sender, "not_authorised"))
        return _refused(_NOT_AUTHORISED, "you may query and retrieve, not store")

    def _receive(self, event: evt.Event, sender: str, spool: Spool | None) -> InstanceOutcome:
        if spool is None or (spool.file is None and spool.error is None):
            return InstanceOutcome(Outcome.REFUSED, "no_data_set", "the request holds no data set")
        if spool.file is None:
            return self._reception.turn_away(sender, spool.error or TransientError("the data set is gone"))
        claim = Claim(
            sop_class_uid=str(event.request.AffectedSOPClassUID),
            sop_instance_uid=str(event.request.AffectedSOPInstanceUID),
        )
        (outcome,) = self._reception.receive([spool.file], sender, claim)
        return outcome


def run_dimse(door: DimseDoor, host: str, ports: Iterable[tuple[int, OurTls | None]], stopped: threading.Event) -> None:
    """Serve at each port, in TLS or not, until `stopped`, then finish what is being received. Raises TransientError 'port_taken' where it cannot listen."""
    for port, tls in ports:
        try:
            opened = door.start(host, port, tls)
        except OSError as error:
            raise TransientError(
                f"the DIMSE door cannot be opened at {host or 'any address'}, port {port} ({error.strerror}): does another process have it? See dimse_host, dimse_port and dimse_tls",
                code="port_taken",
            ) from None
        _log.info("DIMSE door open on port %d%s", opened, " in TLS" if tls else "")
    stopped.wait()
    door.stop()


class _Underway:
    """`number` are in here now, of several threads."""

    def __init__(self) -> None:
        self.number = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self.number += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.number -= 1


def _application_entity(ae_title: str, limits: DimseLimits) -> AE:
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # its logs hold data sets and names
    pydicom_settings.reading_validation_mode = IGNORE  # its warnings quote values; what is wrong is refused further on
    _config.LOG_HANDLER_LEVEL = "none"
    _config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False
    ae = AE(ae_title)
    ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    ae.maximum_pdu_size = MAX_PDU_BYTES
    ae.maximum_associations = 1 << 20  # it counts silent connections too; `_on_requested` counts associations
    ae.acse_timeout = limits.artim_s
    ae.network_timeout = ae.dimse_timeout = limits.idle_s
    return ae


def _answer(outcome: InstanceOutcome) -> Dataset:
    return _refused(_STATUS[outcome.outcome], "" if outcome.outcome.acknowledged else outcome.message)


def _refused(status: int, comment: str) -> Dataset:
    answer = Dataset()
    answer.Status = status
    if comment:
        answer.ErrorComment = comment[:_COMMENT_CHARACTERS]
    return answer
