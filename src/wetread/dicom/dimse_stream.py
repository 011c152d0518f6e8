"""Brings a C-STORE's data set from the socket to an incoming file without keeping it in memory or decoding it (PS3.7 §9.3.1, PS3.8 §9.3.5), sends no faster than the peer reads, and
bounds what a peer may claim.

pynetdicom collects a data set in a BytesIO, reads any PDU length it is told and queues without bound what it sends; all three are replaced here, at the seams that it leaves for
that: the message object, the connection's socket and the messages' provider.
"""

import io
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from time import monotonic, sleep
from typing import Any

from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.dimse import _RQ_TO_MESSAGE, _RSP_TO_MESSAGE, DIMSEServiceProvider
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.pdu_primitives import P_DATA
from pynetdicom.transport import AssociationSocket

from wetread.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from wetread.domain.errors import PermanentError, TransientError, WetreadError
from wetread.ports.file_store import IncomingFile

__all__ = [
    "MAX_PDU_BYTES",
    "BoundedAe",
    "BoundedSocket",
    "PacedProvider",
    "Spool",
    "SpoolingProvider",
    "encode_file_meta",
]

MAX_PDU_BYTES = 128 * 1024
"""What we ask peers to send at most; a longer PDU (PS3.8 §9.3.1) ends the connection before it is read."""

_SLACK_BYTES = 128 * 1024  # association requests know no maximum
_READ_BYTES = 1 << 18
_QUEUED_AT_MOST = 4
_MAX_IDENTIFIER_BYTES = 256 * 1024
_SHORTEST_PDU_BYTES = 128
_WAITING_PDUS = 8
_C_STORE_RQ = 0x0001


def encode_file_meta(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str, ae_title: str) -> bytes:
    """Preamble, prefix and file meta information of PS3.10 §7.1, to stand before the data set as received."""
    elements = b"".join(
        (
            struct.pack("<HH2sHI", 0x0002, 0x0001, b"OB", 0, 2) + b"\x00\x01",
            _short(0x0002, b"UI", sop_class_uid),
            _short(0x0003, b"UI", sop_instance_uid),
            _short(0x0010, b"UI", transfer_syntax_uid),
            _short(0x0012, b"UI", IMPLEMENTATION_CLASS_UID),
            _short(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME),
            _short(0x0016, b"AE", ae_title),
        )
    )
    return bytes(128) + b"DICM" + struct.pack("<HH2sHI", 0x0002, 0x0000, b"UL", 4, len(elements)) + elements


def _short(element: int, vr: bytes, text: str) -> bytes:
    value = text.encode("ascii", "replace")
    value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
    return struct.pack("<HH2sH", 0x0002, element, vr, len(value)) + value


class BoundedSocket(AssociationSocket):  # type: ignore[misc]
    """Reads in large pieces, no PDU that is longer than agreed, and none that does not come in time: while one is awaited, nothing else of the connection runs."""

    pdu_s = 10.0

    def connect(self, primitive: Any) -> None:
        """As pynetdicom's, but for a peer that then reads nothing: it would be waited for without end."""
        super().connect(primitive)
        if self.socket is not None:
            self.socket.settimeout(self.assoc.network_timeout)

    def _shutdown_socket(self) -> None:
        """pynetdicom leaves a socket open that the peer has shut already."""
        if self.socket is not None:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()

    def recv(self, nr_bytes: int) -> bytearray:
        if nr_bytes > MAX_PDU_BYTES + _SLACK_BYTES:
            raise OSError("the peer announced a PDU longer than agreed")
        if self.socket is None:
            raise OSError("the connection is closed")
        usual_s = self.socket.gettimeout()
        try:
            return self._recv(self.socket, nr_bytes)
        finally:
            self.socket.settimeout(usual_s)

    def _recv(self, sock: socket.socket, nr_bytes: int) -> bytearray:
        received, at, deadline = bytearray(nr_bytes), 0, monotonic() + self.pdu_s
        view = memoryview(received)
        while at < nr_bytes:
            sock.settimeout(max(0.001, deadline - monotonic()))
            size = sock.recv_into(view[at:], min(_READ_BYTES, nr_bytes - at))
            if size == 0:
                return received[:at]
            at += size
        return received


class BoundedAe(ApplicationEntity):  # type: ignore[misc]
    """Calls others by bounded sockets."""

    def __init__(self, ae_title: str) -> None:
        super().__init__(ae_title)
        self.maximum_pdu_size = MAX_PDU_BYTES

    def _create_socket(self, *how: Any) -> BoundedSocket:
        created: BoundedSocket = super()._create_socket(*how)
        created.__class__ = BoundedSocket
        return created


