"""A DICOM sender that says exactly what it is told to say (PS3.8 §9.3, PS3.7 §9.1.1), for the tests of the C-STORE door."""

import socket
from dataclasses import dataclass
from struct import pack, unpack, unpack_from
from typing import Self

__all__ = ["Answer", "RawScu", "association_request"]

_APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
ACCEPTED, REJECTED, DATA, RELEASED, ABORTED = 0x02, 0x03, 0x04, 0x06, 0x07


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    comment: str


def _item(kind: int, content: bytes) -> bytes:
    return pack(">BBH", kind, 0, len(content)) + content


def association_request(
    contexts: list[tuple[str, str]], *, calling: bytes = b"MODALITY", called: bytes = b"WETREAD", longest: int = 65536
) -> bytes:
    """An A-ASSOCIATE-RQ; context IDs are 1, 3, 5..."""
    proposed = b"".join(
        _item(
            0x20, bytes([(2 * at + 1) % 256, 0, 0, 0]) + _item(0x30, abstract.encode()) + _item(0x40, syntax.encode())
        )
        for at, (abstract, syntax) in enumerate(contexts)
    )
    user = _item(0x50, _item(0x51, pack(">I", longest)) + _item(0x52, b"2.25.1"))
    titles = called.ljust(16) + calling.ljust(16)
    body = pack(">HH", 1, 0) + titles + bytes(32) + _item(0x10, _APPLICATION_CONTEXT) + proposed + user
    return pack(">BBI", 0x01, 0, len(body)) + body


class RawScu:
    """One connection."""

    def __init__(self, port: int, timeout_s: float = 60.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self._message_id = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def associate(self, contexts: list[tuple[str, str]], **how: bytes) -> bool:
        """True when accepted."""
        self.socket.sendall(association_request(contexts, **how))  # type: ignore[arg-type]
        return self.read_pdu()[0] == ACCEPTED

    def store(self, sop_class: str, sop_instance: str, data: bytes, *, context_id: int = 1) -> Answer:
        """The whole C-STORE, and its answer."""
        self.send_store(sop_class, sop_instance, data, context_id=context_id)
        return self.read_answer()

    def send_store(
        self, sop_class: str, sop_instance: str, data: bytes, *, context_id: int = 1, cut: int | None = None
    ) -> None:
        """`cut`: stop after this much of the data set."""
        self._message_id += 1
        self._send(context_id, 0x03, self._command(sop_class, sop_instance))
        sent = data if cut is None else data[:cut]
        pieces = [sent[at : at + 16000] for at in range(0, len(sent), 16000)] or [b""]
        for at, piece in enumerate(pieces):
            last = cut is None and at == len(pieces) - 1
            self._send(context_id, 0x02 if last else 0x00, piece)

    def _command(self, sop_class: str, sop_instance: str) -> bytes:
        def element(number: int, value: bytes, padding: bytes = b"\0") -> bytes:
            value += padding * (len(value) % 2)
            return pack("<HHI", 0, number, len(value)) + value

        body = (
            element(0x0002, sop_class.encode("latin-1"))
            + element(0x0100, pack("<H", 1))
            + element(0x0110, pack("<H", self._message_id))
            + element(0x0700, pack("<H", 0))
            + element(0x0800, pack("<H", 0))
            + element(0x1000, sop_instance.encode("latin-1"))
        )
        return element(0, pack("<I", len(body))) + body

    def _send(self, context_id: int, control: int, data: bytes) -> None:
        value = pack(">IBB", len(data) + 2, context_id, control) + data
        self.socket.sendall(pack(">BBI", DATA, 0, len(value)) + value)

    def read_answer(self) -> Answer:
        kind, body = self.read_pdu()
        assert kind == DATA, f"PDU type {kind} instead of an answer"
        status, comment, at = -1, "", 6
        while at < len(body):
            group, number, length = unpack_from("<HHI", body, at)
            value = body[at + 8 : at + 8 + length]
            at += 8 + length
            assert group == 0
            if number == 0x0900:
                (status,) = unpack("<H", value)
            elif number == 0x0902:
                comment = value.decode().strip()
        return Answer(status, comment)

    def read_pdu(self) -> tuple[int, bytes]:
        """(type, body); type 0 when the connection was closed."""
        try:
            head = self._read(6)
        except ConnectionError:
            return 0, b""
        kind, _, length = unpack(">BBI", head)
        return kind, self._read(length)

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionResetError("closed")
            data += piece
        return data

    def release(self) -> bool:
        self.socket.sendall(pack(">BBII", 0x05, 0, 4, 0))
        return self.read_pdu()[0] == RELEASED