class Spool(io.BytesIO):
    """Stands where pynetdicom would collect a data set; passes every fragment on to a file, and keeps what is no C-STORE's, within a bound. An error is kept for the answer, the rest is then
    let go by.
    """

    def __init__(
        self,
        receive: Callable[[], IncomingFile],
        file_meta: Callable[[], bytes],
        max_bytes: int,
        is_instance: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__()
        self.file: IncomingFile | None = None
        self.error: WetreadError | OSError | None = None
        self._is_instance = is_instance
        self._receive = receive
        self._file_meta = file_meta
        self._left = max_bytes
        self._lock = Lock()  # the connection may end, and the file with it, in the midst of a write

    def write(self, fragment: Any) -> int:
        with self._lock:
            if self.error is None:
                try:
                    self._pass_on(fragment)
                except (WetreadError, OSError) as error:
                    self._end(error)
        return len(fragment)

    def end(self, error: WetreadError) -> None:
        """Nothing more is kept, and what was is discarded."""
        with self._lock:
            self._end(error)

    def _end(self, error: WetreadError | OSError) -> None:
        self.error = error
        if self.file is not None:
            self.file.discard()
            self.file = None

    def _pass_on(self, fragment: bytes) -> None:
        if self.file is None and not self._is_instance():
            self._keep_identifier(fragment)
            return
        self._left -= len(fragment)
        if self._left < 0:
            raise PermanentError("the instance is larger than this door takes", code="too_large")
        if self.file is None:
            self.file = self._receive()
            self.file.write(self._file_meta())
        self.file.write(fragment)

    def _keep_identifier(self, fragment: bytes) -> None:
        if self.tell() + len(fragment) > _MAX_IDENTIFIER_BYTES:
            raise PermanentError("the identifier is too long", code="identifier_misfit")
        super().write(fragment)


class PacedProvider(DIMSEServiceProvider):  # type: ignore[misc]
    """An association's messages, sent no faster than the peer reads: a film is never queued whole. Has no state of its own, so that a provider in use can become one."""

    @property
    def maximum_pdu_size(self) -> int:
        """What the peer takes, within our own bounds: 0 stands for any length (PS3.8 §D.1), a few bytes would be nothing but headers."""
        asked = super().maximum_pdu_size or MAX_PDU_BYTES
        return max(_SHORTEST_PDU_BYTES, min(asked, MAX_PDU_BYTES))

    def send_msg(self, primitive: Any, context_id: int) -> None:
        """As pynetdicom's, apart from the pace. A peer that reads nothing for the association's time-out is hung up on."""
        kinds = _RQ_TO_MESSAGE if primitive.MessageIDBeingRespondedTo is None else _RSP_TO_MESSAGE
        message = kinds[primitive.__class__]()
        message.primitive_to_message(primitive)
        message.context_id = context_id
        for pdata in message.encode_msg(context_id, self.maximum_pdu_size):
            if not self._is_read():
                self._hang_up()
                return
            self.dul.send_pdu(pdata)

    def _is_read(self) -> bool:
        waiting, deadline = self.dul.to_provider_queue.qsize(), monotonic() + (self.dimse_timeout or 0)
        while (now := self.dul.to_provider_queue.qsize()) >= _WAITING_PDUS:
            if now < waiting:
                waiting, deadline = now, monotonic() + (self.dimse_timeout or 0)
            if not self.assoc.is_established or monotonic() > deadline:
                return False
            sleep(0.001)
        return True

    def _hang_up(self) -> None:
        connection = self.dul.socket
        if connection is not None and connection.socket is not None:
            with suppress(OSError):  # it may have been closed from the other side meanwhile
                connection.socket.shutdown(socket.SHUT_RDWR)


class SpoolingProvider(PacedProvider):
    """One association's messages. Whatever was not taken when the connection ends is discarded."""

    message: DIMSEMessage | None
    takes_instances = True
    """False: nothing of what the peer stores reaches a file."""

    def __init__(self, assoc: Association, receive: Callable[[], IncomingFile], max_bytes: int) -> None:
        super().__init__(assoc)
        self._receive = receive
        self._max_bytes = max_bytes
        self._open: set[Spool] = set()
        self._lock = Lock()

    def receive_primitive(self, primitive: P_DATA) -> None:
        if self.message is None:
            message = self.message = DIMSEMessage()
            context_id = primitive.presentation_data_value_list[0][0]
            message.data_set = self._spool(
                lambda: self._file_meta(message, context_id),
                lambda: message.command_set.get("CommandField") == _C_STORE_RQ,
            )
        super().receive_primitive(primitive)

    @property
    def is_receiving(self) -> bool:
        with self._lock:
            return any(each.file is not None for each in self._open)

    def take(self, spool: object) -> Spool | None:
        """The spool, if it is one of ours and still whole; from now on its end is the caller's duty."""
        with self._lock:
            if not isinstance(spool, Spool) or spool not in self._open:
                return None
            self._open.discard(spool)
            return spool

    def discard_all(self) -> None:
        """The connection has ended."""
        with self._lock:
            left, self._open = self._open, set()
        for spool in left:
            spool.end(TransientError("the connection ended", code="connection_lost"))

    def take_identifier(self, spool: object) -> bytes:
        """A query's data set; raises PermanentError(code='identifier_misfit') where it was too long."""
        if not isinstance(spool, Spool) or spool.error is not None:
            with self._lock:
                self._open.discard(spool)
            raise PermanentError("the identifier is missing or too long", code="identifier_misfit")
        return spool.getvalue()

    def _spool(self, file_meta: Callable[[], bytes], is_instance: Callable[[], bool]) -> Spool:
        with self._lock:
            self._open = {each for each in self._open if each.file is not None or each.error is not None}
            spool = Spool(self._receive, file_meta, self._max_bytes if self.takes_instances else 0, is_instance)
            if len(self._open) >= _QUEUED_AT_MOST:
                spool.end(TransientError("too many requests before the first answer", code="too_many_at_once"))
            self._open.add(spool)
        return spool

    def _file_meta(self, message: DIMSEMessage, context_id: int) -> bytes:
        command, context = message.command_set, self.assoc._accepted_cx[context_id]
        sender = self.assoc.acceptor if self.assoc.is_requestor else self.assoc.requestor
        return encode_file_meta(
            str(command.get("AffectedSOPClassUID", "")),
            str(command.get("AffectedSOPInstanceUID", "")),
            str(context.transfer_syntax[0]),
            str(sender.ae_title).strip(),
        )
